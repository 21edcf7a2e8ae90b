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

/* 0 or negative errno, logged. *ret needs image_done() either way. */
int image_build(const struct handover *handover, struct image *ret);

/* Unpacks it into a directory. 0 or negative errno, logged. */
int image_unpack(const struct image *image, const char *directory);

void image_done(struct image *image);
