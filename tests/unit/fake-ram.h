/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The fake machine's RAM above 1 MiB, which this process has at the same addresses: what
 * was given to kexec_load(2) can be put there, and what the purgatory does be done.
 */

#include <stdbool.h>

#include "pivot/kexec/payload.h"
#include "pivot/kexec/purgatory.h"

enum {
	RAM_START = 256 << 20,
	RAM_BYTES = 8 << 20,
	RAM_PAGE = 4096,
	RAM_PAGES = RAM_BYTES / RAM_PAGE,
	RAM_FIRST = RAM_START / RAM_PAGE, /* frame */
};

/* Needs a fake root: a BIOS' map and zero page, a serial console. Full of junk. */
void ram_start(void);

/* Full of junk again. */
void ram_fill(void);

/* Each page of a file that is mapped lies in this frame: in memory, and by pagemap(5). */
void ram_lay(const struct payload_file *file, const uint64_t *frames);

/* What lies there; the test ends where it is not in the RAM. */
uint8_t *ram_at(uint64_t address, size_t n);

/* Puts the segments of fake_loaded() where they belong. The job of the purgatory, which
 * is the first and is entered at its first byte. */
const struct purgatory_job *ram_place(void);

/* Do the job's page tables map the address to itself, writable? */
bool ram_is_mapped(const struct purgatory_job *job, uint64_t address);
