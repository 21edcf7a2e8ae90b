// SPDX-License-Identifier: GPL-2.0-or-later
#include "shell.h"

#include <errno.h>
#include <string.h>

/* Always leaves room for a NUL, and puts it. */
static void add(struct shell *shell, const char *text, size_t n)
{
	if (n >= sizeof(shell->text) - shell->text_bytes) {
		shell->is_full = true;
		return;
	}
	memcpy(shell->text + shell->text_bytes, text, n);
	shell->text_bytes += n;
	shell->text[shell->text_bytes] = '\0';
}

static void add_unknown(struct shell *shell, const char *from, const char *to)
{
	static const char mark = SHELL_UNKNOWN;

	add(shell, &mark, 1);
	add(shell, from, (size_t)(to - from));
	add(shell, &mark, 1);
}

/*
 * Behind what opened a group: the place behind its closer, or NULL where there is none or
 * groups nest too deep.
 */
static const char *skip_group(const char *at, char closer, unsigned int nesting)
{
	if (nesting > SHELL_MAX_NESTING)
		return NULL;
	while (at && *at) {
		char c = *at++;

		if (c == closer)
			return at;
		if (closer == '\'')
			continue;
		if (c == '\\')
			at += *at != '\0';
		else if (closer == '`')
			continue;
		else if (c == '$' && (*at == '(' || *at == '{'))
			at = skip_group(at + 1, *at == '(' ? ')' : '}', nesting + 1);
		else if (c == '"' || c == '`' || (c == '\'' && closer != '"'))
			at = skip_group(at, c, nesting + 1);
		else if (c == '(' && closer == ')')
			at = skip_group(at, ')', nesting + 1);
	}
	return NULL;
}

/*
 * The expansion from raw to shell->at is that of a variable. A value with blanks outside
 * quotes becomes several words in a shell. Nothing real needs that, so it counts as
 * unknown instead of being guessed.
 */
static void add_variable(struct shell *shell, const char *raw, const char *name, size_t n,
			 bool is_quoted)
{
	const char *value = shell_get(shell, name, n);
	size_t value_bytes = value ? strlen(value) : 0;
	bool is_split;

	/* a script of a megabyte could say a gigabyte so */
	shell->expanded_bytes += value_bytes;
	if (shell->expanded_bytes > SHELL_MAX_EXPANDED) {
		shell->is_full = true;
		return;
	}
	is_split = value && !is_quoted && strpbrk(value, " \t\n") &&
		   !strchr(value, SHELL_UNKNOWN) && !shell_assignment_length(shell->word);

	if (value && !is_split)
		add(shell, value, value_bytes);
	else
		add_unknown(shell, raw, shell->at);
}

/* $(...), ${...}, $'...' or `...` from raw on, whose inside begins at inner. */
static int add_group(struct shell *shell, const char *raw, const char *inner, char closer,
		     bool is_quoted)
{
	const char *after = skip_group(inner, closer, 0);
	size_t n = shell_name_length(inner);

	if (!after)
		return -EBADMSG;
	shell->at = after;
	if (closer == '}' && n && inner + n + 1 == after)
		add_variable(shell, raw, inner, n, is_quoted);
	else
		add_unknown(shell, raw, after);
	return 0;
}

/* Behind a dollar sign. */
static int add_dollar(struct shell *shell, bool is_quoted)
{
	const char *at = shell->at;
	size_t n = shell_name_length(at);

	if (*at == '(' || *at == '{' || (*at == '\'' && !is_quoted))
		return add_group(shell, at - 1, at + 1,
				 *at == '(' ? ')' : (*at == '{' ? '}' : '\''), is_quoted);
	if (n) {
		shell->at += n;
		add_variable(shell, at - 1, at, n, is_quoted);
	} else if (*at && strchr("0123456789@*#?-$!", *at)) {
		shell->at++;
		add_unknown(shell, at - 1, shell->at);
	} else if (*at != '"' || is_quoted) {
		add(shell, "$", 1);
	}
	return 0;
}

/* Behind a backslash, which double quotes keep unless it escapes something (2.2.3). */
static void add_escape(struct shell *shell, bool is_quoted)
{
	if (strncmp(shell->at, "\r\n", 2) == 0)
		shell->at++;
	if (!*shell->at)
		return;
	if (*shell->at != '\n') {
		if (is_quoted && !strchr("$`\"\\", *shell->at))
			add(shell, "\\", 1);
		add(shell, shell->at, 1);
	}
	shell->at++;
}

/* Behind a single quote. */
static int add_literal(struct shell *shell)
{
	const char *end = strchr(shell->at, '\'');

	if (!end)
		return -EBADMSG;
	add(shell, shell->at, (size_t)(end - shell->at));
	shell->at = end + 1;
	return 0;
}

/* All up to one of the bytes in ends, or to the script's end. */
static int add_pieces(struct shell *shell, const char *ends, bool is_quoted)
{
	int r = 0;

	while (r == 0 && *shell->at && !strchr(ends, *shell->at)) {
		char c = *shell->at++;

		if (c == '$') {
			r = add_dollar(shell, is_quoted);
		} else if (c == '`') {
			r = add_group(shell, shell->at - 1, shell->at, c, is_quoted);
		} else if (c == '\\') {
			add_escape(shell, is_quoted);
		} else if (c == '\'' && !is_quoted) {
			r = add_literal(shell);
		} else if (c == '"') {
			r = add_pieces(shell, "\"", true);
			if (r == 0 && *shell->at++ != '"')
				return -EBADMSG;
		} else {
			add(shell, &c, 1);
		}
	}
	return r;
}

int shell_read_word(struct shell *shell, char **ret)
{
	int r;

	shell->word = shell->text + shell->text_bytes;
	add(shell, "", 0);
	r = add_pieces(shell, " \t\r\n;&|<>()", false);
	add(shell, "", 1);
	if (r == 0 && shell->is_full)
		r = -E2BIG;
	*ret = shell->word;
	return r;
}
