/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The purgatory: a piece of code of our own that runs between the two kernels. It sees
 * whether the target's pages are still what they were, moves them to their place, and
 * enters the next kernel. If a page is not what it was, it says so on the serial port and
 * resets the machine, which leads back into the distro; so does every exception.
 *
 * It is one segment for kexec_load(2), whose kernel enters it at its first byte: in long
 * mode, with interrupts off and memory identity mapped (arch/x86/kernel/
 * relocate_kernel_64.S). It runs at any address that is a multiple of 4096; not in guests
 * with encrypted memory (SEV, TDX), whose addresses are not what they seem.
 */

#include <stddef.h>
#include <stdint.h>

/* One copy of whole 4 KiB pages; to and from may overlap. */
struct move {
	uint64_t to, from; /* page frame numbers; equal: the pages are only checked */
	uint32_t pages;
	uint32_t crc; /* crc32c() of what lies at from before any move */
};

/*
 * First the array is checked, then all moves, then all are made, in its order. Whoever
 * plans them sees to it that
 * - no move overwrites what a later one reads, but where that one means the new contents,
 *   as those from the spare page do;
 * - none overwrites the purgatory, the array or the page table;
 * - the page table maps all of these, all frames, the next kernel with its init_size and
 *   what its boot_params point to, each at its own address and writable.
 * The table that the running kernel enters with maps all RAM, but lies somewhere in it:
 * it will do only where every move goes to memory of a segment.
 */
struct purgatory_job {
	/* Physical address of tables as page_tables_build() makes them: CR4 says which of
	   their roots it is to be; 0: keep the one it is entered with. */
	uint64_t page_tables;
	uint64_t moves; /* physical address of an array of struct move */
	uint64_t n_moves;
	uint64_t spare; /* the frame that breaks cycles: a move from it is not checked;
			   UINT64_MAX: there is none */
	uint64_t entry; /* of the next kernel, by the 64-bit boot protocol; physical */
	uint64_t boot_params; /* physical; goes to rsi */
	uint32_t moves_crc;   /* crc32c() of the array */
	uint16_t serial_port; /* I/O port of a 16550 to complain on; 0: none */
};

/* The memory it needs, with stack and tables: a multiple of 4096. */
size_t purgatory_bytes(void);

/* Puts it into a buffer of purgatory_bytes(), all zero, at any alignment. */
void purgatory_place(void *buffer, const struct purgatory_job *job);
