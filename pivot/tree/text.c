// SPDX-License-Identifier: GPL-2.0-or-later
#include "pivot/tree/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int text_grow(struct text *text, size_t wanted)
{
	size_t size = text->size ? text->size : 64;
	char *s;

	if (wanted > TEXT_MAX_BYTES)
		return -E2BIG;
	while (size < wanted)
		size *= 2;
	if (size == text->size)
		return 0;
	s = realloc(text->s, size);
	if (!s)
		return -ENOMEM;
	text->s = s;
	text->size = size;
	return 0;
}

void text_add(struct text *text, const char *s, size_t n)
{
	if (text->error)
		return;
	text->error = n < TEXT_MAX_BYTES ? text_grow(text, text->n + n + 1) : -E2BIG;
	if (text->error)
		return;
	if (n)
		memcpy(text->s + text->n, s, n);
	text->n += n;
	text->s[text->n] = '\0';
}

void text_add_string(struct text *text, const char *s)
{
	text_add(text, s, strlen(s));
}

void text_add_char(struct text *text, char c)
{
	text_add(text, &c, 1);
}

void text_cut(struct text *text, size_t n)
{
	if (n >= text->n)
		return;
	text->n = n;
	text->s[n] = '\0';
}

int text_take(struct text *text, char **ret)
{
	int r;

	text_add(text, "", 0);
	r = text->error;
	if (r < 0) {
		text_done(text);
		return r;
	}
	*ret = text->s;
	*text = (struct text){ 0 };
	return 0;
}

void text_done(struct text *text)
{
	free(text->s);
	*text = (struct text){ 0 };
}
