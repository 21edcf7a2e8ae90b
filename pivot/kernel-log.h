/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What the kernel says while something is tried. Source:
 * Documentation/ABI/testing/dev-kmsg */

#include <stddef.h>

/* A descriptor at the end of <root>/dev/kmsg, or negative errno. */
int kernel_log_open(const char *root);

/*
 * What the kernel itself has said since, the last lines with "; " between; "" where that
 * is nothing. Returns text.
 */
const char *kernel_log_since(int fd, char *text, size_t size);
