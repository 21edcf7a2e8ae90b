/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What a bzImage is, from its bytes; kernel-kind.h has what a file is instead.
 * Sources: Documentation/arch/x86/boot.rst; arch/x86/kernel/kexec-bzimage64.c; the
 * PE/COFF specification.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	KERNEL_HEAD_BYTES = 64 * 1024, /* as much of the file as kernel_parse() wants */
};

struct kernel_image {
	uint16_t protocol;	   /* x86 boot protocol, 0x020f */
	uint32_t command_line_max; /* bytes without the NUL */
	uint32_t init_size;	   /* memory it needs to unpack itself, bytes */
	uint32_t setup_bytes;	   /* the file's first part, with the setup header */
	uint64_t protected_bytes;  /* what is behind it, to be loaded as it is */
	uint64_t pref_address;	   /* where it likes to be, physical */
	uint32_t alignment;	   /* of another place, if is_relocatable */
	bool is_relocatable;
	bool can_5_level;  /* start with page tables of 5 levels */
	bool is_signed;	   /* carries a PE signature (Secure Boot); nobody checked it */
	char release[128]; /* "6.1.0-32-amd64 (...)"; "" where it names none */
};

/* Does it have a bzImage's header, whatever that says? As bzImage64_probe() asks. */
bool kernel_is_bzimage(const uint8_t *head, size_t n);

/*
 * head: the first n bytes of a file of file_bytes (UINT64_MAX: not known). 0, and *ret,
 * for an x86-64 bzImage that kexec_file_load(2) takes. Else -ENOEXEC, and why_not says
 * what it is instead and the way out: "is gzip data: ...".
 */
int kernel_parse(const uint8_t *head, size_t n, uint64_t file_bytes,
		 struct kernel_image *ret, char *why_not, size_t why_not_size);

/*
 * The same of a setup part alone, without a word about what it is instead, for one that
 * was taken before. protected_bytes: of what is behind it. 0 or -ENOEXEC.
 */
int kernel_parse_setup(const uint8_t *setup, size_t n, uint64_t protected_bytes,
		       struct kernel_image *ret);

/* The same for an open file; leaves its offset alone. Also -EIO and the like. */
int kernel_read(int fd, uint64_t file_bytes, struct kernel_image *ret, char *why_not,
		size_t why_not_size);

/*
 * How long a command line kexec_file_load(2) takes for it, in bytes: it counts the NUL,
 * and keeps 30 bytes for a crash kernel's "elfcorehdr=".
 */
size_t kernel_command_line_room(const struct kernel_image *kernel);
