// SPDX-License-Identifier: GPL-2.0-or-later
#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "pivot/base/log.h"
#include "pivot/base/macros.h"
#include "pivot/base/parse.h"
#include "pivot/kexec/load.h"

enum {
	OPT_KERNEL = 256,
	OPT_INITRD,
	OPT_COMMAND_LINE,
	OPT_APPEND,
	OPT_TAKEOVER,
	OPT_LOADER,
	OPT_NO_REPORT,
	OPT_NO_TUNE,
	OPT_STAGES,
	OPT_TWO_STAGE,
	OPT_MIDDLE_KERNEL,
	OPT_MIDDLE_MODULES,
	OPT_DELAY,
	OPT_DEADLINE,
	OPT_CHOICE,
	OPT_WATCHDOG,
	OPT_QUIRK,
	OPT_SKIP,
	OPT_ROOT,
	OPT_JSON,
	OPT_NETWORKD,
	OPT_FORCE,
	OPT_NO_PANIC_TIMEOUT,
	OPT_NO_KEEP_SSH,
	OPT_NO_KEEP_NETWORK,
	OPT_SSH_KEY,
	OPT_EXTRA_FILES,
	OPT_VERSION
};

enum { SECONDS_MAX = 86400, WATCHDOG_S = 300, WATCHDOG_MIN_S = 20 };

static const struct option long_options[] = {
	{ "kernel", required_argument, NULL, OPT_KERNEL },
	{ "initrd", required_argument, NULL, OPT_INITRD },
	{ "command-line", required_argument, NULL, OPT_COMMAND_LINE },
	{ "append", required_argument, NULL, OPT_APPEND },
	{ "takeover", required_argument, NULL, OPT_TAKEOVER },
	{ "loader", required_argument, NULL, OPT_LOADER },
	{ "no-report", no_argument, NULL, OPT_NO_REPORT },
	{ "no-tune", no_argument, NULL, OPT_NO_TUNE },
	{ "verbose", no_argument, NULL, 'v' },
	{ "stages", required_argument, NULL, OPT_STAGES },
	{ "two-stage", optional_argument, NULL, OPT_TWO_STAGE },
	{ "middle-kernel", required_argument, NULL, OPT_MIDDLE_KERNEL },
	{ "middle-modules", required_argument, NULL, OPT_MIDDLE_MODULES },
	{ "delay", required_argument, NULL, OPT_DELAY },
	{ "deadline", required_argument, NULL, OPT_DEADLINE },
	{ "reset", required_argument, NULL, OPT_CHOICE },
	{ "display", required_argument, NULL, OPT_CHOICE },
	{ "parallel", required_argument, NULL, OPT_CHOICE },
	{ "on-hang", required_argument, NULL, OPT_CHOICE },
	{ "watchdog", optional_argument, NULL, OPT_WATCHDOG },
	{ "quirk", required_argument, NULL, OPT_QUIRK },
	{ "skip", required_argument, NULL, OPT_SKIP },
	{ "root", required_argument, NULL, OPT_ROOT },
	{ "json", no_argument, NULL, OPT_JSON },
	{ "networkd", no_argument, NULL, OPT_NETWORKD },
	{ "force", no_argument, NULL, OPT_FORCE },
	{ "no-panic-timeout", no_argument, NULL, OPT_NO_PANIC_TIMEOUT },
	{ "no-keep-ssh", no_argument, NULL, OPT_NO_KEEP_SSH },
	{ "no-keep-network", no_argument, NULL, OPT_NO_KEEP_NETWORK },
	{ "ssh-key", required_argument, NULL, OPT_SSH_KEY },
	{ "extra-files", required_argument, NULL, OPT_EXTRA_FILES },
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
		"an initrd and their command line (\"-\": a tarball on standard input), or a\n"
		"unified kernel image.\n\n"
		"Verbs:\n");
	for (const struct verb *verb = verbs; verb->name; verb++)
		(void)printf("  %-7s %-14s %s\n", verb->name, verb->arguments,
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
		"      --loader WAY         auto, gather (the target stays where it is in memory\n"
		"                           until the jump), load (kexec_load), file\n"
		"                           (kexec_file_load) or kexec-tools; default: auto\n"
		"      --no-keep-ssh        append none of this machine's ssh keys and host keys\n"
		"                           to the initrd\n"
		"      --no-keep-network    nor what the network knows this machine by\n"
		"      --ssh-key FILE       append the public keys in this file, too; may be given\n"
		"                           more than once\n"
		"      --extra-files DIR    append all that is in this folder, for the target's /\n"
		"      --no-report          do not append to the initrd what was done\n"
		"      --no-tune            do not add rootfstype=ramfs to the command line where\n"
		"                           the target would be short of memory\n"
		"      --two-stage[=HOW]    go by way of a middle kernel, whose drivers put the\n"
		"                           hardware to rest: after a clean teardown here\n"
		"                           (clean), or leaving all devices to it (abrupt)\n"
		"      --stages NUMBER      auto, 1 or 2 (as --two-stage); default: auto\n"
		"      --middle-kernel FILE use this one, or the tree's own (target), instead of\n"
		"                           the kernel that runs\n"
		"      --middle-modules DIR where its modules are\n"
		"      --delay SECONDS      between this program's end and the takeover;\n"
		"                           default: 3\n"
		"      --deadline SECONDS   restart this system where its disks are not clean by\n"
		"                           then; later, jump at once; default: 180\n"
		"      --quirk MATCH=POLICY put some devices to rest in another way, such as\n"
		"                           driver:igb=reset:never; see pivot-kexec(8)\n"
		"      --skip NAME          leave a device (03:00.0) or a driver's devices alone\n"
		"      --reset WHEN         auto: where the kernel has a safe method; or never\n"
		"      --display WHAT       auto: keep its driver, unless it is known to need\n"
		"                           more; keep or unbind it in any case\n"
		"      --parallel WHEN      auto: independent devices at once; or never\n"
		"      --on-hang WHAT       where a driver hangs: reboot into this system, or try\n"
		"                           to jump first; default: reboot\n"
		"      --watchdog[=SECONDS] leave a hardware watchdog armed, which restarts this\n"
		"                           system where the target does not take it over in\n"
		"                           that time (300); default: disarm all\n"
		"      --no-panic-timeout   do not put panic=30, which reboots into this system\n"
		"                           where the target panics, before the command line\n"
		"      --root DIR           plan for a recorded machine (scripts/record-machine)\n"
		"      --json               print the plan, the check, or the network, as JSON\n"
		"                           (network --json addr, network --json [-4|-6] route:\n"
		"                           as ip(8) does)\n"
		"      --networkd           print the network as files of systemd-networkd\n"
		"  -v, --verbose            print where in memory the target goes, too\n"
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

static int parse_loader(const char *text, int *ret)
{
	*ret = LOADER_AUTO;
	if (strcmp(text, "auto") == 0)
		return 0;
	for (int i = 0; i < LOADERS; i++) {
		if (strcmp(text, loader_name(i)) == 0) {
			*ret = i;
			return 0;
		}
	}
	return log_refuse(
		-EINVAL,
		"--loader takes auto, gather, load, file or kexec-tools, not '%s'", text);
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

static int parse_stages(const char *text, enum stages_choice *ret)
{
	static const char *const names[] = { "auto", "1", "2" };

	for (size_t i = 0; i < array_size(names); i++) {
		if (strcmp(text, names[i]) == 0) {
			*ret = (enum stages_choice)i;
			return 0;
		}
	}
	return log_refuse(-EINVAL, "--stages takes auto, 1 or 2, not '%s'", text);
}

static int parse_two_stage(const char *how, struct options *options)
{
	options->stages = STAGES_TWO;
	if (!how || strcmp(how, "clean") == 0)
		options->handover.extent = EXTENT_CLEAN;
	else if (strcmp(how, "abrupt") == 0)
		options->handover.extent = EXTENT_ABRUPT;
	else
		return log_refuse(-EINVAL, "--two-stage takes clean or abrupt, not '%s'",
				  how);
	return 0;
}

static void take_middle_kernel(const char *file, struct options *options)
{
	options->has_target_in_middle = strcmp(file, "target") == 0;
	options->middle.kernel = options->has_target_in_middle ? NULL : file;
}

static int parse_choice(struct options *options, const char *name, const char *value)
{
	const struct handover_choice *c = handover_choices;

	while (strcmp(c->name, name) != 0)
		c++;
	if (handover_choose(&options->handover, c, value) < 0)
		return log_refuse(-EINVAL, "--%s takes %s%s%s or %s, not '%s'", name,
				  c->value[0], c->value[2] ? ", " : "",
				  c->value[2] ? c->value[1] : "",
				  c->value[2] ?: c->value[1], value);
	return 0;
}

static int add_quirk(struct rules *rules, const char *rule)
{
	char word[RULE_BYTES];

	if (rule_check(rule, word, sizeof(word)) < 0)
		return log_refuse(-EINVAL,
				  word[0] ? "--quirk: what is '%s'? See pivot-kexec(8)"
					  : "--quirk takes MATCH=POLICY, such as "
					    "driver:igb=reset:never",
				  word);
	if (rules_add(rules, rule) < 0)
		return log_refuse(-EINVAL, "more than %d times --quirk", RULES_MAX);
	return 0;
}

static int add_skip(struct options *options, const char *name)
{
	if (options->n_skips == RULES_MAX)
		return log_refuse(-EINVAL, "more than %d times --skip", RULES_MAX);
	options->skips[options->n_skips++] = name;
	return 0;
}

static int add_initrd(struct options *options, const char *file)
{
	if (options->tree_options.n_initrds == INITRDS_MAX)
		return log_refuse(-EINVAL, "more than %d times --initrd", INITRDS_MAX);
	options->initrds[options->tree_options.n_initrds++] = file;
	return 0;
}

static int add_ssh_key(struct keep_choice *keep, const char *file)
{
	if (keep->n_ssh_keys == KEEP_SSH_KEYS_MAX)
		return log_refuse(-EINVAL, "more than %d times --ssh-key",
				  KEEP_SSH_KEYS_MAX);
	keep->ssh_keys[keep->n_ssh_keys++] = file;
	return 0;
}

static int apply(int option, const char *name, struct options *options,
		 const struct verb *verbs)
{
	int r;

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
	case OPT_LOADER:
		return parse_loader(optarg, &options->loader);
	case OPT_NO_REPORT:
		options->handover.report = REPORT_NONE;
		return 0;
	case OPT_NO_KEEP_SSH:
		options->keep.has_no_ssh = true;
		return 0;
	case OPT_NO_KEEP_NETWORK:
		options->keep.has_no_network = true;
		return 0;
	case OPT_SSH_KEY:
		return add_ssh_key(&options->keep, optarg);
	case OPT_EXTRA_FILES:
		options->keep.extra_files = optarg;
		return 0;
	case OPT_NO_TUNE:
		options->has_no_tune = true;
		return 0;
	case 'v':
		options->verbose = true;
		return 0;
	case OPT_STAGES:
		return parse_stages(optarg, &options->stages);
	case OPT_TWO_STAGE:
		return parse_two_stage(optarg, options);
	case OPT_MIDDLE_KERNEL:
		take_middle_kernel(optarg, options);
		return 0;
	case OPT_MIDDLE_MODULES:
		options->middle.modules = optarg;
		return 0;
	case OPT_DELAY:
		return parse_seconds("delay", optarg, 0, &options->delay_s);
	case OPT_DEADLINE:
		r = parse_seconds("deadline", optarg, 1, &options->handover.deadline_ms);
		options->handover.deadline_ms *= 1000;
		return r;
	case OPT_CHOICE:
		return parse_choice(options, name, optarg);
	case OPT_WATCHDOG:
		options->handover.watchdog_s = WATCHDOG_S;
		return optarg ? parse_seconds("watchdog", optarg, WATCHDOG_MIN_S,
					      &options->handover.watchdog_s)
			      : 0;
	case OPT_QUIRK:
		return add_quirk(&options->handover.rules, optarg);
	case OPT_SKIP:
		return add_skip(options, optarg);
	case OPT_ROOT:
		options->root = optarg;
		return 0;
	case OPT_JSON:
		options->json = true;
		return 0;
	case OPT_NETWORKD:
		options->network = NETWORK_FILES;
		return 0;
	case '4':
	case '6':
		options->family = option - '0';
		return 0;
	case OPT_FORCE:
		options->force = true;
		return 0;
	case OPT_NO_PANIC_TIMEOUT:
		options->has_no_panic_timeout = true;
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

static int check_stages(const struct options *options)
{
	bool has_middle = options->middle.kernel || options->middle.modules ||
			  options->has_target_in_middle;

	if (options->stages == STAGES_ONE &&
	    (has_middle || options->handover.extent == EXTENT_ABRUPT))
		return log_refuse(-EINVAL, "with --stages=1 there is no middle kernel");
	if (options->has_target_in_middle && options->middle.modules)
		return log_refuse(-EINVAL,
				  "the target's kernel as the middle one has no modules: "
				  "name its file with --middle-kernel for that");
	return 0;
}

/* Words as ip(8) has them. */
static int check_network(struct options *options)
{
	const char *what = options->tree;
	const bool is_addr = what && strcmp(what, "addr") == 0;

	options->tree = NULL;
	if (options->network == NETWORK_FILES)
		return options->json || options->family || what
			       ? log_refuse(-EINVAL,
					    "'network --networkd' is all of it: it "
					    "takes nothing else")
			       : 0;
	if (!what || (!is_addr && strcmp(what, "route") != 0))
		return log_refuse(-EINVAL,
				  "'network' takes addr, route or --networkd%s%s%s",
				  what ? ", not '" : "", what ?: "", what ? "'" : "");
	if (!options->json)
		return log_refuse(-EINVAL, "'network %s' is JSON alone: say --json",
				  what);
	if (is_addr && options->family)
		return log_refuse(-EINVAL, "-%d is for 'network route'", options->family);
	options->network = is_addr		  ? NETWORK_ADDR
			   : options->family == 6 ? NETWORK_ROUTE6
						  : NETWORK_ROUTE;
	return 0;
}

/* What only makes sense where nothing is changed. */
static int check_verb(struct options *options, const struct verb *verb)
{
	if (verb->kind != VERB_NETWORK &&
	    (options->family || options->network == NETWORK_FILES))
		return log_refuse(-EINVAL, "-4, -6 and --networkd are for 'network'");
	if (verb->kind == VERB_READS)
		return 0;
	if (options->root[0])
		return log_refuse(-EINVAL, "--root is for 'plan'");
	if (verb->kind == VERB_NETWORK)
		return check_network(options);
	if (options->json && strcmp(verb->name, "check") != 0)
		return log_refuse(-EINVAL, "--json is for 'plan', 'check' and 'network'");
	if (verb->kind == VERB_TREELESS)
		return options->tree
			       ? log_refuse(-EINVAL, "'%s' takes no tree: what is '%s'?",
					    verb->name, options->tree)
			       : 0;
	if (!options->tree && !options->tree_options.kernel)
		return log_refuse(-EINVAL, "name a tree, such as ./result; see --help");
	return 0;
}

int options_parse(int argc, char **argv, const struct verb *verbs,
		  const struct verb *verb, struct options *ret)
{
	int option, which = 0;

	ret->handover = handover_default();
	ret->loader = LOADER_AUTO;
	while ((option = getopt_long(argc, argv, "o:hv46", long_options, &which)) != -1) {
		int r = apply(option, long_options[which].name, ret, verbs);

		if (r != 0)
			return r;
	}
	ret->tree_options.initrds = ret->initrds;
	ret->tree = argv[optind];
	if (ret->tree && argv[optind + 1])
		return log_refuse(
			-EINVAL,
			"one tree at a time, and a verb comes first: what is '%s'?",
			argv[optind + 1]);
	if (ret->stages == STAGES_AUTO &&
	    (ret->middle.kernel || ret->has_target_in_middle ||
	     ret->handover.extent == EXTENT_ABRUPT))
		ret->stages = STAGES_TWO; /* what would it be for? */
	if (check_stages(ret) < 0)
		return -EINVAL;
	return check_verb(ret, verb);
}
