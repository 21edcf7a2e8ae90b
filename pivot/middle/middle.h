/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The first hop of a two-stage jump: a kernel in the middle, with our stage as its
 * initramfs and the target behind it, as a tree like any other.
 */

#include "initrd.h"
#include "kernel.h"
#include "modules.h"
#include "pivot/kexec/kernel.h"
#include "pivot/tree/tree.h"

enum { MIDDLE_COMMAND_LINE_BYTES = 2048 };

struct middle {
	struct middle_kernel kernel;
	struct middle_modules modules;
	struct handover handover; /* for the init there */
	struct tree tree; /* that is loaded: its initrd is there when it is made */
};

#define MIDDLE_INIT                                             \
	{                                                       \
		.kernel = MIDDLE_KERNEL_INIT, .tree = TREE_INIT \
	}

/* What it is to be made of. */
struct middle_plan {
	const char *root;
	struct middle_choice choice;
	bool is_target; /* the target's own kernel, with its built-in drivers alone */
	const struct hardware *hardware;
	const struct handover *handover; /* of the first hop */
	const struct image_file *files;	 /* for the stage there */
	size_t n_files;
	const struct tree *target; /* may have no kernel, where there is none */
	const struct kernel_image *target_kernel;
};

/*
 * Finds the kernel and its modules, and makes the command line; changes nothing. 0 or
 * negative errno, logged. *ret needs middle_done() either way.
 */
int middle_prepare(const struct middle_plan *plan, struct middle *ret);

/* Makes the tree's initrd, in memory. 0 or negative errno, logged. */
int middle_make(const struct middle_plan *plan, struct middle *middle);

void middle_done(struct middle *middle);
