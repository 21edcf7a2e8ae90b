/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The machine's memory as its firmware told the running kernel, and what of it a loader
 * may use. Nothing here allocates or logs.
 */

#include <stddef.h>
#include <stdint.h>

#include "spans.h"

struct firmware;

/* As e820 numbers them: arch/x86/include/asm/e820/types.h. */
enum memory_type {
	MEMORY_RAM = 1,
	MEMORY_RESERVED = 2,
	MEMORY_ACPI = 3,
	MEMORY_NVS = 4,
	MEMORY_UNUSABLE = 5,
	MEMORY_PMEM = 7,
	MEMORY_PRAM = 12,
};

#define MEMORY_SOFT_RESERVED 0xefffffffU

struct memory_range {
	uint64_t start, end; /* behind the last byte */
	uint32_t type;
};

enum { MEMORY_RANGES_MAX = 512 };

struct memory_map {
	size_t n;
	struct memory_range range[MEMORY_RANGES_MAX];
};

/*
 * /sys/firmware/memmap (drivers/firmware/memmap.c), sorted by start. Ranges that overlap
 * are kept so: the next kernel settles that, as with a BIOS. Types whose name is not
 * known are reserved. Left out is what is empty, ends before it starts, or ends with the
 * last byte of 64 bits.
 *
 * 0; -EFBIG where there are more than MEMORY_RANGES_MAX; -ENODATA without any; or the
 * errno of the first entry that cannot be read or is no number, since with a map that has
 * holes the next kernel would put devices onto memory. On errors *ret is of no use.
 */
int memory_map_read(const char *root, struct memory_map *ret);

/*
 * Where something may be put for the next kernel: whole pages of RAM between 1 MiB and
 * 64 GiB that are nothing else in the map too. On EFI machines without the pages that
 * page_flags_remove() takes out: 0 or its errors, and *ret then is of no use.
 */
int memory_usable(const char *root, const struct memory_map *map, struct spans *ret);

/*
 * What page tables for the jump should map: RAM, ACPI's memory, EFI's runtime services
 * and, as the kernel always does, the first MiB. To the byte, at any height.
 */
void memory_mapped(const struct memory_map *map, const struct firmware *firmware,
		   struct spans *ret);
