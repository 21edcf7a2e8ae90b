/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Reading below a root. Everything that looks at /sys, /proc or /dev takes a root as its
 * first argument: "" is the machine itself, a directory is a recorded one. Nothing here
 * allocates, so the init may call all of it.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "macros.h"

/* "<root><formatted path>" into buf. 0 or -ENAMETOOLONG. */
printf_like(4, 5) int read_path(char *buf, size_t size, const char *root,
				const char *format, ...);

/*
 * The whole file as a string without its trailing newlines. Its length in bytes, or
 * negative errno; -EFBIG where it does not fit (buf then holds the beginning).
 */
printf_like(4, 5) ssize_t
	read_text(char *buf, size_t size, const char *root, const char *format, ...);

/* The file's single number (base 10, or 16 with or without 0x). 0 or negative errno. */
printf_like(4, 5) int read_u64(uint64_t *ret, int base, const char *root,
			       const char *format, ...);

/* The first word behind "NAME:" in a file such as /proc/self/status. 0, -ENOENT, ... */
int read_field(char *buf, size_t size, const char *root, const char *path,
	       const char *name);

/* Where a symlink points, as it stands. 0 or negative errno. */
printf_like(4, 5) int read_link(char *buf, size_t size, const char *root,
				const char *format, ...);

/* The last component of where a symlink points (a device's driver). 0 or negative errno.
 */
printf_like(4, 5) int read_link_name(char *buf, size_t size, const char *root,
				     const char *format, ...);

/* Does the path exist below the root? */
printf_like(2, 3) bool read_exists(const char *root, const char *format, ...);

/*
 * The entries of a directory, without "." and "..", in the kernel's order, with no
 * allocation (readdir(3) allocates):
 *
 *	struct dir dir;
 *	dir_for_each(&dir, name, root, "/sys/block") { ... }
 *	dir_done(&dir) is called at the loop's natural end; call it before a break.
 *
 * A directory that cannot be opened has no entries; dir.error then says why.
 */
struct dir {
	int fd;
	int error;
	size_t at, filled;
	_Alignas(8) char entries[2048];
};

void dir_open(struct dir *dir, const char *root, const char *path);
const char *dir_next(struct dir *dir);
void dir_done(struct dir *dir);

#define dir_for_each(dir, name, root, path)                                       \
	for (const char *name = (dir_open(dir, root, path), dir_next(dir)); name; \
	     name = dir_next(dir))
