// SPDX-License-Identifier: GPL-2.0-or-later
#include "pivot/kexec/crc32c-pages.h"
#include "pivot/kexec/crc32c.h"

#include <string.h>

#include "unit.h"

/* The definition, bit by bit. */
static uint32_t reference(uint32_t crc, const uint8_t *p, size_t n)
{
	crc = ~crc;
	for (; n > 0; n--, p++) {
		crc ^= *p;
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78u : 0);
	}
	return ~crc;
}

static void is_all_three(uint32_t expected, const void *data, size_t n)
{
	ck_assert_uint_eq(reference(0, data, n), expected);
	ck_assert_uint_eq(crc32c(0, data, n), expected);
	ck_assert_uint_eq(crc32c_by_tables(0, data, n), expected);
}

static void fill(uint8_t *p, size_t n)
{
	uint32_t random = 1;

	for (size_t i = 0; i < n; i++) {
		random = random * 1664525 + 1013904223;
		p[i] = (uint8_t)(random >> 24);
	}
}

START_TEST(gives_the_check_value)
{
	is_all_three(0xe3069283, "123456789", 9);
	is_all_three(0xc1d04330, "a", 1);
	is_all_three(0, "", 0);
}
END_TEST

/* RFC 3720, B.4; it prints the bytes in the order they are sent, the lowest first. */
START_TEST(gives_the_values_of_rfc_3720)
{
	static const uint8_t read_command[48] = {
		[0] = 0x01,  0xc0,	  [16] = 0x14, [22] = 0x04,
		[27] = 0x14, [31] = 0x18, 0x28,	       [40] = 0x02,
	};
	uint8_t bytes[32];

	memset(bytes, 0, sizeof(bytes));
	is_all_three(0x8a9136aa, bytes, sizeof(bytes));
	memset(bytes, 0xff, sizeof(bytes));
	is_all_three(0x62a8ab43, bytes, sizeof(bytes));
	for (uint8_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = i;
	is_all_three(0x46dd794e, bytes, sizeof(bytes));
	for (uint8_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(31 - i);
	is_all_three(0x113fdb5c, bytes, sizeof(bytes));
	is_all_three(0xd9963a56, read_command, sizeof(read_command));
}
END_TEST

START_TEST(is_the_same_by_instruction_and_by_tables)
{
	uint8_t bytes[512];

	fill(bytes, sizeof(bytes));
	for (size_t at = 0; at < 16; at++)
		for (size_t n = 0; n <= 300; n++)
			is_all_three(reference(0, bytes + at, n), bytes + at, n);
}
END_TEST

START_TEST(takes_large_pieces)
{
	size_t n = 4 * 1024 * 1024 + 5;
	uint8_t *bytes = malloc(n);

	fill(bytes, n);
	is_all_three(reference(0, bytes, n), bytes, n);
	free(bytes);
}
END_TEST

START_TEST(goes_on_where_it_stopped)
{
	uint8_t bytes[200];
	uint32_t whole;

	fill(bytes, sizeof(bytes));
	whole = crc32c(0, bytes, sizeof(bytes));
	for (size_t n = 0; n <= sizeof(bytes); n++) {
		uint32_t crc = crc32c(0, bytes, n);

		ck_assert_uint_eq(crc32c(crc, bytes + n, sizeof(bytes) - n), whole);
		ck_assert_uint_eq(crc32c_by_tables(crc, bytes + n, sizeof(bytes) - n),
				  whole);
	}
}
END_TEST

START_TEST(sees_each_flipped_bit)
{
	uint8_t bytes[80];
	uint32_t whole;

	fill(bytes, sizeof(bytes));
	whole = crc32c(0, bytes, sizeof(bytes));
	for (size_t i = 0; i < 8 * sizeof(bytes); i++) {
		bytes[i / 8] ^= (uint8_t)(1 << i % 8);
		ck_assert_uint_ne(crc32c(0, bytes, sizeof(bytes)), whole);
		bytes[i / 8] ^= (uint8_t)(1 << i % 8);
	}
}
END_TEST

START_TEST(joins_pages_of_which_only_checksums_are_known)
{
	enum { PAGE = 4096, PAGES = 9, BEFORE = 77 };
	static uint8_t bytes[BEFORE + PAGES * PAGE];
	uint32_t crc;

	fill(bytes, sizeof(bytes));
	crc = crc32c(0, bytes, BEFORE);
	for (size_t i = 0; i < PAGES; i++)
		crc = crc32c_add_page(crc, crc32c(0, bytes + BEFORE + i * PAGE, PAGE));
	ck_assert_uint_eq(crc, crc32c(0, bytes, sizeof(bytes)));
}
END_TEST

UNIT_MAIN("crc32c", gives_the_check_value, gives_the_values_of_rfc_3720,
	  is_the_same_by_instruction_and_by_tables, takes_large_pieces,
	  goes_on_where_it_stopped, sees_each_flipped_bit,
	  joins_pages_of_which_only_checksums_are_known)
