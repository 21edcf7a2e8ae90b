/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What is in a module's or a firmware's file, which may be compressed. */

#include <stdbool.h>
#include <stddef.h>

struct contents {
	void *data; /* to be freed; not NULL */
	size_t size;
};

/*
 * The whole of a file of at most max bytes. is_packed: compressed with gzip, xz or zstd;
 * then max is about what it is unpacked to. 0; -EFBIG; -EBADMSG where it is damaged;
 * another negative errno.
 */
int contents_read(const char *path, bool is_packed, size_t max, struct contents *ret);
