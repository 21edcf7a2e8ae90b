/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The control segment: what a loader of ours puts into memory beside the target's own
 * pages, in one piece. It begins with the purgatory, where the running kernel enters it.
 */

#include <stddef.h>
#include <stdint.h>

#include "boot-params.h"
#include "host.h"
#include "purgatory.h"

/* Its parts, as offsets of whole pages. */
struct control {
	size_t tables, boot, moves, spare, empty;
	size_t bytes; /* of all */
	size_t n_moves;
};

/*
 * What the next kernel is told, but for where its initrd lies, with a new seed: wipe it
 * when it is loaded.
 */
struct boot_request control_request(const struct host *host, const uint8_t *setup,
				    size_t setup_bytes, const char *command_line,
				    uint64_t initrd_bytes);

/* For so many moves. */
struct control control_measure(const struct host *host, const struct boot_request *boot,
			       size_t n_moves);

/* The moves in a buffer of the segment's bytes, for the caller to fill in. */
struct move *control_moves(const struct control *control, void *data);

/* The spare frame of a segment at this address. */
uint64_t control_spare(const struct control *control, uint64_t address);

/*
 * Fills the rest of the buffer, which was all zero, in. kernel: where the next one's
 * protected-mode part will lie.
 */
void control_build(const struct control *control, const struct host *host,
		   const struct boot_request *boot, uint64_t kernel, uint64_t address,
		   void *data);
