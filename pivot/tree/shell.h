/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Reading shell scripts without running them: simple commands as lists of words, with
 * quotes, escapes and those expansions resolved whose value stands in the script itself.
 * Pure and bounded. Source: the POSIX shell language, sections 2.2 to 2.9; bash(1).
 *
 * In a word two bytes are special (a script that holds them is refused):
 *	SHELL_UNKNOWN opens and closes the text of an expansion that only running the
 *		script would tell: "init=/init \1$1\1"
 *	SHELL_HERE stands for the folder the script lies in
 */

#include <stdbool.h>
#include <stddef.h>

#include "pivot/tree/text.h"

#define SHELL_UNKNOWN '\001'
#define SHELL_HERE    '\002'

enum {
	SHELL_MAX_NESTING = 32,	       /* of $( ), ${ }, quotes */
	SHELL_MAX_HEREDOCS = 8,	       /* on one line */
	SHELL_MAX_EXPANSION = 4 << 20, /* bytes of all expanded values together */
};

/* Files beside the script, for $(cat file) and $(<file). */
struct shell_files {
	/* The file as a string without its trailing newlines: 0 or negative errno. */
	int (*read)(void *data, const char *path, char **ret);
	void *data;
};

struct shell_variable {
	struct shell_variable *next;
	char *name;
	char *value; /* a word as above */
};

struct shell {
	const struct shell_files *files; /* NULL: none can be read */
	struct shell_variable *variables;
	size_t expanded_bytes;
};

struct shell_command {
	char **words;
	size_t n;
	bool is_conditional; /* below an if, a function, a && or in a subshell */
};

struct shell_reader {
	const char *at;
	const char *end;
	unsigned int keywords; /* open if, while, case, { */
	unsigned int parens;
	bool is_chained; /* behind &&, || or | */
	struct {
		char *delimiter;
		bool is_indented; /* <<- */
	} heredocs[SHELL_MAX_HEREDOCS];
	size_t n_heredocs;
};

/*
 * The next simple command, without the keywords before it. 1, 0 at the end, or -EBADMSG
 * (not closed), -E2BIG, -ENOMEM. shell_command_done() either way.
 */
int shell_next(struct shell *shell, struct shell_reader *reader,
	       struct shell_command *ret);
void shell_command_done(struct shell_command *command);
void shell_reader_done(struct shell_reader *reader);

/* Adds the word at *at to word. 0 or negative errno. */
int shell_word(struct shell *shell, const char **at, const char *end, struct text *word);

/* Does word begin with NAME= or NAME+=? Then the length up to the = or +, else 0. */
size_t shell_assignment_length(const char *word);

/* Of a variable's name; 0: none begins here. */
size_t shell_name_length(const char *at, const char *end);

/* NULL: never assigned. */
const char *shell_get(const struct shell *shell, const char *name, size_t n);
int shell_set(struct shell *shell, const char *name, size_t n, const char *value);

/* Adds text as one that only running the script would tell. */
void shell_add_unknown(struct text *word, const char *text, size_t n);

/* What follows a dollar sign or an opening backtick; *at is behind that byte. */
int shell_add_dollar(struct shell *shell, const char **at, const char *end,
		     struct text *word, bool is_quoted);
int shell_add_backtick(struct shell *shell, const char **at, const char *end,
		       struct text *word, bool is_quoted);

/*
 * Behind an opening quote, $(, ${ or backtick whose closer is given: the place behind the
 * closer, or NULL where it is not closed or nests too deep.
 */
const char *shell_skip(const char *at, const char *end, char closer,
		       unsigned int nesting);

void shell_done(struct shell *shell);
