// SPDX-License-Identifier: GPL-2.0-or-later
#include "parse.h"

#include <errno.h>

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 99;
}

int parse_u64(const char *text, int base, uint64_t max, uint64_t *ret)
{
	uint64_t value = 0;

	if (base == 16 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
		text += 2;
	if (!*text)
		return -EINVAL;
	for (; *text; text++) {
		int digit = digit_value(*text);

		if (digit >= base)
			return -EINVAL;
		if (value > (max - (uint64_t)digit) / (uint64_t)base ||
		    (uint64_t)digit > max)
			return -ERANGE;
		value = value * (uint64_t)base + (uint64_t)digit;
	}
	*ret = value;
	return 0;
}
