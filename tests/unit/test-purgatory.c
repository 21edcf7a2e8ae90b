// SPDX-License-Identifier: GPL-2.0-or-later
#include "pivot/kexec/purgatory.h"

#include <string.h>

#include "pivot/kexec/crc32c.h"
#include "pivot/kexec/purgatory/moves.h"

#include "unit.h"

enum {
	PAGE = 4096,
	PAGES = 8,
};

/* Memory of PAGES pages, "abcdefgh", a letter a page; the first frame's number. */
static char *memory;
static uint64_t frame;

static void make_memory(void)
{
	memory = aligned_alloc(PAGE, (size_t)PAGES * PAGE);
	frame = (uintptr_t)memory / PAGE;
	for (int i = 0; i < PAGES; i++)
		memset(memory + (size_t)i * PAGE, 'a' + i, PAGE);
}

/* A letter a page again; '?' where a page is mixed. */
static const char *contents(void)
{
	static char letters[PAGES + 1];

	for (int i = 0; i < PAGES; i++) {
		const char *page = memory + (size_t)i * PAGE;

		letters[i] = memcmp(page, page + 1, PAGE - 1) == 0 ? *page : '?';
	}
	return letters;
}

/* A move between these pages, with the checksum of what is there now. */
static struct move move(unsigned int from, unsigned int to, uint32_t pages)
{
	return (struct move){
		.to = frame + to,
		.from = frame + from,
		.pages = pages,
		.crc = crc32c(0, memory + (size_t)from * PAGE, (size_t)pages * PAGE),
	};
}

static struct purgatory_job job(const struct move *moves, uint64_t n)
{
	return (struct purgatory_job){
		.moves = (uintptr_t)moves,
		.n_moves = n,
		.spare = UINT64_MAX,
	};
}

/* The first move whose pages changed, by an array that did not. */
static const struct move *changed(struct purgatory_job *of)
{
	const struct move *found;
	bool is_well;

	of->moves_crc = crc32c(0, (const void *)(uintptr_t)of->moves,
			       of->n_moves * sizeof(struct move));
	is_well = purgatory_check(of, &found);
	ck_assert_int_eq(is_well, !found);
	return found;
}

/* What one move makes of the pages. */
static const char *after(unsigned int from, unsigned int to, uint32_t pages)
{
	struct move one;
	struct purgatory_job all = job(&one, 1);
	const char *letters;

	make_memory();
	one = move(from, to, pages);
	ck_assert_ptr_null(changed(&all));
	purgatory_move(&all);
	letters = contents();
	free(memory);
	return letters;
}

START_TEST(finds_one_flipped_bit)
{
	struct move moves[3];
	struct purgatory_job all = job(moves, 3);

	make_memory();
	moves[0] = move(0, 7, 1);
	moves[1] = move(1, 3, 2);
	moves[2] = move(5, 5, 1); /* stays where it is */
	ck_assert_ptr_null(changed(&all));
	for (size_t i = 0; i < (size_t)PAGES * PAGE; i += 997) {
		const struct move *found;
		size_t page = i / PAGE;

		memory[i] ^= 4;
		found = changed(&all);
		memory[i] ^= 4;
		if (page == 0)
			ck_assert_ptr_eq(found, &moves[0]);
		else if (page == 1 || page == 2)
			ck_assert_ptr_eq(found, &moves[1]);
		else if (page == 5)
			ck_assert_ptr_eq(found, &moves[2]);
		else
			ck_assert_ptr_null(found);
	}
	ck_assert_str_eq(contents(), "abcdefgh");
	free(memory);
}
END_TEST

START_TEST(does_not_check_what_comes_from_the_spare_page)
{
	struct move moves[2];
	struct purgatory_job all = job(moves, 2);

	make_memory();
	moves[0] = move(1, 0, 1);
	moves[1] = move(7, 1, 1);
	moves[1].crc ^= 1;
	ck_assert_ptr_eq(changed(&all), &moves[1]);
	all.spare = frame + 7;
	ck_assert_ptr_null(changed(&all));
	moves[0].crc ^= 1;
	ck_assert_ptr_eq(changed(&all), &moves[0]);
	free(memory);
}
END_TEST

START_TEST(finds_a_move_that_changed)
{
	struct move moves[2];
	struct purgatory_job all = job(moves, 2);
	const struct move *found = moves;

	make_memory();
	moves[0] = move(1, 0, 1);
	moves[1] = move(2, 1, 1);
	ck_assert_ptr_null(changed(&all));
	moves[1].to++;
	ck_assert(!purgatory_check(&all, &found));
	ck_assert_ptr_null(found);
	free(memory);
}
END_TEST

START_TEST(has_nothing_to_do_without_moves)
{
	struct purgatory_job none = job(NULL, 0);

	ck_assert_ptr_null(changed(&none));
	purgatory_move(&none);
}
END_TEST

START_TEST(moves_runs_of_pages)
{
	ck_assert_str_eq(after(0, 4, 1), "abcdafgh");
	ck_assert_str_eq(after(5, 0, 3), "fghdefgh");
	ck_assert_str_eq(after(2, 2, 3), "abcdefgh");
	ck_assert_str_eq(after(2, 5, 0), "abcdefgh");
}
END_TEST

START_TEST(moves_runs_that_overlap_themselves)
{
	ck_assert_str_eq(after(1, 0, 7), "bcdefghh");
	ck_assert_str_eq(after(0, 1, 7), "aabcdefg");
	ck_assert_str_eq(after(3, 1, 4), "adefgfgh");
	ck_assert_str_eq(after(1, 3, 4), "abcbcdeh");
}
END_TEST

START_TEST(moves_in_order_and_a_cycle_through_the_spare_page)
{
	struct move moves[4];
	struct purgatory_job all = job(moves, 4);

	make_memory();
	all.spare = frame + 7;
	moves[0] = move(0, 7, 1); /* a, b, c become b, c, a */
	moves[1] = move(1, 0, 1);
	moves[2] = move(2, 1, 1);
	moves[3] = move(7, 2, 1);
	ck_assert_ptr_null(changed(&all));
	purgatory_move(&all);
	ck_assert_str_eq(contents(), "bcadefga");
	free(memory);
}
END_TEST

/* Where the only such bytes are; -1 where there are none, or more. */
static ssize_t find(const uint8_t *in, size_t n, const void *bytes, size_t n_bytes)
{
	const uint8_t *found = memmem(in, n, bytes, n_bytes);

	if (!found || memmem(found + 1, (size_t)(in + n - found - 1), bytes, n_bytes))
		return -1;
	return found - in;
}

START_TEST(is_placed_with_its_job)
{
	struct purgatory_job given = {
		.page_tables = 0x1122334455667000,
		.moves = 0x2233445566778899,
		.n_moves = 0x33445566778899aa,
		.spare = 0x445566778899aabb,
		.entry = 0x5566778899aabbcc,
		.boot_params = 0x66778899aabbccdd,
		.serial_port = 0x7788,
	};
	size_t n = purgatory_bytes();
	uint8_t *buffer = calloc(1, n);
	ssize_t at;
	int32_t jump;

	ck_assert_uint_gt(n, 0);
	ck_assert_uint_le(n, 16 * 1024);
	ck_assert_uint_eq(n % PAGE, 0);
	purgatory_place(buffer, &given);
	at = find(buffer, n, &given, offsetof(struct purgatory_job, serial_port) + 2);
	ck_assert_int_gt(at, 0);
	ck_assert_int_eq(at % 8, 0);

	/* it begins with a jump beyond the job, to: cli */
	ck_assert_uint_eq(buffer[0], 0xe9);
	memcpy(&jump, buffer + 1, sizeof(jump));
	jump += 5;
	ck_assert_int_ge(jump, at + (ssize_t)sizeof(given));
	ck_assert_int_lt(jump, PAGE);
	ck_assert_uint_eq(buffer[jump], 0xfa);

	/* stack and tables are zero */
	for (size_t i = n - 2 * PAGE; i < n; i++)
		ck_assert_uint_eq(buffer[i], 0);
	free(buffer);
}
END_TEST

UNIT_MAIN("purgatory", finds_one_flipped_bit, finds_a_move_that_changed,
	  does_not_check_what_comes_from_the_spare_page, has_nothing_to_do_without_moves,
	  moves_runs_of_pages, moves_runs_that_overlap_themselves,
	  moves_in_order_and_a_cycle_through_the_spare_page, is_placed_with_its_job)
