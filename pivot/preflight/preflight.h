/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What can be known of the jump before anything is touched. */

#include "findings.h"
#include "initramfs/handover.h"
#include "pivot/keep/keep.h"
#include "pivot/kexec/kernel.h"
#include "pivot/middle/middle.h"
#include "pivot/options.h"
#include "pivot/tree/tree.h"

struct preflight {
	const char *root; /* for reading: "" is this machine */
	const struct options *options;
	const struct tree *tree;
	const struct kernel_image
		*kernel; /* NULL: the tree's is none, and that was said */
	/* what this kernel loads: the tree, or a middle kernel with the tree behind it */
	const struct tree *first;
	const struct kernel_image *first_kernel;
	const struct middle *middle;	   /* NULL: the jump has one hop */
	const struct device *asks_for_two; /* why it has two; NULL: the user wants it */
	const struct keep *keep; /* what goes to the target; NULL: that is not known */
	enum takeover takeover;
	size_t image_bytes;
	unsigned int loaders; /* that may be tried: 1 << enum loader */
};

/*
 * Those that may work on the machine below a root; choice: one of them, or -1. *ret_why
 * is why the others are left out; NULL: none is.
 */
unsigned int preflight_loaders(const char *root, int choice, const char **ret_why);

/*
 * Is the target short of memory for its unpacked initrd, where the command line lets the
 * kernel take a tmpfs for it, and would a ramfs do?
 */
bool preflight_wants_ramfs(const struct preflight *preflight);

/* Does the running kernel permit as many loads as gathering takes? */
bool preflight_may_gather(const char *root);

/* Is memory short, but enough with what is reserved for a crash kernel? */
bool preflight_wants_crash_memory(const struct preflight *preflight);

/* Is less memory free than needed, so that caches have to give way? */
bool preflight_wants_free_memory(const struct preflight *preflight);

/*
 * Adds what all checks find: refusals, warnings and notes, each a sentence with what to
 * do. May take some seconds where something hangs, and never hangs with it.
 */
void preflight_check(const struct preflight *preflight, struct findings *findings);

/* Memory that loading by the first of the loaders needs, in bytes; and how it adds up. */
uint64_t preflight_memory(const struct preflight *preflight, char *words,
			  size_t words_size);
