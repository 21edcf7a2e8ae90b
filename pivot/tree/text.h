/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * A string that grows. The first failure sticks: add freely, ask text_take() once.
 */

#include <stddef.h>

enum { TEXT_MAX_BYTES = 64 * 1024 }; /* far above any command line a kernel takes */

struct text {
	char *s; /* NUL-terminated, or NULL where nothing was added yet */
	size_t n;
	size_t size;
	int error; /* -ENOMEM or -E2BIG */
};

void text_add(struct text *text, const char *s, size_t n);
void text_add_string(struct text *text, const char *s);
void text_add_char(struct text *text, char c);

/* Drops everything behind the first n bytes. */
void text_cut(struct text *text, size_t n);

/* The string ("" for an empty text), now the caller's, or the error. Leaves it empty. */
int text_take(struct text *text, char **ret);

void text_done(struct text *text);
