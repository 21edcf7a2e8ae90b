/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * How far long work is, for who sits at a terminal: one line on standard error, written
 * over and over, and gone at the end.
 *
 *	auto_progress struct progress progress = progress_start("copying it", bytes);
 *	...
 *	progress_add(&progress, n);
 *
 * gives, from half a second on and ten times a second at most,
 *
 *	copying it: 123 MiB of 800 MiB, 15 %, 85 MiB/s, 8 s left
 *
 * A child may do so, too: the line is the terminal's. Whoever logs something clears it
 * before, so a child that is killed leaves none behind; and so do Ctrl-C and SIGTERM,
 * where they end the process. One work at a time.
 */

#include <stdint.h>

#include "cleanup.h"

struct progress {
	const char *what;
	uint64_t total; /* bytes; 0: nobody knows */
	uint64_t done;
	uint64_t began_ms, next_ms; /* by clock_ms(); 0: it is not told */
};

/* From now on it is told, if standard error is a terminal that can do this. Before:
 * never. */
void progress_enable(void);

struct progress progress_start(const char *what, uint64_t total);

/* So many bytes more, or in all. progress may be NULL. */
void progress_add(struct progress *progress, uint64_t bytes);
void progress_at(struct progress *progress, uint64_t done);

/* No line is left; after it nothing is told any more. */
void progress_done(struct progress *progress);
#define auto_progress auto_release(progress_done)
