/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Reading shell scripts without running them: simple commands as lists of words, with
 * quotes and escapes resolved, and variables whose value stands in the script itself.
 * Pure and bounded. Source: the POSIX shell language, sections 2.2 to 2.9; bash(1).
 */

#include <stdbool.h>
#include <stddef.h>

/*
 * In a word this byte opens and closes the text of an expansion that only running the
 * script would tell: "init=/init \1$1\1". A script that holds it is refused.
 */
#define SHELL_UNKNOWN '\001'

enum {
	SHELL_MAX_NESTING = 32, /* of $( ), ${ } and quotes in them */
	SHELL_MAX_VARIABLES = 256,
	SHELL_MAX_WORDS = 1024,		/* of one command */
	SHELL_MAX_COMMAND = 128 * 1024, /* bytes of its words together */
	SHELL_MAX_EXPANDED = 4 << 20,	/* bytes that variables become, in a script */
};

struct shell_variable {
	char *name;
	char *value; /* a word as above */
};

struct shell {
	const char *at;		  /* what is still to read */
	const char *heredocs_end; /* of those that begin on this line, or NULL */
	struct shell_variable variables[SHELL_MAX_VARIABLES];
	size_t n_variables;
	size_t expanded_bytes;

	/* the last command that shell_next() read */
	char *words[SHELL_MAX_WORDS];
	size_t n_words;
	char text[SHELL_MAX_COMMAND]; /* where the words lie */
	size_t text_bytes;
	char *word;   /* in text: the one being read */
	bool is_full; /* of text: something did not fit */
};

/*
 * Reads the next simple command, without keywords before it. 1, 0 at the end, -EBADMSG
 * where something is never closed, or -E2BIG.
 */
int shell_next(struct shell *shell);

/* Reads the word at shell->at, which may be empty; it lies in shell->text. */
int shell_read_word(struct shell *shell, char **ret);

/* NULL: never set. */
const char *shell_get(const struct shell *shell, const char *name, size_t n);

/*
 * What the last command, which has words, does to variables: sets or forgets them. 0,
 * -E2BIG or -ENOMEM.
 */
int shell_keep_variables(struct shell *shell);
void shell_forget_all(struct shell *shell);

/* Of the variable's name that text begins with; 0: with none. */
size_t shell_name_length(const char *text);

/* The same where it is NAME= or NAME+=. */
size_t shell_assignment_length(const char *word);

/* list ends with NULL. */
bool shell_is_one_of(const char *word, const char *const *list);
