// SPDX-License-Identifier: GPL-2.0-or-later
#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "pivot/base/log.h"
#include "pivot/base/macros.h"
#include "pivot/base/parse.h"

enum {
	OPT_KERNEL = 256,
	OPT_INITRD,
	OPT_COMMAND_LINE,
	OPT_APPEND,
	OPT_TAKEOVER,
	OPT_DELAY,
	OPT_DEADLINE,
	OPT_FORCE,
	OPT_VERSION
};

enum { SECONDS_MAX = 86400 };

static const struct option long_options[] = {
	{ "kernel", required_argument, NULL, OPT_KERNEL },
	{ "initrd", required_argument, NULL, OPT_INITRD },
	{ "command-line", required_argument, NULL, OPT_COMMAND_LINE },
	{ "append", required_argument, NULL, OPT_APPEND },
	{ "takeover", required_argument, NULL, OPT_TAKEOVER },
	{ "delay", required_argument, NULL, OPT_DELAY },
	{ "deadline", required_argument, NULL, OPT_DEADLINE },
	{ "force", no_argument, NULL, OPT_FORCE },
	{ "output", required_argument, NULL, 'o' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, OPT_VERSION },
	{ 0 },
};

static void print_help(const struct verb *verbs)
{
	(void)printf(
		"Usage: pivot-kexec [VERB] [OPTION]... TREE\n\n"
		"Boots another Linux from the running one: takes the machine over, puts its\n"
		"hardware to rest, and kexecs into TREE, a folder or tarball with a kernel,\n"
		"an initrd and their command line (\"-\": a tarball on standard input).\n\n"
		"Verbs:\n");
	for (const struct verb *verb = verbs; verb->name; verb++)
		(void)printf("  %-6s %-15s %s\n", verb->name, verb->arguments,
			     verb->help);
	(void)printf(
		"\nOptions:\n"
		"      --kernel FILE        boot this kernel instead of the tree's\n"
		"      --initrd FILE        use this initrd instead of the tree's; given more\n"
		"                           than once, they are concatenated in order\n"
		"      --command-line TEXT  pass this instead of the tree's command line\n"
		"      --append TEXT        add this to the command line\n"
		"      --takeover WAY       auto, systemd (services stop in order) or seize\n"
		"                           (PID 1 is replaced at once); default: auto\n"
		"      --delay SECONDS      between this program's end and the takeover;\n"
		"                           default: 3\n"
		"      --deadline SECONDS   restart this system where putting it to rest takes\n"
		"                           longer; default: 180\n"
		"      --force              replace an image that somebody else loaded\n"
		"  -o, --output FILE        where 'build' writes the image\n"
		"  -h, --help               print this\n"
		"      --version            print the version\n\n"
		"Exit codes: 0 done, 1 failed and nothing was changed, 2 usage,\n"
		"3 failed after the takeover had begun.\n");
}

static int parse_takeover(const char *text, enum takeover_choice *ret)
{
	static const char *const names[] = { "auto", "systemd", "seize" };

	for (size_t i = 0; i < array_size(names); i++) {
		if (strcmp(text, names[i]) == 0) {
			*ret = (enum takeover_choice)i;
			return 0;
		}
	}
	return log_refuse(-EINVAL, "--takeover takes auto, systemd or seize, not '%s'",
			  text);
}

static int parse_seconds(const char *option, const char *text, unsigned int min,
			 unsigned int *ret)
{
	uint64_t seconds;

	if (parse_u64(text, 10, SECONDS_MAX, &seconds) < 0 || seconds < min)
		return log_refuse(-EINVAL, "--%s takes seconds, %u to %u, not '%s'",
				  option, min, SECONDS_MAX, text);
	*ret = (unsigned int)seconds;
	return 0;
}

static int add_initrd(struct options *options, const char *file)
{
	if (options->tree_options.n_initrds == INITRDS_MAX)
		return log_refuse(-EINVAL, "more than %d times --initrd", INITRDS_MAX);
	options->initrds[options->tree_options.n_initrds++] = file;
	return 0;
}

static int apply(int option, struct options *options, const struct verb *verbs)
{
	switch (option) {
	case OPT_KERNEL:
		options->tree_options.kernel = optarg;
		return 0;
	case OPT_INITRD:
		return add_initrd(options, optarg);
	case OPT_COMMAND_LINE:
		options->tree_options.command_line = optarg;
		return 0;
	case OPT_APPEND:
		options->tree_options.append = optarg;
		return 0;
	case OPT_TAKEOVER:
		return parse_takeover(optarg, &options->takeover);
	case OPT_DELAY:
		return parse_seconds("delay", optarg, 0, &options->delay_s);
	case OPT_DEADLINE:
		return parse_seconds("deadline", optarg, 1, &options->deadline_s);
	case OPT_FORCE:
		options->force = true;
		return 0;
	case 'o':
		options->output = optarg;
		return 0;
	case 'h':
		print_help(verbs);
		return 1;
	case OPT_VERSION:
		(void)printf("pivot-kexec %s\n", PIVOT_VERSION);
		return 1;
	default: /* getopt_long() has said what is wrong */
		return log_refuse(-EINVAL, "see --help");
	}
}

int options_parse(int argc, char **argv, const struct verb *verbs, struct options *ret)
{
	int option;

	while ((option = getopt_long(argc, argv, "o:h", long_options, NULL)) != -1) {
		int r = apply(option, ret, verbs);

		if (r != 0)
			return r;
	}
	ret->tree_options.initrds = ret->initrds;
	ret->tree = argv[optind];
	if (!ret->tree && !ret->tree_options.kernel)
		return log_refuse(-EINVAL, "name a tree, such as ./result; see --help");
	if (ret->tree && argv[optind + 1])
		return log_refuse(
			-EINVAL,
			"one tree at a time, and a verb comes first: what is '%s'?",
			argv[optind + 1]);
	return 0;
}
