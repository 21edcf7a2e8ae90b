/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The image of the stage: a newc cpio with the files of initramfs/image.list, the same
 * bytes for the same handover. Source of the format:
 * Documentation/driver-api/early-userspace/ buffer-format.rst.
 */

#include <stddef.h>

#include "initramfs/handover.h"

struct image {
	void *data;
	size_t size; /* bytes */
};

/* One that is not in the list: its path without a "/" before it. */
struct image_file {
	const char *path;
	const void *data;
	size_t size; /* bytes */
};

/*
 * With more files, each with the folders it is in. 0 or negative errno, logged. *ret
 * needs image_done() either way.
 */
int image_build(const struct handover *handover, const struct image_file *files, size_t n,
		struct image *ret);

/*
 * The same compressed with gzip, which every kernel with an initramfs can unpack that
 * distros build.
 */
int image_build_compressed(const struct handover *handover,
			   const struct image_file *files, size_t n, struct image *ret);

/* How long that is at most, in bytes. */
size_t image_bound(const struct image_file *files, size_t n);

/* Unpacks it into a directory. 0 or negative errno, logged. */
int image_unpack(const struct image *image, const char *directory);

void image_done(struct image *image);
