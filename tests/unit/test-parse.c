// SPDX-License-Identifier: GPL-2.0-or-later
#include "pivot/base/parse.h"

#include <errno.h>

#include "unit.h"

/* The value, or what is wrong with it as a huge number. */
static uint64_t parse(const char *text, int base, uint64_t max)
{
	uint64_t value = 12345;
	int r = parse_u64(text, base, max, &value);

	if (r < 0)
		ck_assert_uint_eq(value, 12345); /* left alone */
	return r < 0 ? (uint64_t)r : value;
}

#define NOT_A_NUMBER ((uint64_t)-EINVAL)
#define TOO_LARGE    ((uint64_t)-ERANGE)

START_TEST(takes_digits_of_the_base)
{
	ck_assert_uint_eq(parse("0", 10, 9), 0);
	ck_assert_uint_eq(parse("007", 10, 9), 7);
	ck_assert_uint_eq(parse("1aF", 16, 4096), 0x1af);
	ck_assert_uint_eq(parse("0x1aF", 16, 4096), 0x1af);
	ck_assert_uint_eq(parse("0X1", 16, 4096), 1);
}
END_TEST

START_TEST(takes_nothing_else)
{
	static const char *const texts[] = { "",   " 1", "1 ", "+1",  "-1",
					     "1.", "a",	 "0x", "0x1", "1\n" };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		ck_assert_uint_eq(parse(texts[i], 10, 100), NOT_A_NUMBER);
	ck_assert_uint_eq(parse("0x", 16, 100), NOT_A_NUMBER);
	ck_assert_uint_eq(parse("0x0x1", 16, 100), NOT_A_NUMBER);
	ck_assert_uint_eq(parse("g", 16, 100), NOT_A_NUMBER);
}
END_TEST

START_TEST(stops_at_the_maximum)
{
	ck_assert_uint_eq(parse("86400", 10, 86400), 86400);
	ck_assert_uint_eq(parse("86401", 10, 86400), TOO_LARGE);
	ck_assert_uint_eq(parse("9", 10, 5), TOO_LARGE);
	ck_assert_uint_eq(parse("0", 10, 0), 0);
	ck_assert_uint_eq(parse("1", 10, 0), TOO_LARGE);
}
END_TEST

START_TEST(does_not_wrap_around)
{
	ck_assert_uint_eq(parse("18446744073709551615", 10, UINT64_MAX), UINT64_MAX);
	ck_assert_uint_eq(parse("18446744073709551616", 10, UINT64_MAX), TOO_LARGE);
	ck_assert_uint_eq(parse("ffffffffffffffff", 16, UINT64_MAX), UINT64_MAX);
	ck_assert_uint_eq(parse("10000000000000000", 16, UINT64_MAX), TOO_LARGE);
}
END_TEST

UNIT_MAIN("parse", takes_digits_of_the_base, takes_nothing_else, stops_at_the_maximum,
	  does_not_wrap_around)
