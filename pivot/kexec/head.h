/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The beginning of a file, as much of it as was read. What lies behind the end is not
 * there: no bytes compare equal to it, and numbers, little-endian, are 0. The names are
 * short because the parsers are made of them.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct head {
	const uint8_t *bytes;
	size_t n;
};

static inline bool has(const struct head *head, uint64_t at, const char *bytes, size_t n)
{
	return at <= head->n && n <= head->n - at &&
	       memcmp(head->bytes + at, bytes, n) == 0;
}

static inline uint64_t number(const struct head *head, uint64_t at, unsigned int bytes)
{
	uint64_t value = 0;

	if (at > head->n || bytes > head->n - at)
		return 0;
	while (bytes--)
		value = value << 8 | head->bytes[at + bytes];
	return value;
}

static inline bool has_text(const struct head *head, uint64_t at, const char *text)
{
	return has(head, at, text, strlen(text));
}
