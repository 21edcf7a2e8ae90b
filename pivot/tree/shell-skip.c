// SPDX-License-Identifier: GPL-2.0-or-later
#include "pivot/tree/shell.h"

#include <string.h>

static const char *skip_plain(const char *at, const char *end, char closer)
{
	const char *found = memchr(at, closer, (size_t)(end - at));

	return found ? found + 1 : NULL;
}

static const char *skip_backtick(const char *at, const char *end)
{
	for (; at < end; at++) {
		if (*at == '`')
			return at + 1;
		if (*at == '\\')
			at++;
	}
	return NULL;
}

static bool opens_comment(const char *hash, char closer)
{
	return closer == ')' && strchr(" \t\n;(", hash[-1]);
}

/* Skips what c, the byte before at, opens inside a group that ends with closer. */
static const char *skip_inner(const char *at, const char *end, char c, char closer,
			      unsigned int nesting)
{
	bool is_quoted = closer == '"';

	switch (c) {
	case '\\':
		return at < end ? at + 1 : NULL;
	case '`':
		return skip_backtick(at, end);
	case SHELL_UNKNOWN:
		return skip_plain(at, end, SHELL_UNKNOWN);
	case '$':
		if (at < end && (*at == '(' || *at == '{'))
			return shell_skip(at + 1, end, *at == '(' ? ')' : '}',
					  nesting + 1);
		return at;
	case '\'':
		return is_quoted ? at : skip_plain(at, end, '\'');
	case '"':
		return shell_skip(at, end, '"', nesting + 1);
	case '(':
		return closer == ')' ? shell_skip(at, end, ')', nesting + 1) : at;
	case '#':
		return opens_comment(at - 1, closer) ? skip_plain(at, end, '\n') : at;
	default:
		return at;
	}
}

const char *shell_skip(const char *at, const char *end, char closer, unsigned int nesting)
{
	if (nesting > SHELL_MAX_NESTING)
		return NULL;
	if (closer == '\'' || closer == SHELL_UNKNOWN)
		return skip_plain(at, end, closer);
	if (closer == '`')
		return skip_backtick(at, end);
	while (at && at < end) {
		char c = *at++;

		if (c == closer)
			return at;
		at = skip_inner(at, end, c, closer, nesting);
	}
	return NULL;
}
