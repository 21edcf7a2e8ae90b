/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * A tarball, read once. Its files are kept unnamed; links are followed inside it only.
 * tar in any dialect, plain or compressed with gzip, xz, zstd or bzip2, by content.
 */

#include <stddef.h>
#include <sys/types.h>

enum {
	TARBALL_MAX_MEMBERS = 4096,
	TARBALL_MAX_FILES = 512, /* kept, each on a descriptor */
};

struct tarball_member {
	char *path;   /* "kexec/bzImage": no leading slash, no "." and ".." */
	char *target; /* of a link; a hard link's begins with a slash */
	mode_t type;  /* S_IFREG and so on; hard links count as S_IFLNK */
	int fd;	      /* a regular file's content, read-only; -1: empty or not a file */
	off_t size;
};

struct tarball {
	struct tarball_member *members;
	size_t n;
	size_t n_files;
};

/* Reads all of fd. 0 or negative errno, logged; tarball_done() either way. */
int tarball_read(int fd, const char *shown, struct tarball *ret);
void tarball_done(struct tarball *tarball);

/*
 * The member that path leads to, or is where it is a link and follow is 0. NULL: errno is
 * ENOENT, ELOOP, or EXDEV where the path leads out. ret_dangling: the link that led
 * nowhere, or NULL.
 */
const struct tarball_member *tarball_find(const struct tarball *tarball, const char *path,
					  int follow,
					  const struct tarball_member **ret_dangling);
