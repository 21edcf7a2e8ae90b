/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Writes a tarball, in GNU's dialect: busybox passes over the names in pax headers, and
 * GNU tar complains of those that are no UTF-8. The same entries give the same bytes, on
 * whatever machine: all is root's and of 1970, and compression goes by a fixed number of
 * threads.
 */

#include <archive.h>
#include <archive_entry.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct pack {
	struct archive *archive;
	struct archive_entry *entry;
	char *chunk;
	const char *shown; /* the tarball, for people */
};

/* Does its name say how it is to be compressed? */
bool pack_knows(const char *name);

/* From now on fd is written to. 0 or negative errno, logged; pack_done() either way. */
int pack_open(int fd, const char *name, struct pack *ret);

/* Each of these adds one entry. 0 or negative errno, logged. mode: without the type. */
int pack_folder(struct pack *pack, const char *path, mode_t mode);
int pack_link(struct pack *pack, const char *path, const char *target);
int pack_text(struct pack *pack, const char *path, mode_t mode, const char *text,
	      size_t bytes);

/* A file's first bytes; shown is its name for people. -ESTALE: it has fewer. */
int pack_file(struct pack *pack, const char *path, mode_t mode, int fd, uint64_t bytes,
	      const char *shown);

/* The end of the tarball. 0 or negative errno, logged. */
int pack_finish(struct pack *pack);

void pack_done(struct pack *pack);
#define auto_pack auto_release(pack_done)
