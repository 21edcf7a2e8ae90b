/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The middle kernel's initrd, in one file in memory, which any loader takes:
 *
 *	a page		a cpio header whose entry is no file: the kernel skips what it
 *			describes, without a copy and without a word
 *	kernel, initrd	of the target, in whole pages each, behind its initrd what is
 *			appended to it, and room for the report.
 *			retain_initrd makes the middle kernel leave them where they are,
 *			and from there they are loaded: payload.h, "retained"
 *	image		the stage's, compressed, with the modules and what is to be
 *			known of the target
 *
 * Source: init/initramfs.c, do_header(): of what is neither a regular file nor a link and
 * has a body nothing is read.
 */

#include "kernel.h"
#include "modules.h"
#include "pivot/image.h"
#include "pivot/tree/tree.h"

struct middle_request {
	const struct tree *target;
	const struct kernel_image *kernel; /* the target's */
	const struct middle_modules *modules;
	const struct handover *handover; /* for the init of the middle kernel */
	const struct image_file *files;	 /* more, for the same */
	size_t n_files;
};

/* How long it will be at most, in bytes. */
uint64_t middle_initrd_bound(const struct middle_request *request);

/* The image alone, as it is without a target. 0 or negative errno, logged. */
int middle_image(const struct middle_request *request, struct image *ret);

/* Writes it into a new file. 0; -E2BIG: the target is too large for that; -ESTALE: its
 * files changed meanwhile; or negative errno; logged. */
int middle_initrd_write(const struct middle_request *request, int fd);
