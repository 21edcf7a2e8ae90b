// SPDX-License-Identifier: GPL-2.0-or-later
#include "pivot/kexec/page-tables.h"

#include <string.h>

#include "pivot/base/macros.h"
#include "unit.h"

#define MIB(n)	((uint64_t)(n) << 20)
#define GIB(n)	((uint64_t)(n) << 30)
#define ADDRESS 0x7654321000ULL /* where the tables are to lie */

enum {
	PRESENT = 0x1,
	PAGE_FLAGS = 0xe3,  /* P, RW, A, D, PS */
	TABLE_FLAGS = 0x23, /* P, RW, A */
};

/* Check writes each of its assertions down, which millions of them are too many for. */
#define must(condition) ((condition) ? (void)0 : ck_abort_msg("%s", #condition))

static struct spans mapped;
static struct {
	uint64_t entries[64 * 512];
	uint64_t guard;
} memory;
static size_t bytes;

static void span(uint64_t start, uint64_t end)
{
	mapped.span[mapped.n++] = (struct span){ start, end };
}

static void build(bool has_1g)
{
	memset(&memory, 0, sizeof(memory));
	bytes = page_tables_bytes(&mapped, has_1g);
	ck_assert_uint_le(bytes, sizeof(memory.entries));
	ck_assert_uint_eq(bytes % 4096, 0);
	page_tables_build(memory.entries, ADDRESS, &mapped, has_1g);
	for (size_t i = bytes / 8; i < array_size(memory.entries); i++)
		must(!memory.entries[i]);
	ck_assert_uint_eq(memory.guard, 0);
}

static uint64_t entry_at(uint64_t table, uint64_t address, int bits)
{
	must(table % 4096 == 0);
	must(table >= ADDRESS);
	must(table < ADDRESS + bytes);
	return memory.entries[(table - ADDRESS) / 8 + (address >> bits & 511)];
}

/* As a processor does it. UINT64_MAX: a page fault. */
static uint64_t walk(uint64_t address, int levels, unsigned int *page_bits)
{
	uint64_t table =
		ADDRESS + (levels == 5 ? PAGE_TABLES_ROOT_5 : PAGE_TABLES_ROOT_4);

	for (int bits = 12 + 9 * (levels - 1); bits >= 21; bits -= 9) {
		uint64_t entry = entry_at(table, address, bits);
		uint64_t offset = address & ((1ULL << bits) - 1);

		*page_bits = (unsigned int)bits;
		if (!(entry & PRESENT))
			return UINT64_MAX;
		if ((entry & 0xfff) == PAGE_FLAGS) {
			must(bits <= 30);
			must((entry & ((1ULL << bits) - 1)) == PAGE_FLAGS);
			return (entry & ~0xfffULL) | offset;
		}
		must((entry & 0xfff) == TABLE_FLAGS);
		table = entry & ~0xfffULL;
	}
	ck_abort_msg("a table of 4 KiB pages");
	return 0;
}

static bool is_mapped(uint64_t address)
{
	unsigned int bits;
	uint64_t four = walk(address, 4, &bits), five = walk(address, 5, &bits);

	must(four == five);
	must(four == address || four == UINT64_MAX);
	return four == address;
}

static uint64_t page_at(uint64_t address)
{
	unsigned int bits = 0;

	must(walk(address, 4, &bits) == address);
	return 1ULL << bits;
}

/* Does anything of the spans lie in the 2 MiB of this address? */
static bool is_wanted(uint64_t address)
{
	uint64_t start = address & ~(MIB(2) - 1);

	for (size_t i = 0; i < mapped.n; i++)
		if (mapped.span[i].start < start + MIB(2) && start < mapped.span[i].end &&
		    mapped.span[i].start < mapped.span[i].end)
			return true;
	return false;
}

static void check_up_to(uint64_t end)
{
	for (uint64_t at = 0; at < end; at += MIB(2)) {
		must(is_mapped(at) == is_wanted(at));
		must(is_mapped(at + MIB(2) - 1) == is_wanted(at));
	}
}

START_TEST(maps_the_spans_and_nothing_else)
{
	span(0, 0x9f000);
	span(MIB(1), MIB(501));
	span(MIB(510) + 4096, MIB(510) + 8192);
	span(GIB(1), GIB(3) - MIB(10));
	span(GIB(4), GIB(5) + MIB(1));
	build(false);
	check_up_to(GIB(6));
	build(true);
	check_up_to(GIB(6));
}
END_TEST

START_TEST(takes_pages_of_a_gib_where_all_of_it_is_there)
{
	span(MIB(1), GIB(3) - 4096);
	span(GIB(4), GIB(6));
	build(true);
	ck_assert_uint_eq(page_at(MIB(1)), MIB(2));
	ck_assert_uint_eq(page_at(GIB(1)), GIB(1));
	ck_assert_uint_eq(page_at(GIB(2)), MIB(2));
	ck_assert_uint_eq(page_at(GIB(6) - 1), GIB(1));
	/* two roots, the 512 GiB, and two GiB in part */
	ck_assert_uint_eq(bytes, 5 * 4096);
	build(false);
	ck_assert_uint_eq(page_at(GIB(6) - 1), MIB(2));
	ck_assert_uint_eq(bytes, 8 * 4096);
}
END_TEST

START_TEST(joins_spans_that_touch)
{
	span(0, GIB(1) - MIB(1));
	span(GIB(1) - MIB(1), GIB(1) + 4096);
	span(GIB(1) + 4096, GIB(1) + 4096);
	span(GIB(1) + 4096, GIB(2));
	build(true);
	ck_assert_uint_eq(page_at(0), GIB(1));
	ck_assert_uint_eq(page_at(GIB(1)), GIB(1));
	ck_assert_uint_eq(bytes, 3 * 4096);
}
END_TEST

START_TEST(leaves_a_hole_of_2_mib_in_a_gib)
{
	span(0, MIB(512));
	span(MIB(514), GIB(1));
	build(true);
	check_up_to(GIB(2));
	ck_assert(!is_mapped(MIB(513)));
}
END_TEST

START_TEST(reaches_far_up)
{
	span(GIB(511), GIB(513));
	span(GIB(9000), GIB(9000) + 4096);
	span(PAGE_TABLES_END - MIB(4), PAGE_TABLES_END + GIB(600));
	build(true);
	ck_assert_uint_eq(page_at(GIB(511)), GIB(1));
	ck_assert_uint_eq(page_at(GIB(512)), GIB(1));
	ck_assert(is_mapped(GIB(9000)));
	ck_assert(!is_mapped(GIB(9000) + MIB(2)));
	ck_assert(is_mapped(PAGE_TABLES_END - 1));
	ck_assert(!is_mapped(PAGE_TABLES_END - MIB(4) - 1));
	/* the roots, four times 512 GiB, two GiB in part */
	ck_assert_uint_eq(bytes, 8 * 4096);
}
END_TEST

START_TEST(maps_nothing_of_nothing)
{
	build(true);
	ck_assert_uint_eq(bytes, 2 * 4096);
	span(MIB(3), MIB(3));
	span(PAGE_TABLES_END, PAGE_TABLES_END + GIB(4));
	build(false);
	ck_assert_uint_eq(bytes, 2 * 4096);
	check_up_to(GIB(1));
}
END_TEST

static uint32_t draw(uint32_t n)
{
	static uint32_t state = 1;

	state = state * 1664525 + 1013904223;
	return (state >> 8) % n;
}

START_TEST(is_right_in_random_cases)
{
	for (int i = 0; i < 300; i++) {
		uint64_t at = 0;

		mapped.n = 0;
		for (uint32_t n = draw(12); n-- > 0 && at < GIB(7);) {
			uint64_t start = at + draw(3) * (uint64_t)draw(1 << 20) * 4096;

			at = start + draw(4) * (uint64_t)draw(1 << 18) * 4096;
			span(start, at);
		}
		build(draw(2));
		for (int j = 0; j < 2000; j++) {
			uint64_t address = draw(1 << 22) * 4096ULL;

			must(is_mapped(address) == is_wanted(address));
		}
	}
}
END_TEST

UNIT_MAIN("page tables", maps_the_spans_and_nothing_else,
	  takes_pages_of_a_gib_where_all_of_it_is_there, joins_spans_that_touch,
	  leaves_a_hole_of_2_mib_in_a_gib, reaches_far_up, maps_nothing_of_nothing,
	  is_right_in_random_cases)
