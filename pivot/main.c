// SPDX-License-Identifier: GPL-2.0-or-later
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "complete.h"
#include "options.h"
#include "pivot/base/log.h"
#include "pivot/base/progress.h"
#include "pivot/base/terminal.h"
#include "remote/remote.h"

static const struct verb verbs[] = {
	{ verb_run, VERB_ACTS, "run", "TREE", "jump into the tree (the default)" },
	{ verb_plan, VERB_READS, "plan", "[TREE]", "print what would be done, in order" },
	{ verb_check, VERB_ACTS, "check", "TREE", "print what speaks against the jump" },
	{ verb_build, VERB_ACTS, "build", "TREE -o FILE", "write the stage's image" },
	{ verb_bundle, VERB_ACTS, "bundle", "TREE -o FILE",
	  "write a tarball that nixos-anywhere runs" },
	{ verb_cancel, VERB_TREELESS, "cancel", "", "undo a jump that is in its delay" },
	{ verb_network, VERB_NETWORK, "network", "WHAT",
	  "print how this machine is connected" },
	{ 0 },
};

static const struct verb *verb_find(const char *name)
{
	for (const struct verb *verb = verbs; name && verb->name; verb++)
		if (strcmp(verb->name, name) == 0)
			return verb;
	return NULL;
}

/* A word like a verb's, where nothing has that name. */
static bool is_mistyped(const char *word)
{
	return word && *word && !word[strspn(word, "abcdefghijklmnopqrstuvwxyz")] &&
	       access(word, F_OK) < 0;
}

static int say_mistyped(const char *word)
{
	char names[128] = "";
	size_t used = 0;

	for (const struct verb *verb = verbs; verb->name && used < sizeof(names); verb++)
		used += (size_t)snprintf(names + used, sizeof(names) - used, "%s%s",
					 used ? ", " : "", verb->name);
	return log_refuse(EXIT_USAGE,
			  "'%s' is neither a verb (%s) nor a tree: see --help", word,
			  names);
}

/* A descriptor that was closed by the caller must not become a file of the tree's. */
static void open_standard_files(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		(void)close(fd);
}

int main(int argc, char **argv)
{
	const struct verb *verb = verb_find(argv[1]);
	struct options options = { .root = "", .program = argv[0], .delay_s = 3 };
	int skip = verb ? 1 : 0, r;

	open_standard_files();
	terminal_colour_log();
	if (argc > 1 && strcmp(argv[1], "complete") == 0)
		return complete(argc - 2, argv + 2, verbs);
	if (!verb && is_mistyped(argv[1]))
		return say_mistyped(argv[1]);
	if (verb)
		argv[1] = argv[0]; /* getopt(3) names the program in its messages */
	else
		verb = &verbs[0];
	r = options_parse(argc - skip, argv + skip, verbs, verb, &options);
	if (r < 0)
		return EXIT_USAGE;
	if (r > 0)
		return EXIT_DONE;
	if (options.quiet)
		log_set_level(LOG_LEVEL_WARNING);
	else
		progress_enable();
	return options.is_remote ? remote_run(&options, verb) : verb->run(&options);
}
