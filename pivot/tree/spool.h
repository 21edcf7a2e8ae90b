/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Unnamed files: written once, then read. They vanish with their last descriptor, so a
 * killed tool leaves nothing behind.
 */

#include <stdint.h>
#include <sys/types.h>

/* Where unnamed files go, and how much may be written in all. */
struct spool {
	int folder_fd;	  /* $TMPDIR, /var/tmp or /tmp; -1: in memory */
	const char *name; /* for people */
	uint64_t bytes_left;
	uint64_t memory_bytes; /* of the machine: no file of a tree can be larger */
};

#define SPOOL_INIT              \
	{                       \
		.folder_fd = -1 \
	}

/* For who has looked before whether there is room. */
#define SPOOL_IN_MEMORY                                                      \
	{                                                                    \
		.folder_fd = -1, .name = "memory", .bytes_left = UINT64_MAX, \
		.memory_bytes = UINT64_MAX                                   \
	}

int spool_open(struct spool *spool);
void spool_done(struct spool *spool);

/* A new empty file for writing. A descriptor or negative errno, logged. */
int spool_create(struct spool *spool);

/* The same in memory, whatever there is room for: with SPOOL_IN_MEMORY. */
int spool_create_in_memory(void);

/* Would a file of so many bytes fit? 0; -ENOSPC; -EFBIG: into no memory; logged. */
int spool_has_room(const struct spool *spool, uint64_t bytes);

/* The same, and counts them: for a hole. */
int spool_take(struct spool *spool, uint64_t bytes);

/* 0, or -ENOSPC and the like, logged. */
int spool_write(struct spool *spool, int fd, const void *data, size_t n, off_t at);

/*
 * Appends max bytes of from, from offset from_at on, or what it has of them, at *at of
 * fd, and moves *at behind them. 0 or negative errno, logged.
 */
int spool_copy(struct spool *spool, int from, off_t from_at, uint64_t max, int fd,
	       off_t *at);

/*
 * The file read-only. Closes the writer in any case, since kexec_file_load(2) refuses a
 * file that is open for writing (ETXTBSY). A descriptor or negative errno, logged.
 */
int spool_finish(int writer);
