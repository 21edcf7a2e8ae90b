// SPDX-License-Identifier: GPL-2.0-or-later
#include "pivot/kexec/moves.h"

#include <errno.h>
#include <stdio.h>

#include "pivot/kexec/sources.h"
#include "tests/moves-model.h"
#include "unit.h"

#define SPARE (MODEL_FRAMES - 2)

static struct model model;

/* A part of pages that lie one after another. */
static void part(uint64_t to, uint64_t from, size_t pages)
{
	model.frames = MODEL_FRAMES;
	model.spare = SPARE;
	model_add_part(&model, to);
	for (size_t i = 0; i < pages; i++)
		model_add_page(&model, from + i);
}

static ssize_t plan(void)
{
	uint32_t scratch[2 * MODEL_FRAMES];

	return moves_plan(model.part, model.n_parts, model.spare, scratch, model.moves,
			  MODEL_MOVES);
}

/* The plan, tried out, as "to<from*pages ...". */
static const char *planned(void)
{
	static char text[1024];
	size_t n = 0;

	ck_assert(model_is_right(&model));
	text[0] = '\0';
	for (ssize_t i = 0; i < model.n_moves && n < sizeof(text); i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%u<%u*%u",
				      i ? " " : "", (unsigned int)model.moves[i].to,
				      (unsigned int)model.moves[i].from,
				      model.moves[i].pages);
	return text;
}

START_TEST(moves_neighbours_together)
{
	part(100, 500, 20);
	model_add_page(&model, 700);
	model_add_page(&model, 701);
	ck_assert_str_eq(planned(), "100<500*20 120<700*2");
}
END_TEST

START_TEST(begins_another_move_after_a_mebibyte)
{
	part(10, 1000, 600);
	ck_assert_str_eq(planned(), "10<1000*256 266<1256*256 522<1512*88");
}
END_TEST

START_TEST(only_checks_what_is_in_place)
{
	part(100, 100, 300);
	part(400, 400, 2);
	part(600, 50, 1);
	ck_assert_str_eq(planned(), "100<100*256 356<356*46 600<50*1");
}
END_TEST

START_TEST(reads_before_it_writes)
{
	part(100, 200, 3);
	part(200, 300, 3);
	ck_assert_str_eq(planned(), "100<200*3 200<300*3");
	model = (struct model){ 0 };
	part(200, 300, 3);
	part(100, 200, 3);
	ck_assert_str_eq(planned(), "100<200*3 200<300*3");
}
END_TEST

/* Page by page from the first on, a run may go down over itself by a single page. */
START_TEST(goes_down_over_itself_at_once)
{
	part(100, 101, 40);
	ck_assert_str_eq(planned(), "100<101*40");
}
END_TEST

START_TEST(goes_up_over_itself_from_the_end)
{
	part(104, 100, 10);
	ck_assert_str_eq(planned(), "110<106*4 106<102*4 104<100*2");
}
END_TEST

/* As soon as one of its pages may be written, it could be; but then there are more moves.
 */
START_TEST(waits_until_a_run_is_whole)
{
	part(100, 500, 4);
	part(300, 102, 1);
	model_add_page(&model, 101);
	model_add_page(&model, 103);
	model_add_page(&model, 100);
	ck_assert_str_eq(planned(), "300<102*1 301<101*1 302<103*1 303<100*1 100<500*4");
}
END_TEST

START_TEST(takes_runs_apart_that_wait_for_each_other)
{
	part(100, 200, 2);
	part(200, 101, 2);
	ck_assert_str_eq(planned(), "100<200*1 200<101*1 101<201*1 201<102*1");
	ck_assert_uint_eq(model.n_cycles, 0);
}
END_TEST

START_TEST(breaks_a_cycle_through_the_spare_frame)
{
	part(100, 101, 1);
	model_add_page(&model, 100);
	ck_assert_str_eq(planned(), "2046<100*1 100<101*1 101<2046*1");
	ck_assert_uint_eq(model.n_cycles, 1);
}
END_TEST

START_TEST(turns_a_ring_in_two_runs)
{
	part(100, 101, 9);
	model_add_page(&model, 100);
	ck_assert_str_eq(planned(), "2046<100*1 100<101*9 109<2046*1");
}
END_TEST

/* Else its crc would be of a page that is not there before the moves. */
START_TEST(never_joins_the_spare_frame_to_a_run)
{
	part(100, 300, 1);
	model_add_page(&model, 103);
	model_add_page(&model, 104);
	model_add_page(&model, 102);
	model_add_page(&model, 101);
	model.spare = 104 + 1;
	ck_assert(model_is_right(&model));
	for (ssize_t i = 0; i < model.n_moves; i++)
		ck_assert(model.moves[i].pages == 1 ||
			  model.moves[i].from + model.moves[i].pages <= model.spare);
	ck_assert_uint_eq(model.n_cycles, 1);
}
END_TEST

START_TEST(plans_nothing_for_nothing)
{
	ck_assert_int_eq(moves_plan(NULL, 0, SPARE, NULL, NULL, 0), 0);
	part(100, 0, 0);
	ck_assert_int_eq(plan(), 0);
}
END_TEST

START_TEST(refuses_parts_that_overlap)
{
	part(100, 500, 10);
	part(109, 600, 10);
	ck_assert_int_eq(plan(), -EINVAL);
	model.part[1].to = 110;
	ck_assert_int_eq(plan(), 2);
	model.part[1].to = 90;
	ck_assert_int_eq(plan(), 2);
	model.part[1].to = 91;
	ck_assert_int_eq(plan(), -EINVAL);
}
END_TEST

START_TEST(refuses_a_frame_that_two_pages_lie_in)
{
	part(100, 105, 1);
	model_add_page(&model, 105);
	model_add_page(&model, 106);
	model_add_page(&model, 107);
	model_add_page(&model, 108);
	model_add_page(&model, 109);
	ck_assert_int_eq(plan(), -EINVAL);
	model = (struct model){ 0 };
	part(100, 100, 1);
	model_add_page(&model, 100);
	ck_assert_int_eq(plan(), -EINVAL);
}
END_TEST

START_TEST(refuses_a_spare_frame_in_use)
{
	part(100, 500, 10);
	model.spare = 109;
	ck_assert_int_eq(plan(), -EINVAL);
	model.spare = 500;
	ck_assert_int_eq(plan(), -EINVAL);
	model.spare = 110;
	ck_assert_int_eq(plan(), 1);
}
END_TEST

START_TEST(refuses_what_is_no_memory)
{
	part(UINT64_MAX, 500, 2);
	ck_assert_int_eq(plan(), -EINVAL);
	model.part[0].to = (1ULL << 40) - 1;
	ck_assert_int_eq(plan(), -EINVAL);
	model.part[0].to--;
	ck_assert_int_eq(plan(), 1);
	model.part[0].pages = SIZE_MAX;
	ck_assert_int_eq(plan(), -EINVAL);
}
END_TEST

static uint32_t random_state = 1;

static uint32_t draw(uint32_t n)
{
	random_state = random_state * 1664525 + 1013904223;
	return (random_state >> 8) % n;
}

/* Pages in runs of any length, in frames up to here; the denser, the more cycles. */
static void draw_case(void)
{
	uint32_t frames = 8 + draw(120), to = draw(8), n_parts = 1 + draw(MODEL_PARTS);
	bool is_taken[256] = { false };
	uint64_t at = 0;

	model.frames = 258;
	model.spare = 257;
	model.n_parts = 0;
	for (uint32_t i = 0; i < n_parts && to + 1 < frames; i++) {
		uint32_t pages = 1 + draw(frames - to);

		model_add_part(&model, to);
		to += pages + draw(4);
		while (pages-- > 0) {
			at = draw(4) ? at + 1 : draw(frames);
			while (is_taken[at % 256])
				at = (at + 1) % 256;
			is_taken[at % 256] = true;
			model_add_page(&model, at % 256);
		}
	}
}

START_TEST(is_right_in_20000_random_cases)
{
	size_t n_cycles = 0, n_longer = 0, n_in_place = 0;

	for (int i = 0; i < 20000; i++) {
		draw_case();
		if (!model_is_right(&model))
			ck_abort_msg("case %d", i);
		n_cycles += model.n_cycles;
		for (ssize_t j = 0; j < model.n_moves; j++) {
			n_longer += model.moves[j].pages > 1;
			n_in_place += model.moves[j].to == model.moves[j].from;
		}
	}
	ck_assert_uint_gt(n_cycles, 2000);
	ck_assert_uint_gt(n_longer, 20000);
	ck_assert_uint_gt(n_in_place, 2000);
}
END_TEST

/* As "start-end ..." in frames. */
static const char *collected(size_t max)
{
	static char text[256];
	struct span spans[16];
	ssize_t n = sources_collect(model.part, model.n_parts, spans, max);
	size_t at = 0;

	text[0] = '\0';
	if (n < 0)
		return n == -E2BIG ? "E2BIG" : "EINVAL";
	for (ssize_t i = 0; i < n; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%llu-%llu",
				       i ? " " : "",
				       (unsigned long long)spans[i].start / 4096,
				       (unsigned long long)spans[i].end / 4096);
	return text;
}

START_TEST(collects_sources_in_their_order)
{
	part(0, 900, 10);
	part(100, 20, 2);
	model_add_page(&model, 24);
	model_add_page(&model, 23);
	model_add_page(&model, 22);
	model_add_page(&model, 500);
	ck_assert_str_eq(collected(4), "20-25 500-501 900-910");
	ck_assert_str_eq(collected(3), "E2BIG");
	model.n_parts = 0;
	ck_assert_str_eq(collected(0), "");
}
END_TEST

START_TEST(sorts_sources_however_they_lie)
{
	static struct span spans[MODEL_FRAMES];

	for (int i = 0; i < 1000; i++) {
		bool is_sorted = true;
		size_t pages;
		ssize_t n;

		draw_case();
		n = sources_collect(model.part, model.n_parts, spans, MODEL_FRAMES);
		ck_assert_int_gt(n, 0);
		pages = (spans[0].end - spans[0].start) / 4096;
		for (ssize_t j = 1; j < n; j++) {
			is_sorted = is_sorted && spans[j].start > spans[j - 1].end;
			pages += (spans[j].end - spans[j].start) / 4096;
		}
		ck_assert(is_sorted);
		ck_assert_uint_eq(pages, moves_pages(model.part, model.n_parts));
	}
}
END_TEST

START_TEST(refuses_a_source_that_is_there_twice)
{
	part(0, 900, 10);
	part(100, 909, 1);
	ck_assert_str_eq(collected(16), "EINVAL");
	model.part[1].from = (const uint64_t[]){ 910 };
	ck_assert_str_eq(collected(16), "900-911");
	model.part[1].from = (const uint64_t[]){ 899 };
	ck_assert_str_eq(collected(16), "899-910");
}
END_TEST

UNIT_MAIN("moves", moves_neighbours_together, begins_another_move_after_a_mebibyte,
	  only_checks_what_is_in_place, reads_before_it_writes,
	  goes_down_over_itself_at_once, goes_up_over_itself_from_the_end,
	  waits_until_a_run_is_whole, takes_runs_apart_that_wait_for_each_other,
	  breaks_a_cycle_through_the_spare_frame, turns_a_ring_in_two_runs,
	  never_joins_the_spare_frame_to_a_run, plans_nothing_for_nothing,
	  refuses_parts_that_overlap, refuses_a_frame_that_two_pages_lie_in,
	  refuses_a_spare_frame_in_use, refuses_what_is_no_memory,
	  is_right_in_20000_random_cases, collects_sources_in_their_order,
	  sorts_sources_however_they_lie, refuses_a_source_that_is_there_twice)
