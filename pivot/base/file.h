/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

/*
 * A regular file for reading, with what stat(2) says of it; flags: O_NOFOLLOW or 0. A
 * descriptor; -EINVAL: it is none; or negative errno; silent.
 */
int file_open_regular(const char *path, int flags, struct stat *ret);

/*
 * n bytes from offset at, or fewer where the file ends; leaves its offset alone. How
 * many, or negative errno.
 */
ssize_t file_read_at(int fd, void *buf, size_t n, off_t at);

/* All of it, where fd stands. 0 or negative errno. */
int file_write_all(int fd, const void *data, size_t n);
