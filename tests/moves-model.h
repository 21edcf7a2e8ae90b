/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * A plan of moves tried out on a memory of few frames, for the unit tests and the fuzz
 * target. Each frame holds the number it has in the beginning.
 */

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "pivot/kexec/moves.h"

enum { MODEL_FRAMES = 2048, MODEL_PARTS = 4, MODEL_MOVES = MODEL_FRAMES * 3 / 2 };

struct model {
	size_t frames; /* of the memory, MODEL_FRAMES at most */
	struct moves_part part[MODEL_PARTS];
	size_t n_parts;
	uint64_t from[MODEL_FRAMES]; /* of the pages of all parts */
	uint64_t spare;
	struct move moves[MODEL_MOVES];
	ssize_t n_moves;
	size_t n_cycles;
	uint64_t memory[MODEL_FRAMES];
};

/* Another page for the last part. */
static inline void model_add_page(struct model *model, uint64_t from)
{
	struct moves_part *part = &model->part[model->n_parts - 1];

	model->from[moves_pages(model->part, model->n_parts)] = from;
	part->pages++;
}

static inline void model_add_part(struct model *model, uint64_t to)
{
	model->part[model->n_parts] = (struct moves_part){
		.to = to,
		.from = model->from + moves_pages(model->part, model->n_parts),
	};
	model->n_parts++;
}

/* Counted, into exactly as much room, and into too little: all must say the same. */
static inline bool model_plan(struct model *model)
{
	static uint32_t scratch[2 * MODEL_FRAMES];
	ssize_t n =
		moves_plan(model->part, model->n_parts, MOVES_NO_SPARE, scratch, NULL, 0);
	size_t max = n > 0 ? (size_t)n : 0;

	model->n_moves = moves_plan(model->part, model->n_parts, model->spare, scratch,
				    model->moves, max);
	if (n <= 0)
		return model->n_moves == n;
	return model->n_moves == n &&
	       moves_plan(model->part, model->n_parts, model->spare, scratch,
			  model->moves, max - 1) == -E2BIG &&
	       moves_plan(model->part, model->n_parts, model->spare, scratch,
			  model->moves, max) == n;
}

/* What the purgatory does: page by page, or as memmove(3), which must not differ. */
static inline void model_move(uint64_t *memory, const struct move *move, bool at_once)
{
	if (at_once)
		memmove(memory + move->to, memory + move->from,
			move->pages * sizeof(*memory));
	for (size_t i = 0; i < move->pages && !at_once; i++)
		memory[move->to + i] = memory[move->from + i];
}

static inline bool model_in_range(const struct model *model, const struct move *move)
{
	return move->pages && move->pages <= MOVES_RUN_PAGES &&
	       move->to <= model->frames - move->pages &&
	       move->from <= model->frames - move->pages;
}

/* Does what is checked before the first move hold each page of the parts once? */
static inline bool model_checks_all(const struct model *model)
{
	uint8_t checked[MODEL_FRAMES] = { 0 };
	size_t pages = moves_pages(model->part, model->n_parts);

	for (ssize_t i = 0; i < model->n_moves; i++) {
		const struct move *move = &model->moves[i];

		if (!model_in_range(model, move))
			return false;
		for (size_t j = 0; j < move->pages && move->from != model->spare; j++)
			checked[move->from + j]++;
	}
	for (size_t i = 0; i < pages; i++)
		if (checked[model->from[i]]-- == 0)
			return false;
	for (size_t i = 0; i < model->frames; i++)
		if (checked[i])
			return false;
	return true;
}

/* Is all where it should be, and all else as it was? */
static inline bool model_is_moved(const struct model *model)
{
	uint64_t wanted[MODEL_FRAMES];

	for (size_t i = 0; i < model->frames; i++)
		wanted[i] = i;
	for (size_t i = 0; i < model->n_parts; i++)
		memcpy(wanted + model->part[i].to, model->part[i].from,
		       model->part[i].pages * sizeof(*wanted));
	wanted[model->spare] = model->memory[model->spare];
	return memcmp(wanted, model->memory, model->frames * sizeof(*wanted)) == 0;
}

static inline bool model_run(struct model *model, bool at_once)
{
	model->n_cycles = 0;
	for (size_t i = 0; i < model->frames; i++)
		model->memory[i] = i;
	for (ssize_t i = 0; i < model->n_moves; i++) {
		model->n_cycles += model->moves[i].to == model->spare;
		model_move(model->memory, &model->moves[i], at_once);
	}
	return model_is_moved(model);
}

/* Plans and tries it out. Is the plan right? */
static inline bool model_is_right(struct model *model)
{
	if (!model_plan(model) || model->n_moves < 0)
		return false;
	return model_checks_all(model) && model_run(model, true) &&
	       model_run(model, false);
}
