/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The options of pivot-kexec(8), a line each: how they are written, and what they do. */

#include <stdbool.h>
#include <stddef.h>

#include "options.h"

/* What becomes of it where the verb is run on another machine ('bundle', --to). */
enum option_travel {
	TRAVELS_AS_IT_IS,
	TRAVELS_AS_FILE, /* its value names a file of this machine's */
	TRAVELS_AS_FOLDER,
	TRAVELS_AS_MODULES, /* the same, or one with lib/modules in it */
	TRAVELS_IN_TREE,    /* it is part of the tree, which is read here */
	TRAVELS_NOT,	    /* it is for this machine */
};

struct option_line {
	const char *name;     /* without its dashes; NULL: it has only a letter */
	char letter;	      /* or 0 */
	const char *argument; /* "FILE"; "[=HOW]" where it may be left out; NULL: none */
	const char *verbs; /* "'plan' and 'check'": those that it is for; NULL: all that
			      take a tree */
	const char *words; /* "auto seize": what it takes; NULL: anything, or those of the
			      handover's choice of its name */
	/*
	 * Takes it into the options; value is NULL where there is none. 0; or -EINVAL,
	 * with a sentence on standard error.
	 */
	int (*take)(struct options *options, const struct option_line *line,
		    const char *value);
	size_t offset; /* in struct options, for those that only set a member */
	enum option_travel travels;
	const char *no_file; /* a value that is the name of none, or NULL */
	const char *help;    /* lines; NULL: the man page is enough */
};

extern const struct option_line option_lines[];
extern const size_t n_option_lines;

/* Does it do anything for the verb? */
bool option_is_for(const struct option_line *line, const struct verb *verb);
