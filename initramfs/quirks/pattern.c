// SPDX-License-Identifier: GPL-2.0-or-later
#include "pattern.h"

#include <string.h>

bool span_next(struct span *list, struct span *ret)
{
	const char *comma;

	if (!list->at)
		return false;
	*ret = *list;
	comma = memchr(list->at, ',', list->n);
	if (comma) {
		ret->n = (size_t)(comma - list->at);
		list->at += ret->n + 1;
		list->n -= ret->n + 1;
	} else {
		list->at = NULL;
	}
	return true;
}

bool span_after(struct span span, const char *prefix, struct span *ret)
{
	size_t n = strlen(prefix);

	if (span.n < n || memcmp(span.at, prefix, n) != 0)
		return false;
	*ret = (struct span){ span.at + n, span.n - n };
	return true;
}

bool span_is(struct span span, const char *text)
{
	struct span rest;

	return span_after(span, text, &rest) && rest.n == 0;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Going back to the last * only is enough, and keeps it from going on for ever. */
bool pattern_fits(struct span pattern, const char *text, bool is_part)
{
	const size_t none = (size_t)-1;
	size_t at = 0, star = is_part ? 0 : none;
	const char *retry = text;

	for (;;) {
		if (at < pattern.n && pattern.at[at] == '*') {
			star = ++at;
			retry = text;
		} else if (at == pattern.n && (is_part || !*text)) {
			return true;
		} else if (!*text) {
			return false;
		} else if (at < pattern.n && (pattern.at[at] == '?' ||
					      lower(pattern.at[at]) == lower(*text))) {
			at++;
			text++;
		} else if (star == none) {
			return false;
		} else {
			at = star;
			text = ++retry;
		}
	}
}
