/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <sys/types.h>

/*
 * n bytes from offset at, or fewer where the file ends; leaves its offset alone. How
 * many, or negative errno.
 */
ssize_t file_read_at(int fd, void *buf, size_t n, off_t at);

/* All of it, where fd stands. 0 or negative errno. */
int file_write_all(int fd, const void *data, size_t n);
