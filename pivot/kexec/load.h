/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Loading the target: harmless until the jump, and undone by kexec_unload(). */

#include <stdbool.h>
#include <stddef.h>

#include "kernel.h"
#include "pivot/tree/tree.h"
#include "why.h"

/* The ways to load, best first. */
enum loader {
	LOADER_GATHER,	    /* kexec_load(2) of a list of moves, by our init: gather.h */
	LOADER_LOAD,	    /* kexec_load(2) of all there is */
	LOADER_FILE,	    /* kexec_file_load(2) */
	LOADER_KEXEC_TOOLS, /* kexec(8), which travels in the tool */
	LOADERS,
};

/* "gather", "load", "file", "kexec-tools". */
const char *loader_name(enum loader loader);

/*
 * By kexec_load(2), with segments that the kernel copies out of the mapped files. 0; or
 * negative errno, and why says what failed.
 */
int load_whole(const char *root, const struct tree *tree,
	       const struct kernel_image *kernel, char why[WHY_BYTES]);

/* The same by kexec_file_load(2). */
int load_files(const struct tree *tree, char why[WHY_BYTES]);

/* Gives the loaded image up. 0 or negative errno, logged. */
int kexec_unload(void);

/* What an errno of a load means and what to do. */
const char *kexec_explain(const char *root, enum loader loader, int error);

/* Lockdown, of whatever level: kexec_load(2) is forbidden. */
bool kexec_is_locked_down(const char *root);

/* Is an image loaded? 1, 0, or -EOPNOTSUPP where the kernel has no kexec. */
int kexec_is_loaded(const char *root);
