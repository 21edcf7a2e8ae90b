/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Hooks: scripts of the user's that the stage's busybox runs, "sh FILE teardown" when the
 * distro has ended and its filesystems are still there, below $OLDROOT, and "sh FILE
 * jump" when the machine is at rest. pivot-kexec(8), "Hooks".
 */

#include <stddef.h>

#include "image.h"
#include "initramfs/handover.h"
#include "pivot/base/cleanup.h"

enum { HOOK_MAX_BYTES = 1024 * 1024 };

struct hooks {
	size_t n;
	struct image_file file[HOOKS_MAX]; /* as the image has them */
};

/*
 * Reads those files, at most HOOKS_MAX, and names them in the handover. 0 or negative
 * errno, logged. *ret needs hooks_done() either way.
 */
int hooks_read(const char *const *files, size_t n, struct handover *handover,
	       struct hooks *ret);

void hooks_done(struct hooks *hooks);
