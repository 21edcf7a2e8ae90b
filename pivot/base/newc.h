/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Writing a newc cpio by libarchive, which has nothing in it of this machine or this
 * moment: the same bytes every time. What fails is logged, as "cannot write WHAT (why)".
 * Source of the format: Documentation/driver-api/early-userspace/buffer-format.rst.
 */

#include <archive.h>
#include <archive_entry.h>
#include <stddef.h>
#include <stdint.h>

#include "cleanup.h"

struct newc {
	struct archive *archive;
	const char *what;
	unsigned int ino; /* of the last entry: no two are the same file */
};

#define NEWC_INIT \
	{         \
		0 \
	}
#define auto_newc	auto_release(newc_done)
#define auto_newc_entry auto_release(newc_entry_freep)

/* Sets it up, up to where archive_write_open_...() comes. 0 or negative errno. */
int newc_begin(struct newc *newc, const char *what);

/* An empty entry; NULL: no memory. */
struct archive_entry *newc_entry(const struct newc *newc);

/* Of bytes content, which newc_data() is to follow with. 0 or negative errno. */
int newc_header(struct newc *newc, struct archive_entry *entry, uint64_t bytes);
int newc_data(const struct newc *newc, const void *data, size_t bytes);

/* Writes the end. 0 or negative errno. */
int newc_end(const struct newc *newc);

/* The error that libarchive has met. */
int newc_error(const struct newc *newc);

void newc_done(struct newc *newc);
void newc_entry_freep(struct archive_entry **entry);
