/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Parts of strings, and patterns. Takes no memory. */

#include <stdbool.h>
#include <stddef.h>

/* A part of a string. */
struct span {
	const char *at;
	size_t n;
};

/*
 * Takes the next part, which may be empty, off a list with commas between; false at the
 * end. Start with the whole list, at not NULL.
 */
bool span_next(struct span *list, struct span *ret);

bool span_is(struct span span, const char *text);

/* Does it begin with prefix? *ret is what follows. */
bool span_after(struct span span, const char *prefix, struct span *ret);

/*
 * As fnmatch(3), which musl makes 3 KB of: * and ?, whatever the case. A part: the
 * pattern may begin and end anywhere in the text. Takes no more time than the product of
 * their lengths.
 */
bool pattern_fits(struct span pattern, const char *text, bool is_part);
