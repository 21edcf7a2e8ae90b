/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Where the payload lies now: memory that nothing else may be put into. Pure. */

#include <stddef.h>
#include <sys/types.h>

#include "pivot/kexec/spans.h"
#include "pivot/kexec/moves.h"

/*
 * The addresses of all pages of the parts, sorted, touching ones as one span. spans is
 * also what it works in: room for one span a page always does; pages that lie in their
 * order, up or down, share one from the beginning. The number of spans; -E2BIG: more than
 * max; -EINVAL: a frame is there twice, as no file has it.
 */
ssize_t sources_collect(const struct moves_part *parts, size_t n, struct span *spans,
			size_t max);
