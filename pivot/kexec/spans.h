/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Sets of physical addresses: sorted, apart from each other, none of them empty. */

#include <stddef.h>
#include <stdint.h>

struct span {
	uint64_t start, end; /* behind the last byte */
};

/*
 * More than the ranges of a memory map and of EFI's runtime services together
 * (MEMORY_RANGES_MAX, FIRMWARE_RUNTIME_MAX): only what is taken out of the middle of
 * spans can fill the table. Where it would be full, the smallest span goes.
 */
enum { SPANS_MAX = 1024 };

struct spans {
	size_t n; /* less than SPANS_MAX */
	struct span span[SPANS_MAX];
};

/* Puts [start, end) in, and takes it out. An empty one (end <= start) does nothing. */
void spans_add(struct spans *spans, uint64_t start, uint64_t end);
void spans_remove(struct spans *spans, uint64_t start, uint64_t end);
