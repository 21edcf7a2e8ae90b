// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include "head.h"
#include "kernel-kind.h"
#include "pe.h"
#include "pivot/base/cleanup.h"
#include "pivot/base/file.h"

/* The setup header of Documentation/arch/x86/boot.rst. */
enum {
	SETUP_SECTS = 0x1f1,
	SYSSIZE = 0x1f4, /* of the protected-mode part, in units of 16 bytes */
	BOOT_FLAG = 0x1fe,
	HEADER_MAGIC = 0x202,
	VERSION = 0x206,
	KERNEL_VERSION = 0x20e, /* where its version string is, less 0x200 */
	LOADFLAGS = 0x211,
	KERNEL_ALIGNMENT = 0x230,
	RELOCATABLE_KERNEL = 0x234,
	XLOADFLAGS = 0x236,
	CMDLINE_SIZE = 0x238,
	PREF_ADDRESS = 0x258,
	INIT_SIZE = 0x260,
	HEADER_END = 0x264,

	LOADED_HIGH = 1,
	XLF_KERNEL_64 = 1,
	XLF_CAN_BE_LOADED_ABOVE_4G = 2,
	XLF_5LEVEL = 32,

	OLDEST_PROTOCOL = 0x020c, /* the first with xloadflags */

	COMMAND_LINE_RESERVE = 31,
};

bool kernel_is_bzimage(const uint8_t *head_bytes, size_t n)
{
	struct head head = { .bytes = head_bytes, .n = n };

	return has_text(&head, HEADER_MAGIC, "HdrS") &&
	       has(&head, BOOT_FLAG, "\x55\xaa", 2);
}

/* The certificate table: data directory 4, which holds a place in the file and a size. */
static bool is_signed(const struct head *head, uint64_t file_bytes)
{
	uint64_t pe = pe_offset(head);
	uint64_t optional = pe + 24;
	bool is_plus = number(head, optional, 2) == 0x20b;
	uint64_t directories = optional + (is_plus ? 112 : 96);
	uint64_t at = number(head, directories + 32, 4);
	uint64_t size = number(head, directories + 36, 4);

	if (!pe || number(head, directories - 4, 4) < 5)
		return false;
	return at && size && size <= file_bytes && at <= file_bytes - size;
}

static uint64_t setup_bytes(const struct head *head)
{
	uint64_t sectors = number(head, SETUP_SECTS, 1);

	return ((sectors ? sectors : 4) + 1) * 512;
}

static int check_flags(const struct head *head, char *why_not, size_t size)
{
	unsigned int protocol = (unsigned int)number(head, VERSION, 2);
	uint64_t flags = number(head, XLOADFLAGS, 2);
	const char *sentence = NULL;

	if (!(number(head, LOADFLAGS, 1) & LOADED_HIGH))
		sentence = "is a zImage, which loads low: build it as a bzImage";
	else if (protocol >= OLDEST_PROTOCOL && !(flags & XLF_KERNEL_64))
		sentence = "is a 32-bit x86 kernel: a 64-bit one is needed";
	else if (protocol >= OLDEST_PROTOCOL && !(flags & XLF_CAN_BE_LOADED_ABOVE_4G))
		sentence =
			"cannot be loaded above 4 GiB, which kexec needs: build it with "
			"CONFIG_RELOCATABLE=y";
	if (sentence) {
		(void)snprintf(why_not, size, "%s", sentence);
		return -ENOEXEC;
	}
	if (protocol >= OLDEST_PROTOCOL)
		return 0;
	(void)snprintf(
		why_not, size,
		"speaks boot protocol %u.%02u, and kexec needs 2.12 or newer: take Linux "
		"3.8 or newer",
		protocol >> 8, protocol & 0xff);
	return -ENOEXEC;
}

/* Of a file whose size is not known, as much as its header says. */
static uint64_t protected_bytes(const struct head *head, uint64_t file_bytes)
{
	return file_bytes == UINT64_MAX ? number(head, SYSSIZE, 4) * 16
					: file_bytes - setup_bytes(head);
}

static int check_size(const struct head *head, uint64_t file_bytes, char *why_not,
		      size_t size)
{
	uint64_t wanted = setup_bytes(head) + number(head, SYSSIZE, 4) * 16;

	if (head->n >= HEADER_END && file_bytes >= wanted)
		return 0;
	(void)snprintf(
		why_not, size,
		"is a kernel cut short (%llu of %llu bytes): copy or download it again",
		(unsigned long long)file_bytes, (unsigned long long)wanted);
	return -ENOEXEC;
}

/*
 * bzImage64_load() puts all behind the setup part into init_size bytes: a page more, and
 * kexec_file_load(2) says EINVAL.
 */
static int check_init_size(const struct head *head, uint64_t file_bytes, char *why_not,
			   size_t size)
{
	uint64_t init_size = number(head, INIT_SIZE, 4);
	uint64_t content = file_bytes - setup_bytes(head); /* not less: check_size() */

	if (content <= ((init_size + 0xfff) & ~0xfffULL))
		return 0;
	(void)snprintf(
		why_not, size,
		"is no kernel as it was built: it has %llu bytes, and by its header unpacks "
		"within %llu: copy or download it again",
		(unsigned long long)file_bytes, (unsigned long long)init_size);
	return -ENOEXEC;
}

static void copy_release(const struct head *head, char release[128])
{
	uint64_t offset = number(head, KERNEL_VERSION, 2);
	uint64_t at = offset + 0x200;
	size_t n = 0;

	release[0] = '\0';
	if (!offset || at >= setup_bytes(head))
		return;
	while (n < 127 && at + n < head->n && head->bytes[at + n]) {
		uint8_t c = head->bytes[at + n];

		/* it goes to terminals */
		release[n++] = c >= ' ' && c < 0x7f ? (char)c : '?';
	}
	release[n] = '\0';
}

static void read_image(const struct head *head, uint64_t file_bytes,
		       struct kernel_image *ret)
{
	*ret = (struct kernel_image){
		.protocol = (uint16_t)number(head, VERSION, 2),
		.command_line_max = (uint32_t)number(head, CMDLINE_SIZE, 4),
		.init_size = (uint32_t)number(head, INIT_SIZE, 4),
		.setup_bytes = (uint32_t)setup_bytes(head),
		.protected_bytes = protected_bytes(head, file_bytes),
		.pref_address = number(head, PREF_ADDRESS, 8),
		.alignment = (uint32_t)number(head, KERNEL_ALIGNMENT, 4),
		.is_relocatable = number(head, RELOCATABLE_KERNEL, 1) != 0,
		.can_5_level = number(head, XLOADFLAGS, 2) & XLF_5LEVEL,
		.is_signed = is_signed(head, file_bytes),
	};
	copy_release(head, ret->release);
}

int kernel_parse(const uint8_t *head_bytes, size_t n, uint64_t file_bytes,
		 struct kernel_image *ret, char *why_not, size_t why_not_size)
{
	struct head head = { .bytes = head_bytes, .n = n };
	int r;

	if (!kernel_is_bzimage(head_bytes, n)) {
		kernel_kind_describe(&head, why_not, why_not_size);
		return -ENOEXEC;
	}
	r = check_flags(&head, why_not, why_not_size);
	if (r == 0)
		r = check_size(&head, file_bytes, why_not, why_not_size);
	if (r == 0 && file_bytes != UINT64_MAX)
		r = check_init_size(&head, file_bytes, why_not, why_not_size);
	if (r < 0)
		return r;
	read_image(&head, file_bytes, ret);
	return 0;
}

int kernel_parse_setup(const uint8_t *setup, size_t n, uint64_t protected_bytes,
		       struct kernel_image *ret)
{
	struct head head = { .bytes = setup, .n = n };

	if (!kernel_is_bzimage(setup, n) || n < HEADER_END || n != setup_bytes(&head))
		return -ENOEXEC;
	read_image(&head, n + protected_bytes, ret);
	return 0;
}

int kernel_read(int fd, uint64_t file_bytes, struct kernel_image *ret, char *why_not,
		size_t why_not_size)
{
	auto_free uint8_t *head = malloc(KERNEL_HEAD_BYTES);
	ssize_t n;

	if (!head)
		return -ENOMEM;
	n = file_read_at(fd, head, KERNEL_HEAD_BYTES, 0);
	if (n < 0)
		return (int)n;
	return kernel_parse(head, (size_t)n, file_bytes, ret, why_not, why_not_size);
}

size_t kernel_command_line_room(const struct kernel_image *kernel)
{
	return kernel->command_line_max < COMMAND_LINE_RESERVE
		       ? 0
		       : kernel->command_line_max - COMMAND_LINE_RESERVE;
}
