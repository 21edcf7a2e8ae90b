// SPDX-License-Identifier: GPL-2.0-or-later
#include "pivot/tree/shell.h"

#include <errno.h>
#include <string.h>

/* A backslash in double quotes is kept unless it escapes something (POSIX 2.2.3). */
static void add_escape(const char **at, const char *end, struct text *word,
		       bool is_quoted)
{
	char c;

	if (*at >= end)
		return;
	c = *(*at)++;
	if (c == '\n')
		return;
	if (c == '\r' && *at < end && **at == '\n') {
		(*at)++;
		return;
	}
	if (is_quoted && !strchr("$`\"\\", c))
		text_add_char(word, '\\');
	text_add_char(word, c);
}

static int add_until(const char **at, const char *end, char closer, struct text *word,
		     bool with_marks)
{
	const char *start = *at;
	const char *after = shell_skip(start, end, closer, 0);

	if (!after)
		return -EBADMSG;
	*at = after;
	if (with_marks)
		text_add(word, start - 1, (size_t)(after - start + 1));
	else
		text_add(word, start, (size_t)(after - start - 1));
	return 0;
}

static int add_piece(struct shell *shell, const char **at, const char *end,
		     struct text *word, bool is_quoted);

static int add_quoted(struct shell *shell, const char **at, const char *end,
		      struct text *word)
{
	int r = 0;

	text_add(word, "", 0); /* "" is a word too */
	while (r == 0 && *at < end && **at != '"')
		r = add_piece(shell, at, end, word, true);
	if (r < 0)
		return r;
	if (*at >= end)
		return -EBADMSG;
	(*at)++;
	return 0;
}

static int add_piece(struct shell *shell, const char **at, const char *end,
		     struct text *word, bool is_quoted)
{
	char c = *(*at)++;

	switch (c) {
	case '\\':
		add_escape(at, end, word, is_quoted);
		return 0;
	case '$':
		return shell_add_dollar(shell, at, end, word, is_quoted);
	case '`':
		return shell_add_backtick(shell, at, end, word, is_quoted);
	case SHELL_UNKNOWN:
		return add_until(at, end, c, word, true);
	case '\'':
		if (!is_quoted)
			return add_until(at, end, c, word, false);
		break;
	case '"':
		if (!is_quoted)
			return add_quoted(shell, at, end, word);
		break;
	default:
		break;
	}
	text_add_char(word, c);
	return 0;
}

int shell_word(struct shell *shell, const char **at, const char *end, struct text *word)
{
	int r = 0;

	while (r == 0 && *at < end && !strchr(" \t\r\n;&|<>()", **at))
		r = add_piece(shell, at, end, word, false);
	return r < 0 ? r : word->error;
}
