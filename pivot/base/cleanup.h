/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Scope-bound release: declare where you acquire. Never mix with goto.
 *
 *	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);
 *	auto_free char *text = NULL;
 */

#include <stdlib.h>
#include <unistd.h>

#define auto_release(fn) __attribute__((cleanup(fn)))
#define auto_close	 auto_release(close_fdp)
#define auto_free	 auto_release(free_pp)

static inline void close_fdp(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd); /* nothing is written through these */
}

static inline void free_pp(void *pp)
{
	free(*(void **)pp);
}

/* Hands the value on and disarms the release: return take_fd(&fd); */
static inline int take_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

/* The same for a pointer. */
#define take_ptr(pp)                         \
	({                                   \
		typeof(*(pp)) taken = *(pp); \
		*(pp) = NULL;                \
		taken;                       \
	})
