/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The options of pivot-kexec(8), a line each: how they are written, and what they do. */

#include <stddef.h>

#include "options.h"

struct option_line {
	const char *name;     /* without its dashes; NULL: it has only a letter */
	char letter;	      /* or 0 */
	const char *argument; /* "FILE"; "[=HOW]" where it may be left out; NULL: none */
	const char *verbs; /* "'plan' and 'check'": those that it is for; NULL: all that
			      take a tree */
	/*
	 * Takes it into the options; value is NULL where there is none. 0; or -EINVAL,
	 * with a sentence on standard error.
	 */
	int (*take)(struct options *options, const struct option_line *line,
		    const char *value);
	size_t offset;	  /* in struct options, for those that only set a member */
	const char *help; /* lines; NULL: the man page is enough */
};

extern const struct option_line option_lines[];
extern const size_t n_option_lines;
