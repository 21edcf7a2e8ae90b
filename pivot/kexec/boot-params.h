/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The boot block: all that the next kernel is told, in one piece that needs to lie
 * somewhere in RAM. Its zero page, then the command line, EFI's runtime map and the
 * setup_data. The same that kexec_file_load(2) tells it (arch/x86/kernel/
 * kexec-bzimage64.c), and memory maps of more than 128 entries too, which that cuts off.
 * Source: Documentation/arch/x86/{boot,zero-page}.rst. Nothing here allocates or logs.
 */

#include <stddef.h>
#include <stdint.h>

struct firmware;
struct memory_map;

enum {
	/* A 64-bit loader jumps here behind the start of the protected-mode part, with
	 * the block's address in rsi. */
	BOOT_ENTRY_64 = 0x200,
	BOOT_SEED_BYTES = 32,
	BOOT_BLOCK_ALIGN = 16,
};

struct boot_request {
	const uint8_t *setup; /* the kernel file's first part, see kernel.h */
	size_t setup_bytes;
	const struct memory_map *map;
	const struct firmware *firmware;
	const char *command_line;
	/*
	 * Physical; 0 bytes: none. With EFI rather give it a page of zeroes: a kernel
	 * without an initrd takes the one of a table (LINUX_EFI_INITRD_MEDIA_GUID) that
	 * an EFI stub left for the running kernel, and that is long overwritten.
	 */
	uint64_t initrd, initrd_bytes;
	/* For the next kernel's random numbers, which counts it as such; all 0: none. */
	uint8_t seed[BOOT_SEED_BYTES];
};

size_t boot_block_bytes(const struct boot_request *request);

/*
 * Builds the block to be placed at this physical address, a multiple of
 * BOOT_BLOCK_ALIGN. ret: boot_block_bytes() zeroes, aligned as malloc(3) does. They hold
 * the seed: wipe them when they are loaded.
 */
void boot_block_build(const struct boot_request *request, uint64_t address, void *ret);
