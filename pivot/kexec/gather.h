/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The loader that copies nothing: the payload's pages stay where they are, pinned, and
 * kexec_load(2) gets the control segment alone, with a list of moves by which the
 * purgatory brings them to their place after the jump. So the kernel needs memory for a
 * few MiB only, and its rule that no more than half of the memory may be loaded does not
 * matter.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host.h"
#include "kernel.h"
#include "layout.h"
#include "payload.h"
#include "why.h"

/* What is moved: the kernel, and what becomes its initrd: that, the extra, the report. */
enum { GATHER_PARTS = PAYLOAD_FILES - PAYLOAD_KERNEL };

struct gather {
	const char *root;
	struct payload *payload;
	struct host host;
	struct kernel_image kernel;
	struct layout layout;
	size_t pages;	  /* of all parts */
	uint64_t *frames; /* one each; what was told to the kernel */
};

/*
 * Loads the payload, which is checked. The pages stay pinned as long as this
 * process lives: it has to be the one that jumps. 0; or negative errno, and why says what
 * failed. *gather needs gather_done() either way, and the payload lives longer than it.
 */
int gather_load(const char *root, struct payload *payload, struct gather *gather,
		char why[WHY_BYTES]);

/* Do all pages still lie where it was told to the kernel? */
bool gather_is_true(const struct gather *gather);

void gather_done(struct gather *gather);
