/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What can be known of the jump before anything is touched. */

#include "findings.h"
#include "initramfs/handover.h"
#include "pivot/kexec/kernel.h"
#include "pivot/options.h"
#include "pivot/tree/tree.h"

struct preflight {
	const char *root; /* for reading: "" is this machine */
	const struct options *options;
	const struct tree *tree;
	const struct kernel_image
		*kernel; /* NULL: the tree's is none, and that was said */
	enum takeover takeover;
	size_t image_bytes;
};

/*
 * Adds what all checks find: refusals, warnings and notes, each a sentence with what to
 * do. May take some seconds where something hangs, and never hangs with it.
 */
void preflight_check(const struct preflight *preflight, struct findings *findings);

/* Memory the load will need at its height, in bytes; and in words how it adds up. */
uint64_t preflight_memory(const struct preflight *preflight, char *words,
			  size_t words_size);
