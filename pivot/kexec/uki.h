/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Unified kernel images (UKIs): EFI programs that carry a kernel, and mostly its initrd
 * and command line, in sections of their own. Where those are is read from the file's
 * beginning. Pure.
 * Sources: the UAPI group's UAPI.5; the PE/COFF specification.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum uki_part {
	UKI_LINUX,
	UKI_INITRD,
	UKI_UCODE, /* microcode: goes before the initrd */
	UKI_CMDLINE,
	UKI_PARTS,
};

/* Within the file, and none in another. */
struct uki_section {
	uint64_t at;
	uint64_t bytes; /* 0: there is none; UKI_LINUX always is */
};

struct uki {
	struct uki_section parts[UKI_PARTS];
	/* only what stands before them is looked at; a boot loader takes the first of
	 * them where nobody chooses */
	bool has_profiles;
};

/* ".linux" */
const char *uki_part_name(enum uki_part part);

/*
 * head: the first n bytes, KERNEL_HEAD_BYTES where it has so many, of a file of
 * file_bytes. 1, and *ret; 0: it is none; -EBADMSG: it is a broken one, and why_not says
 * how, with the way out: "is a unified kernel image whose ...".
 */
int uki_parse(const uint8_t *head, size_t n, uint64_t file_bytes, struct uki *ret,
	      char *why_not, size_t why_not_size);
