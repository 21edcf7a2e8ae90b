// SPDX-License-Identifier: GPL-2.0-or-later
#include "pivot/kexec/spans.h"

#include <stdio.h>

#include "unit.h"

static struct spans spans;

static void expect(const char *expected)
{
	char text[256] = "";
	int n = 0;

	for (size_t i = 0; i < spans.n; i++)
		n += snprintf(text + n, sizeof(text) - (size_t)n, "%s%llu-%llu",
			      i ? " " : "", (unsigned long long)spans.span[i].start,
			      (unsigned long long)spans.span[i].end);
	ck_assert_str_eq(text, expected);
}

START_TEST(keeps_what_is_added_sorted_and_merged)
{
	spans_add(&spans, 50, 60);
	spans_add(&spans, 10, 20);
	spans_add(&spans, 30, 40);
	expect("10-20 30-40 50-60");
	spans_add(&spans, 20, 25);
	expect("10-25 30-40 50-60");
	spans_add(&spans, 12, 14);
	spans_add(&spans, 26, 30);
	expect("10-25 26-40 50-60");
	spans_add(&spans, 5, 55);
	expect("5-60");
	spans_add(&spans, 70, 70);
	spans_add(&spans, 80, 75);
	expect("5-60");
	spans_add(&spans, 0, UINT64_MAX);
	expect("0-18446744073709551615");
}
END_TEST

START_TEST(takes_out_what_is_removed)
{
	spans_add(&spans, 10, 20);
	spans_add(&spans, 30, 40);
	spans_add(&spans, 50, 60);
	spans_remove(&spans, 0, 10);
	spans_remove(&spans, 20, 30);
	spans_remove(&spans, 60, UINT64_MAX);
	spans_remove(&spans, 15, 15);
	spans_remove(&spans, 18, 12);
	expect("10-20 30-40 50-60");
	spans_remove(&spans, 12, 15);
	expect("10-12 15-20 30-40 50-60");
	spans_remove(&spans, 18, 55);
	expect("10-12 15-18 55-60");
	spans_remove(&spans, 10, 12);
	spans_remove(&spans, 55, 60);
	expect("15-18");
	spans_remove(&spans, 0, UINT64_MAX);
	expect("");
	spans_remove(&spans, 0, UINT64_MAX);
	expect("");
}
END_TEST

START_TEST(gives_up_the_smallest_when_it_is_full)
{
	const uint64_t end = 100000;
	size_t n = 0;

	spans_add(&spans, 0, end);
	for (uint64_t at = 50; at < end; at += 40, n++)
		spans_remove(&spans, at, at + 10);
	ck_assert_uint_gt(n, 2 * SPANS_MAX);
	ck_assert_uint_eq(spans.n, SPANS_MAX - 1);
	ck_assert_uint_eq(spans.span[0].start, 0);
	ck_assert_uint_eq(spans.span[0].end, 50);
	for (size_t i = 0; i + 1 < spans.n; i++)
		ck_assert(spans.span[i].end < spans.span[i + 1].start);
	for (size_t i = 0; i < spans.n; i++)
		ck_assert_uint_ge(spans.span[i].end - spans.span[i].start, 30);
	/* by what is added, too */
	spans_add(&spans, end + 10, end + 11);
	spans_add(&spans, end + 20, end + 80);
	ck_assert_uint_eq(spans.n, SPANS_MAX - 1);
	ck_assert_uint_eq(spans.span[spans.n - 1].end, end + 80);
	for (size_t i = 0; i < spans.n; i++)
		ck_assert_uint_ne(spans.span[i].start, end + 10);
}
END_TEST

UNIT_MAIN("spans", keeps_what_is_added_sorted_and_merged, takes_out_what_is_removed,
	  gives_up_the_smallest_when_it_is_full)
