// SPDX-License-Identifier: GPL-2.0-or-later
#include "pivot/kexec/purgatory/moves.h"

#include "pivot/kexec/crc32c.h"

enum {
	PAGE_SHIFT = 12,
	PAGE_WORDS = 4096 / 8,
};

static void *page(uint64_t frame)
{
	return (void *)(uintptr_t)(frame << PAGE_SHIFT);
}

static const struct move *moves_of(const struct purgatory_job *job)
{
	return (const struct move *)(uintptr_t)job->moves;
}

bool purgatory_check(const struct purgatory_job *job, const struct move **changed)
{
	*changed = NULL;
	if (crc32c(0, moves_of(job), job->n_moves * sizeof(struct move)) !=
	    job->moves_crc)
		return false;
	for (uint64_t i = 0; i < job->n_moves; i++) {
		const struct move *move = &moves_of(job)[i];

		if (move->from == job->spare)
			continue;
		if (crc32c(0, page(move->from), (size_t)move->pages << PAGE_SHIFT) !=
		    move->crc) {
			*changed = move;
			return false;
		}
	}
	return true;
}

static void copy_page(uint64_t to_frame, uint64_t from_frame)
{
	void *to = page(to_frame);
	const void *from = page(from_frame);
	size_t words = PAGE_WORDS;

	__asm__ volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(words) : : "memory");
}

/* Pages never overlap in part: going by pages spares the slow copy with the flag set. */
static void make(const struct move *move)
{
	if (move->to < move->from)
		for (uint32_t i = 0; i < move->pages; i++)
			copy_page(move->to + i, move->from + i);
	else if (move->to > move->from)
		for (uint32_t i = move->pages; i-- > 0;)
			copy_page(move->to + i, move->from + i);
}

void purgatory_move(const struct purgatory_job *job)
{
	for (uint64_t i = 0; i < job->n_moves; i++)
		make(&moves_of(job)[i]);
}
