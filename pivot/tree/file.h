/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Opening what people name: regular files only, never blocking, never a device. */

#include <stddef.h>
#include <sys/types.h>

/*
 * A regular, not empty file below folder_fd (or AT_FDCWD), read-only at offset 0. shown
 * is its name for people. The descriptor or negative errno, which is then logged.
 */
int file_open(int folder_fd, const char *path, const char *shown);

/* -EINVAL where mode is no regular file's, -ENODATA where it is empty; logged. */
int file_check(mode_t mode, off_t size, const char *shown);

/* A link's target by which the way out is told, target being "/nix/store/..." or not. */
int file_log_dangling(const char *shown, const char *target);

/*
 * Logs why path could not be opened with error, among it a dangling link. Returns error,
 * or -ENOENT.
 */
int file_log_open_error(int error, int folder_fd, const char *path, const char *shown);

/* The same file again, read-only, at offset 0. A descriptor or negative errno, silent. */
int file_reopen(int fd);

/* All of an open file up to max bytes, with a NUL behind. 0; -EFBIG; negative errno. */
int file_read(int fd, size_t max, char **ret, size_t *ret_n);
