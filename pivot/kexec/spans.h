/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Sets of physical addresses: sorted, apart from each other, none of them empty. */

#include <stddef.h>
#include <stdint.h>

struct span {
	uint64_t start, end; /* behind the last byte */
};

enum { SPANS_MAX = 1024 };

struct spans {
	size_t n;
	struct span span[SPANS_MAX];
};
