/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * In which order pages get to their places, so that none is overwritten before it was
 * read. Pure; frames are numbers of 4 KiB page frames.
 */

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "pivot/kexec/purgatory.h"

enum {
	MOVES_RUN_PAGES = 256,	   /* of one move: a crc stands for 1 MiB at most */
	MOVES_PAGES_MAX = 1 << 29, /* of all parts: 2 TiB */
};

/* Instead of a spare frame, to count moves before there is one. */
#define MOVES_NO_SPARE UINT64_MAX

/* What is to be contiguous: a kernel, an initrd. */
struct moves_part {
	uint64_t to;	      /* frame of its first page at the destination */
	const uint64_t *from; /* the frame of each page now */
	size_t pages;
};

/* Of all parts; scratch needs two uint32_t for each. */
size_t moves_pages(const struct moves_part *parts, size_t n);

/*
 * The moves, to be made in their order, each page by page from its first on, or as
 * memmove(3) does it; first those that only check what is in place. All can be checked
 * before any is made, and each page of the parts is in exactly one then. Not so a move
 * from the spare frame: nothing is there yet, and it will be what an earlier move, to the
 * spare frame, was checked for. crc is left 0.
 *
 * spare: a frame that is neither source nor destination; cycles go through it, one at a
 * time. moves may be NULL, with max 0, to count: the number is the same for any spare
 * frame, and at most 1.5 times that of the pages.
 *
 * The number of moves; -E2BIG: more than max; -EINVAL: parts overlap at the destination,
 * have more than MOVES_PAGES_MAX pages or no frames of this architecture, a frame at the
 * destination is the source of two pages, or the spare frame is not spare. (A frame that
 * is the source of two pages elsewhere does no harm here; sources_collect() refuses it.)
 */
ssize_t moves_plan(const struct moves_part *parts, size_t n, uint64_t spare,
		   uint32_t *scratch, struct move *moves, size_t max);
