/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Swap areas, and block devices that stand on others. */

#include <stdbool.h>
#include <stddef.h>

enum { SWAPS_MAX = 32, BLOCKS_MAX = 256 };

struct swaps {
	size_t n;
	char path[SWAPS_MAX][256];
};

/* <root>/proc/swaps; see proc_swaps(5). 0 or negative errno. None: 0. */
int swaps_read(const char *root, struct swaps *ret);

/* Fills from the text of /proc/swaps, which it takes apart. */
void swaps_parse(char *text, struct swaps *ret);

enum block_kind { BLOCK_DM, BLOCK_MD, BLOCK_LOOP };

struct block {
	enum block_kind kind;
	char device[32];  /* the kernel's name: "dm-0" */
	char detail[160]; /* dm: its name; loop: the file behind it; md: its level */
};

struct blocks {
	size_t n;
	bool has_more;
	struct block block[BLOCKS_MAX];
};

/*
 * <root>/sys/block: every active device-mapper, md and loop device, in no order (what
 * stands on what shows when the kernel refuses to let one go). 0 or negative errno.
 */
int blocks_read(const char *root, struct blocks *ret);

/* Is it still there, and in use by the kernel? */
bool block_is_active(const char *root, const struct block *block);
