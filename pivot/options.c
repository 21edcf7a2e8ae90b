// SPDX-License-Identifier: GPL-2.0-or-later
#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "option-table.h"
#include "pivot/base/log.h"

enum {
	FIRST_LONG = 256, /* above every letter */
	LINES_MAX = 64,
	HELP_COLUMN = 27,
};

/* --- help --- */

static void print_option(const struct option_line *line)
{
	char left[HELP_COLUMN + 16];
	const char *help = line->help;
	int width = snprintf(left, sizeof(left), "  %c%c%c --%s%s%s",
			     line->letter ? '-' : ' ', line->letter ?: ' ',
			     line->letter ? ',' : ' ', line->name,
			     line->argument && line->argument[0] != '[' ? " " : "",
			     line->argument ?: "");

	(void)printf("%-*s%s", HELP_COLUMN, left,
		     width < HELP_COLUMN ? "" : "\n                           ");
	for (const char *end; (end = strchr(help, '\n')); help = end + 1)
		(void)printf("%.*s\n%*s", (int)(end - help), help, HELP_COLUMN, "");
	(void)printf("%s\n", help);
}

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
	(void)printf("\nOptions:\n");
	for (size_t i = 0; i < n_option_lines; i++)
		if (option_lines[i].help)
			print_option(&option_lines[i]);
	(void)printf("\nExit codes: 0 done, 1 failed and nothing was changed, 2 usage,\n"
		     "3 failed after the takeover had begun, 4 (with --to) what answers\n"
		     "does not let this one in.\n");
}

/* --- what does not go together --- */

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

static int check_remote(const struct options *options)
{
	if (options->is_remote && options->root[0])
		return log_refuse(-EINVAL, "--root and --to are about two machines");
	if (!options->is_remote && options->wait_s != WAIT_S)
		return log_refuse(-EINVAL,
				  "--wait is for --to: here nobody is left to wait");
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

static bool is_in(const char *verbs, const char *name)
{
	const char *found = strstr(verbs, name);

	return found && found[-1] == '\'' && found[strlen(name)] == '\'';
}

bool option_is_for(const struct option_line *line, const struct verb *verb)
{
	if (!line->verbs)
		return verb->kind == VERB_ACTS || verb->kind == VERB_READS;
	return !line->verbs[0] || is_in(line->verbs, verb->name);
}

/* An option that would do nothing is a misunderstanding. */
static int check_option(const struct option_line *line, const struct verb *verb)
{
	const char *dashes = line->name ? "--" : "-";
	const char letter[] = { line->letter, '\0' };
	const char *name = line->name ?: letter;

	if (option_is_for(line, verb))
		return 0;
	if (!line->verbs)
		return log_refuse(-EINVAL, "%s%s is not for '%s'", dashes, name,
				  verb->name);
	return log_refuse(-EINVAL, "%s%s is for %s", dashes, name, line->verbs);
}

static int check_tree(struct options *options, const struct verb *verb)
{
	switch (verb->kind) {
	case VERB_ACTS:
		if (options->tree || options->tree_options.kernel)
			return 0;
		return log_refuse(-EINVAL, "name a tree, such as ./result; see --help");
	case VERB_TREELESS:
		if (!options->tree)
			return 0;
		return log_refuse(-EINVAL, "'%s' takes no tree: what is '%s'?",
				  verb->name, options->tree);
	case VERB_NETWORK:
		return check_network(options);
	case VERB_READS:
		break;
	}
	return 0;
}

/* --- the words --- */

/* What getopt_long(3) wants to know. */
static void describe(char letters[3 * LINES_MAX], struct option options[LINES_MAX + 1])
{
	for (size_t i = 0; i < n_option_lines; i++) {
		const struct option_line *line = &option_lines[i];
		int argument = !line->argument		  ? no_argument
			       : line->argument[0] == '[' ? optional_argument
							  : required_argument;

		if (line->letter) {
			*letters++ = line->letter;
			for (int colon = 0; colon < argument; colon++)
				*letters++ = ':';
		}
		options[i] = (struct option){ line->name ?: "", argument, NULL,
					      FIRST_LONG + (int)i };
	}
}

static const struct option_line *find_line(int option)
{
	if (option >= FIRST_LONG)
		return &option_lines[option - FIRST_LONG];
	for (size_t i = 0; i < n_option_lines; i++)
		if (option_lines[i].letter == option)
			return &option_lines[i];
	return NULL;
}

/* "--watchdog 300", where what it takes may be left out: it would be taken for a tree. */
static int check_loose_word(const struct option_line *line, const char *word)
{
	if (!line->argument || line->argument[0] != '[' || optarg || !word ||
	    word[0] == '-' || word[strcspn(word, "/.")] || access(word, F_OK) == 0)
		return 0;
	return log_refuse(-EINVAL,
			  "there is no tree '%s'; if it is for --%s, write --%s=%s", word,
			  line->name, line->name, word);
}

static int take_word(const struct option_line *line, const char *value,
		     const struct verb *verb, struct options *options)
{
	int r = check_option(line, verb);

	if (r == 0 && options->n_given == GIVEN_MAX)
		r = log_refuse(-EINVAL, "more than %d options", GIVEN_MAX);
	if (r < 0)
		return r;
	options->given[options->n_given++] = (struct given_option){ line, value };
	return line->take(options, line, value);
}

static int take_words(int argc, char **argv, const struct verb *verb,
		      struct options *options)
{
	struct option long_options[LINES_MAX + 1] = { 0 };
	char letters[3 * LINES_MAX + 1] = "";
	int option, r = 0;

	if (n_option_lines > LINES_MAX)
		return -E2BIG;
	describe(letters, long_options);
	while (r == 0 && !options->wants_help && !options->wants_version &&
	       (option = getopt_long(argc, argv, letters, long_options, NULL)) != -1) {
		const struct option_line *line = find_line(option);

		if (!line) /* getopt_long() has said what is wrong */
			return log_refuse(-EINVAL, "see --help");
		r = take_word(line, optarg, verb, options);
		if (r == 0)
			r = check_loose_word(line, argv[optind]);
	}
	return r;
}

/* As if they stood behind all others. */
static int take_extra_flags(const struct verb *verb, struct options *options)
{
	struct extra_flags *extra = &options->extra;
	int r;

	if (extra->n == 0)
		return 0;
	optind = 0; /* getopt(3): start anew */
	r = take_words((int)extra->n, extra->word, verb, options);
	if (r == 0 && optind < (int)extra->n)
		r = log_refuse(-EINVAL, "'%s' is no option", extra->word[optind]);
	return r < 0 ? log_refuse(r, "--kexec-extra-flags takes options of pivot-kexec, "
				     "and those of kexec(8) that pivot-kexec(8) names")
		     : 0;
}

int options_parse(int argc, char **argv, const struct verb *verbs,
		  const struct verb *verb, struct options *ret)
{
	int last;

	ret->handover = handover_default();
	ret->loader = LOADER_AUTO;
	ret->wait_s = WAIT_S;
	if (take_words(argc, argv, verb, ret) < 0)
		return -EINVAL;
	last = optind;
	if (take_extra_flags(verb, ret) < 0)
		return -EINVAL;
	if (ret->wants_help)
		print_help(verbs);
	else if (ret->wants_version)
		(void)printf("pivot-kexec %s\n", PIVOT_VERSION);
	if (ret->wants_help || ret->wants_version)
		return 1;
	ret->tree_options.initrds = ret->initrds;
	ret->tree = argv[last];
	if (ret->tree && argv[last + 1])
		return log_refuse(
			-EINVAL,
			"one tree at a time, and a verb comes first, but here are "
			"'%s' and '%s'",
			ret->tree, argv[last + 1]);
	if (ret->stages == STAGES_AUTO &&
	    (ret->middle.kernel || ret->has_target_in_middle ||
	     ret->handover.extent == EXTENT_ABRUPT))
		ret->stages = STAGES_TWO; /* what would it be for? */
	if (check_stages(ret) < 0 || check_remote(ret) < 0)
		return -EINVAL;
	return check_tree(ret, verb);
}
