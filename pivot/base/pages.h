/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { PAGE_BYTES = 4096 }; /* of this architecture */

/* As many bytes as the pages have that these take. */
static inline uint64_t pages_whole(uint64_t bytes)
{
	return (bytes + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
}

/* Memory of whole pages, zeroed, that no child inherits. NULL where there is none. */
void *pages_get(size_t bytes);

/*
 * Keeps a file in memory (memfd, tmpfs) from being swapped out, as long as this process
 * lives and does not end in another program; its children do not. In vain where that is
 * not permitted.
 */
void pages_keep_file(int fd, uint64_t bytes);

/* bytes: as for pages_get(). NULL is let pass. */
void pages_free(void *pages, size_t bytes);
