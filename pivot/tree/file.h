/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Opening what people name: regular files only, never blocking, never a device. */

#include <sys/types.h>

/*
 * A regular, not empty file below folder_fd (or AT_FDCWD), read-only at offset 0. shown
 * is its name for people. The descriptor or negative errno, which is then logged.
 */
int file_open(int folder_fd, const char *path, const char *shown);

/* -EINVAL where mode is no regular file's, -ENODATA where it is empty; logged. */
int file_check(mode_t mode, off_t size, const char *shown);

/* Logs why it could not be opened. target: of the link that led nowhere, or NULL. */
int file_log_error(int error, const char *shown, const char *target);

/* The same file again, read-only, at offset 0. A descriptor or negative errno, logged. */
int file_reopen(int fd, const char *shown);
