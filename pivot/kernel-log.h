/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What the kernel says. Source: Documentation/ABI/testing/dev-kmsg */

#include <stdbool.h>
#include <stddef.h>

/* A descriptor at the end of <root>/dev/kmsg, or negative errno. */
int kernel_log_open(const char *root);

/*
 * What the kernel itself has said since, the last lines with "; " between; "" where that
 * is nothing. Returns text.
 */
const char *kernel_log_since(int fd, char *text, size_t size);

/*
 * Has the kernel itself said such a line since it started? 1; 0; or negative errno: it is
 * not there, and the log cannot be read, or (-ENODATA) is not whole any more.
 */
int kernel_log_has(const char *root, bool (*is_it)(const char *line));
