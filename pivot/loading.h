/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The target gets loaded: by the first loader that works. */

#include <stdbool.h>

#include "pivot/kexec/load.h"
#include "pivot/takeover/takeover.h"

/* What became of each, in memory that is shared with the steps. */
struct loading {
	const char *root;
	const struct tree *tree;
	const struct kernel_image *kernel;
	struct stage *stage;
	enum loader loader; /* that did it */
	bool is_final;	    /* it failed in a way that no other loader could mend */
	struct attempt {
		bool was_made;
		int error;
		bool has_ended; /* a program, and why says with what exit code */
		char why[WHY_BYTES];
	} attempt[LOADERS];
};

/* NULL, logged, where there is no memory. */
struct loading *loading_new(struct stage *stage, const struct tree *tree,
			    const struct kernel_image *kernel);

/* Was anything given to the kernel, that may be loaded now in place of what was? */
bool loading_has_begun(const struct loading *loading);

/*
 * Tries those loaders whose bits (1 << enum loader) are set, best first, each in steps.
 * The gathering one proves that the kernel takes the target, and unloads it: our init
 * loads it again at the end. 0, or negative errno, logged in one paragraph.
 */
int loading_run(struct loading *loading, unsigned int loaders);
