/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Every reason to refuse, found before anything is touched. */

#include "initramfs/handover.h"
#include "options.h"
#include "pivot/kexec/kernel.h"
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

/* Logs each reason as a sentence with its way out. How many there are. */
unsigned int preflight_check(const struct preflight *preflight);

/* Memory the load will need at its height, in bytes; and in words how it adds up. */
uint64_t preflight_memory(const struct preflight *preflight, char *words,
			  size_t words_size);
