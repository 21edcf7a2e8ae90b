/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Between a tarball's bytes and what reads them: takes the compression off, and lets no
 * more through than any kexec tarball has, whatever the reader does with it (keep, skip,
 * or swallow it as one entry's header).
 */

#include <archive.h>
#include <stdbool.h>
#include <stdint.h>

enum {
	UNPACKER_MAX_HEADER = 1 << 20, /* of one entry, its extended headers included */
	/* an initrd is compressed already: what grows further than this is a bomb */
	UNPACKER_MAX_GROWTH = 32,
	UNPACKER_FREE_BYTES = 16 << 20, /* so much may come of nearly nothing */
};

struct unpacker {
	struct archive *packed; /* the filters alone */
	uint64_t given;
	uint64_t header_end;  /* while a header is read: how far that may go, else 0 */
	bool is_broken;	      /* what is compressed is damaged, or ends too early */
	const char *too_much; /* why it gives no more: the end of "'x' ..."; or NULL */
};

/*
 * Opens tar, which the caller has made and told what formats to take, on what fd unpacks
 * to. ARCHIVE_OK, or what libarchive says, with the text in tar.
 */
int unpacker_open(struct unpacker *unpacker, int fd, struct archive *tar);

/* archive_read_next_header() within UNPACKER_MAX_HEADER. */
int unpacker_next(struct unpacker *unpacker, struct archive *tar,
		  struct archive_entry **ret);

/* How many bytes it has read so far, of those that are compressed. */
uint64_t unpacker_read(const struct unpacker *unpacker);

void unpacker_done(struct unpacker *unpacker);
