/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What is in a module's or a firmware's file, which may be compressed. */

#include <stddef.h>

struct contents {
	void *data; /* to be freed; not NULL */
	size_t size;
};

/*
 * The whole of a file of at most max bytes. ending: ".gz", ".xz" or ".zst" for what is to
 * be unpacked, which max is about then; "": nothing. 0; -EFBIG; -EBADMSG where it is not
 * that, or damaged; another negative errno.
 */
int contents_read(const char *path, const char *ending, size_t max, struct contents *ret);
