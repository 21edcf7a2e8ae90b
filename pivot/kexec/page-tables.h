/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Page tables for the purgatory, and for the kernel until it has its own: every address
 * is itself. Only what is in the spans is mapped, by pages of 1 GiB (wholly in them) and
 * 2 MiB (partly): processors read ahead of the program, and from holes that may end in a
 * machine check. Pure, but for page_tables_has_1g().
 * Sources: Intel SDM, volume 3, "Paging"; arch/x86/mm/ident_map.c.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pivot/kexec/spans.h"

/* What is behind that is not mapped. */
#define PAGE_TABLES_END (1ULL << 48)

/*
 * The first two tables are roots, for CR3: that of five levels has that of four as its
 * first entry. Which it is to be, bit 12 of CR4 (LA57) says at the time; there is no
 * turning it in long mode.
 */
enum {
	PAGE_TABLES_ROOT_5 = 0,
	PAGE_TABLES_ROOT_4 = 4096,
};

/* CPUID: can the processor do pages of 1 GiB (pdpe1gb)? */
bool page_tables_has_1g(void);

/* What page_tables_build() needs for the same spans: sorted, they may touch. */
size_t page_tables_bytes(const struct spans *mapped, bool has_1g);

/*
 * tables: zeroed memory, aligned for uint64_t; address: where it will lie, page aligned
 * and in one of the spans.
 */
void page_tables_build(void *tables, uint64_t address, const struct spans *mapped,
		       bool has_1g);
