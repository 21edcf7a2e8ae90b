// SPDX-License-Identifier: GPL-2.0-or-later
#include "script.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pivot/base/quote.h"
#include "pivot/option-table.h"

/* What nixos-anywhere searches in the log; source: its src/nixos-anywhere.sh. */
#define ANNOUNCEMENT "machine will boot into nixos in %us..."

bool bundle_is_baked(const struct given_option *given)
{
	const struct option_line *line = given->line;
	const bool is_for_every_verb = line->verbs && !line->verbs[0];

	return line->travels != TRAVELS_IN_TREE && line->travels != TRAVELS_NOT &&
	       !is_for_every_verb;
}

bool bundle_has_files(const struct given_option *given)
{
	const struct option_line *line = given->line;

	if (line->travels != TRAVELS_AS_FILE && line->travels != TRAVELS_AS_FOLDER &&
	    line->travels != TRAVELS_AS_MODULES)
		return false;
	return !line->no_file || strcmp(line->no_file, given->value) != 0;
}

/* Names of ours: those that the files had say something about their owner. */
void bundle_path(const struct options *options, size_t i, char ret[BUNDLE_PATH_BYTES])
{
	(void)snprintf(ret, BUNDLE_PATH_BYTES, "files/%s-%zu",
		       options->given[i].line->name, i + 1);
}

static void put_option(FILE *script, const struct options *options, size_t i)
{
	const struct given_option *given = &options->given[i];
	char path[BUNDLE_PATH_BYTES];

	(void)fprintf(script, "\t--%s", given->line->name);
	if (bundle_has_files(given)) {
		bundle_path(options, i, path);
		(void)fprintf(script, "=\"$here/%s\"", path);
	} else if (given->value) {
		(void)fputc('=', script);
		quote_word(script, given->value);
	}
	(void)fputs(" \\\n", script);
}

static bool has(const struct options *options, const char *name)
{
	for (size_t i = 0; i < options->n_given; i++)
		if (strcmp(options->given[i].line->name, name) == 0)
			return true;
	return false;
}

static void put_defaults(FILE *script, const struct options *options)
{
	const bool has_delay = has(options, "delay");
	const unsigned int delay_s = has_delay ? options->delay_s : BUNDLE_DELAY_S;
	if (!has_delay)
		(void)fprintf(script, "\t--delay=%u \\\n", delay_s);
	if (!has(options, "announce"))
		(void)fprintf(script, "\t--announce='" ANNOUNCEMENT "' \\\n", delay_s);
}

static void put_script(FILE *script, const struct options *options)
{
	(void)fputs("#!/bin/sh\n"
		    "# Boots the kernel in this folder, by pivot-kexec(8) " PIVOT_VERSION
		    ". nixos-anywhere runs this;\n"
		    "# whoever runs it by hand may add options.\n"
		    "set -eu\n"
		    "here=$(dirname \"$(readlink -f \"$0\")\")\n"
		    "exec \"$here/pivot-kexec\" run --yes \\\n",
		    script);
	put_defaults(script, options);
	for (size_t i = 0; i < options->n_given; i++)
		if (bundle_is_baked(&options->given[i]))
			put_option(script, options, i);
	(void)fputs("\t\"$@\" \"$here\"\n", script);
}

int bundle_script(const struct options *options, char **ret, size_t *ret_bytes)
{
	FILE *script = open_memstream(ret, ret_bytes);
	bool has_failed;

	if (!script)
		return -ENOMEM;
	put_script(script, options);
	has_failed = ferror(script);
	if (fclose(script) == 0 && !has_failed)
		return 0;
	free(*ret);
	*ret = NULL;
	return -ENOMEM;
}
