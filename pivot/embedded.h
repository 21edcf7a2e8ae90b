/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The files that travel inside the tool. */

#include <stddef.h>

struct embedded {
	const char *name; /* "init", "busybox", "kexec", "image.list", "there.sh" */
	const unsigned char *data;
	size_t size;
};

/* NULL where there is none of that name. */
const struct embedded *embedded_find(const char *name);
