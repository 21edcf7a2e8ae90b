/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * A tarball, read once. Its files are kept unnamed; links are followed inside it only.
 * tar in any dialect, plain or compressed with gzip, xz, zstd or bzip2, by content.
 */

#include <limits.h>
#include <stddef.h>
#include <sys/types.h>

enum {
	TARBALL_MAX_MEMBERS = 1024,
	TARBALL_MAX_FILES = 512, /* kept, each on a descriptor */
	TARBALL_MAX_DEPTH = 32,	 /* folders in one another */
};

struct tarball_member {
	char *path; /* "kexec/bzImage": as tarball_clean_path() makes it */
	size_t path_bytes;
	char *target; /* of a link; a hard link's begins with a slash */
	mode_t type;  /* S_IFREG and so on; hard links count as S_IFLNK */
	int fd;	      /* a regular file's content, read-only; -1: not a file */
	off_t size;
};

struct tarball {
	struct tarball_member *members;
	size_t n;
	size_t n_files;
};

/*
 * Reads all of fd, within the bounds above and those of unpacker.h. 0 or negative errno,
 * logged: -EXDEV where a member leads out; tarball_done() either way.
 */
int tarball_read(int fd, const char *shown, struct tarball *ret);
void tarball_done(struct tarball *tarball);

/*
 * The member that path leads to, or NULL: errno is ENOENT, ELOOP, or EXDEV where it leads
 * out. *ret_link: the last link on the way, or NULL.
 */
const struct tarball_member *tarball_find(const struct tarball *tarball, const char *path,
					  const struct tarball_member **ret_link);

/*
 * "/./a//b/../c" becomes "a/c". 0; -EXDEV where it climbs out; -ENAMETOOLONG, also for
 * more than TARBALL_MAX_DEPTH.
 */
int tarball_clean_path(const char *path, char clean[PATH_MAX]);
