// SPDX-License-Identifier: GPL-2.0-or-later
#include "moves.h"

#include <errno.h>
#include <stdbool.h>

/*
 * Pages have numbers, through all parts. The place a page goes to has at most one reader,
 * the page that lies there now, and a page lies in one place: what has to be read before
 * what is written forms chains and cycles, never a tree.
 *
 * Following each chain to its end would take apart what lies together. So pages of a run
 * wait for each other, as long as any run is whole; then one is made in pieces.
 *
 * pages[] holds for each page
 *	the number of the reader of its place, as long as that has not been read;
 *	READY and the number of the page below it on the stack, once it may be written;
 *	DONE besides, once it is. It may then still be on the stack, for the link.
 * runs[] holds for each page how many pages of its run are before it; for the first HEAD
 * and the number of its pages that have to wait for others, or, once it is 0, of the page
 * below it on the stack of whole runs.
 */
#define DONE  (1U << 31)
#define READY (1U << 30)
#define HEAD  (1U << 31)
#define PAGE  (READY - 1)
#define NONE  PAGE

#define FRAMES (1ULL << 40) /* 52 bits of physical address */

struct planner {
	const struct moves_part *parts;
	size_t n_parts;
	uint32_t *pages, *runs;
	uint32_t n_pages;
	uint32_t ready, whole; /* the tops of the stacks */
	uint32_t rescued;      /* the page that lies in the spare frame */
	uint64_t spare;
	struct move *moves;
	size_t n, max;
};

/* One page: its place and where it lies. */
struct way {
	uint64_t to, from;
};

static struct way way_of(const struct planner *p, uint32_t page)
{
	const struct moves_part *part = p->parts;
	size_t at = page;

	for (; at >= part->pages; part++)
		at -= part->pages;
	return (struct way){
		.to = part->to + at,
		.from = page == p->rescued ? p->spare : part->from[at],
	};
}

/* The page that goes to this frame, or NONE. */
static uint32_t page_for(const struct planner *p, uint64_t frame)
{
	uint32_t first = 0;

	for (size_t i = 0; i < p->n_parts; i++) {
		const struct moves_part *part = &p->parts[i];

		if (frame - part->to < part->pages)
			return first + (uint32_t)(frame - part->to);
		first += (uint32_t)part->pages;
	}
	return NONE;
}

static void emit(struct planner *p, struct way way, uint32_t pages)
{
	if (p->n < p->max)
		p->moves[p->n] = (struct move){ way.to, way.from, pages, 0 };
	p->n++;
}

/* Sets the readers. 0 or -EINVAL. */
static int find_readers(struct planner *p)
{
	for (uint32_t page = 0; page < p->n_pages; page++)
		p->pages[page] = NONE;
	for (uint32_t page = 0; page < p->n_pages; page++) {
		uint64_t from = way_of(p, page).from;
		uint32_t place = page_for(p, from);

		if (from == p->spare)
			return -EINVAL;
		if (place == NONE)
			continue;
		if (p->pages[place] != NONE)
			return -EINVAL;
		p->pages[place] = page;
	}
	return page_for(p, p->spare) == NONE ? 0 : -EINVAL;
}

/* Does the page move together with the one before, if that depends on nothing else? */
static bool is_neighbour(const struct planner *p, uint32_t page)
{
	struct way before, way;

	if (!page)
		return false;
	before = way_of(p, page - 1);
	way = way_of(p, page);
	return way.to == before.to + 1 && way.from == before.from + 1;
}

static void find_runs(struct planner *p)
{
	uint32_t before = 0;

	for (uint32_t page = 0; page < p->n_pages; page++, before++) {
		if (before == MOVES_RUN_PAGES || !is_neighbour(p, page))
			before = 0;
		p->runs[page] = before ? before : HEAD;
	}
}

static uint32_t head_of(const struct planner *p, uint32_t page)
{
	return p->runs[page] & HEAD ? page : page - p->runs[page];
}

static uint32_t end_of_run(const struct planner *p, uint32_t page)
{
	do
		page++;
	while (page < p->n_pages && !(p->runs[page] & HEAD));
	return page;
}

/* A run goes from its first page to the last: for a reader before it no page waits. */
static bool has_to_wait(const struct planner *p, uint32_t page, uint32_t reader)
{
	return reader < head_of(p, page) || reader >= page;
}

static void push_ready(struct planner *p, uint32_t page)
{
	p->pages[page] = READY | p->ready;
	p->ready = page;
}

static void push_whole(struct planner *p, uint32_t head)
{
	p->runs[head] = HEAD | p->whole;
	p->whole = head;
}

/* The reader of the page's place has been copied. */
static void release(struct planner *p, uint32_t page)
{
	uint32_t head = head_of(p, page);
	bool waited = has_to_wait(p, page, p->pages[page]);

	push_ready(p, page);
	if (waited && --p->runs[head] == HEAD)
		push_whole(p, head);
}

/* May the page be written at the end of a move that began with first? */
static bool is_free(const struct planner *p, uint32_t page, uint32_t first)
{
	uint32_t state = p->pages[page];

	if (state & (READY | DONE))
		return !(state & DONE);
	return state >= first && state < page;
}

/*
 * How many pages from this one on can be one move. What lies in the spare frame goes
 * alone, so that no crc spans it: the last page of a cycle has no page ready beside it.
 */
static uint32_t piece_pages(const struct planner *p, uint32_t first)
{
	uint32_t page = first + 1, end = end_of_run(p, first);

	while (page < end && page != p->rescued && is_free(p, page, first))
		page++;
	return page - first;
}

/* Returns the page behind it. */
static uint32_t move_piece(struct planner *p, uint32_t first)
{
	uint32_t n = piece_pages(p, first);

	emit(p, way_of(p, first), n);
	for (uint32_t i = 0; i < n; i++)
		p->pages[first + i] |= DONE;
	/* backwards, so that the places they lay in come off the stack in their order */
	for (uint32_t page = first + n; page-- > first;) {
		uint32_t place = page_for(p, way_of(p, page).from);

		if (place != NONE && !(p->pages[place] & DONE))
			release(p, place);
		if (page == p->rescued)
			p->rescued = NONE;
	}
	return first + n;
}

/* What is left of it. */
static void move_whole(struct planner *p, uint32_t head)
{
	uint32_t page = head, end = end_of_run(p, head);

	while (page < end)
		page = p->pages[page] & DONE ? page + 1 : move_piece(p, page);
}

/* The first page that can be moved together with this one, which is ready. */
static uint32_t start_of_piece(const struct planner *p, uint32_t page)
{
	while (!(p->runs[page] & HEAD) && (p->pages[page - 1] & (READY | DONE)) == READY)
		page--;
	return page;
}

static void move_ready(struct planner *p)
{
	while (p->whole != NONE || p->ready != NONE) {
		uint32_t page = p->whole;

		if (page != NONE) {
			p->whole = p->runs[page] & PAGE;
			move_whole(p, page);
			continue;
		}
		page = p->ready;
		p->ready = p->pages[page] & PAGE;
		if (!(p->pages[page] & DONE))
			(void)move_piece(p, start_of_piece(p, page));
	}
}

/* A page in place is the reader of its own place, and nobody else is. */
static void check_in_place(struct planner *p)
{
	for (uint32_t page = 0; page < p->n_pages; page++) {
		if (p->runs[page] & HEAD && p->pages[page] == page)
			emit(p, way_of(p, page), end_of_run(p, page) - page);
		if (p->pages[page] == page)
			p->pages[page] = DONE;
	}
}

/* What no page waits for is the end of a chain. */
static void move_chains(struct planner *p)
{
	for (uint32_t page = p->n_pages; page-- > 0;) {
		uint32_t reader = p->pages[page];

		if (reader == NONE)
			push_ready(p, page);
		else if (!(reader & DONE) && has_to_wait(p, page, reader))
			p->runs[head_of(p, page)]++;
		if (p->runs[page] == HEAD)
			push_whole(p, page);
	}
	move_ready(p);
}

/* What lies in the place of a cycle's first page makes way for it; then it is a chain. */
static void move_cycles(struct planner *p)
{
	for (uint32_t page = 0; page < p->n_pages; page++) {
		if (p->pages[page] & DONE)
			continue;
		emit(p, (struct way){ .to = p->spare, .from = way_of(p, page).to }, 1);
		p->rescued = p->pages[page];
		release(p, page);
		move_ready(p);
	}
}

static bool do_overlap(const struct moves_part *a, const struct moves_part *b)
{
	return a->pages && b->pages && a->to < b->to + b->pages &&
	       b->to < a->to + a->pages;
}

/* Checks each part, and all together. */
static bool is_sound(const struct moves_part *parts, size_t n)
{
	size_t pages = 0;

	for (size_t i = 0; i < n; i++) {
		if (parts[i].pages > MOVES_PAGES_MAX - pages ||
		    parts[i].to > FRAMES - parts[i].pages)
			return false;
		pages += parts[i].pages;
		for (size_t j = 0; j < i; j++)
			if (do_overlap(&parts[i], &parts[j]))
				return false;
	}
	return true;
}

size_t moves_pages(const struct moves_part *parts, size_t n)
{
	size_t pages = 0;

	for (size_t i = 0; i < n; i++)
		pages += parts[i].pages;
	return pages;
}

ssize_t moves_plan(const struct moves_part *parts, size_t n, uint64_t spare,
		   uint32_t *scratch, struct move *moves, size_t max)
{
	struct planner planner = {
		.parts = parts,
		.n_parts = n,
		.ready = NONE,
		.whole = NONE,
		.rescued = NONE,
		.spare = spare,
		.moves = moves,
		.max = moves ? max : 0,
	};

	if (!is_sound(parts, n))
		return -EINVAL;
	planner.n_pages = (uint32_t)moves_pages(parts, n);
	if (planner.n_pages == 0)
		return 0;
	planner.pages = scratch;
	planner.runs = scratch + planner.n_pages;
	if (find_readers(&planner) < 0)
		return -EINVAL;
	find_runs(&planner);
	check_in_place(&planner);
	move_chains(&planner);
	move_cycles(&planner);
	return moves && planner.n > max ? -E2BIG : (ssize_t)planner.n;
}
