// SPDX-License-Identifier: GPL-2.0-or-later

/* The command line: a word a line. sudo rules and scripts of others may pass on anything.
 */

#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pivot/base/log.h"
#include "pivot/options.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_WORDS = 64 };

static void must(bool holds)
{
	if (!holds)
		abort();
}

static const struct verb verbs[] = {
	{ NULL, VERB_ACTS, "run", "TREE", "jump" },
	{ NULL, VERB_READS, "plan", "TREE", "think" },
	{ 0 },
};

/* What was taken goes to the init as a handover, which takes it as well. */
static void check(const struct options *options)
{
	static char text[HANDOVER_BYTES];
	struct handover handover;

	must(options->tree_options.n_initrds <= INITRDS_MAX);
	must(options->n_skips <= RULES_MAX);
	must(options->handover.deadline_ms >= 1000);
	must(handover_write(&options->handover, text) > 0);
	must(handover_parse(text, &handover) == 0);
	must(handover.rules.n == options->handover.rules.n);
	must(handover.deadline_ms == options->handover.deadline_ms);
}

static void parse(const struct verb *verb, const char *data, size_t size)
{
	char *text = strndup(data, size), *rest = text;
	char *argv[MAX_WORDS + 2] = { (char *)"pivot-kexec" };
	struct options options = { .root = "", .program = argv[0] };
	int argc = 1, r;

	must(text);
	while (argc <= MAX_WORDS && (argv[argc] = strsep(&rest, "\n")))
		argc++;
	argv[argc] = NULL;
	optind = 0; /* getopt(3): start anew */
	r = options_parse(argc, argv, verbs, verb, &options);
	must(r == 0 || r == 1 || r == -EINVAL);
	if (r == 0)
		check(&options);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool is_quiet;

	if (!is_quiet) {
		is_quiet = true;
		opterr = 0;
		log_set_level(0);			 /* no line */
		must(freopen("/dev/null", "w", stdout)); /* --help */
	}
	parse(&verbs[0], (const char *)data, size);
	parse(&verbs[1], (const char *)data, size);
	return 0;
}
