// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel-kind.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "kernel.h"
#include "pe.h"
#include "pivot/base/macros.h"

/* What is no kernel by its first bytes. */
static const struct kind {
	uint16_t at;
	uint16_t n;
	const char *bytes;
	const char *sentence;
} kinds[] = {
	{ 0, 2, "\x1f\x8b",
	  "is gzip data: a compressed kernel is unpacked with gunzip; an "
	  "initrd goes to --initrd; a tarball is named as the tree" },
	{ 0, 6,
	  "\xfd"
	  "7zXZ",
	  "is xz data: a compressed kernel is unpacked with unxz; an "
	  "initrd goes to --initrd" },
	{ 0, 4, "\x28\xb5\x2f\xfd",
	  "is zstd data: a compressed kernel is unpacked with "
	  "unzstd; an initrd goes to --initrd" },
	{ 0, 3, "BZh",
	  "is bzip2 data: a compressed kernel is unpacked with bunzip2; an "
	  "initrd goes to --initrd" },
	{ 0, 4, "\x02\x21\x4c\x18",
	  "is lz4 data: a compressed kernel is unpacked with "
	  "lz4 -d; an initrd goes to --initrd" },
	{ 0, 9, "\x89LZO\0\r\n\x1a\n",
	  "is lzo data: a compressed kernel is unpacked with "
	  "lzop -d; an initrd goes to --initrd" },
	{ 0, 3, "\x5d\0\0",
	  "is lzma data: a compressed kernel is unpacked with unlzma; an "
	  "initrd goes to --initrd" },
	{ 0, 5, "07070",
	  "is a cpio archive, as an initrd is: are kernel and initrd "
	  "swapped?" },
	{ 257, 5, "ustar", "is a tarball: name it as the tree, not as a kernel" },
	{ 0, 4, "PK\x03\x04", "is a zip file: unpack it and name the kernel in it" },
	{ 0, 4, "hsqs",
	  "is a squashfs image: the kernel is the file 'bzImage' beside it" },
	{ 0, 7, "!<arch>",
	  "is an archive such as a Debian package: unpack it and name the "
	  "kernel in it" },
	{ 0x8001, 5, "CD001", "is an ISO image: mount it and name the kernel in it" },
	{ 0, 4, "\xd0\x0d\xfe\xed",
	  "is a device tree or a U-Boot FIT image: name the kernel "
	  "the image was made from" },
	{ 0, 4, "\x27\x05\x19\x56",
	  "is a U-Boot image: name the kernel the image was made "
	  "from" },
	{ 0, 42, "version https://git-lfs.github.com/spec/v1",
	  "is a git-lfs pointer, not the file itself: fetch it with git lfs pull" },
	{ 0, 2, "#!", "is a script: the kernel is the file it loads, mostly 'bzImage'" },
};

static const struct kind *find_kind(const struct head *head)
{
	for (size_t i = 0; i < array_size(kinds); i++) {
		if (has(head, kinds[i].at, kinds[i].bytes, kinds[i].n))
			return &kinds[i];
	}
	return NULL;
}

static const char *elf_machine(uint64_t machine)
{
	switch (machine) {
	case 3:
		return "x86 (32 bit)";
	case 21:
		return "ppc64";
	case 22:
		return "s390x";
	case 40:
		return "arm (32 bit)";
	case 183:
		return "aarch64";
	case 243:
		return "riscv";
	case 258:
		return "loongarch";
	default:
		return NULL;
	}
}

/* The machines of the PE specification that Linux runs on. */
static const char *pe_machine(uint64_t machine)
{
	switch (machine) {
	case 0x14c:
		return "x86 (32 bit)";
	case 0x1c0:
	case 0x1c2:
	case 0x1c4:
		return "arm (32 bit)";
	case 0xaa64:
		return "aarch64";
	case 0x5032:
	case 0x5064:
		return "riscv";
	case 0x6232:
	case 0x6264:
		return "loongarch";
	default:
		return NULL;
	}
}

static bool is_web_page(const struct head *head)
{
	size_t at = 0;

	while (at < head->n && strchr(" \t\r\n", head->bytes[at]) && head->bytes[at])
		at++;
	return has_text(head, at, "<!DOCTYPE") || has_text(head, at, "<!doctype") ||
	       has_text(head, at, "<html") || has_text(head, at, "<HTML") ||
	       has_text(head, at, "<?xml");
}

static bool is_text(const struct head *head)
{
	size_t n = head->n < 512 ? head->n : 512;

	for (size_t i = 0; i < n; i++) {
		uint8_t c = head->bytes[i];

		if (c != 0x7f && c >= ' ')
			continue;
		if (!c || !strchr("\t\n\r\f\x1b", c))
			return false;
	}
	return n > 0;
}

static void describe_elf(const struct head *head, char *why_not, size_t size)
{
	bool is_big = number(head, 5, 1) == 2;
	uint64_t machine = is_big ? number(head, 19, 1) | number(head, 18, 1) << 8
				  : number(head, 18, 2);
	const char *name = elf_machine(machine);

	if (machine == 62 && number(head, 4, 1) == 2)
		(void)snprintf(
			why_not, size,
			"is an ELF file for x86-64: where it is a vmlinux, name the "
			"'bzImage' or 'vmlinuz' of the same build instead");
	else if (name)
		(void)snprintf(
			why_not, size,
			"is an ELF file for %s, and this machine is x86-64: take a tree "
			"built for x86-64",
			name);
	else
		(void)snprintf(why_not, size,
			       "is an ELF file for machine %u: take a bzImage for x86-64",
			       (unsigned int)machine);
}

/* Which have no kernel, but something that a boot loader adds to the one of an image. */
static bool is_add_on(const struct head *head)
{
	return pe_has_section(head, ".cmdline") || pe_has_section(head, ".initrd") ||
	       pe_has_section(head, ".ucode");
}

static void describe_pe(const struct head *head, char *why_not, size_t size)
{
	uint64_t pe = pe_offset(head);
	const char *machine = pe_machine(number(head, pe + 4, 2));

	if (pe_has_section(head, ".linux"))
		(void)snprintf(
			why_not, size,
			"is a unified kernel image (UKI) where the kernel in it should be: "
			"take it apart with 'objcopy -O binary --only-section=.linux', "
			"the same for .initrd, and give them with --kernel and --initrd");
	else if (is_add_on(head))
		(void)snprintf(
			why_not, size,
			"is an add-on of a unified kernel image: name the image it is for, "
			"and give what the add-on adds with --initrd and --append");
	else if (machine)
		(void)snprintf(
			why_not, size,
			"is an EFI program for %s, and this machine is x86-64: take a "
			"tree built for x86-64",
			machine);
	else
		(void)snprintf(
			why_not, size,
			"is an EFI program, not a kernel: name the kernel it loads");
}

/* Formats of other machines that hide behind MZ, or behind nothing at all. */
static const char *foreign_kernel(const struct head *head)
{
	if (has_text(head, 0, "MZ") && has_text(head, 4, "zimg"))
		return "is an EFI zboot image, the compressed kernel of arm64, riscv and "
		       "loongarch, and this machine is x86-64: take a tree built for x86-64";
	if (has_text(head, 56, "ARM\x64"))
		return "is an arm64 kernel (Image), and this machine is x86-64: take a tree "
		       "built for x86-64";
	if (has_text(head, 56, "RSC\x05"))
		return "is a riscv kernel (Image), and this machine is x86-64: take a tree "
		       "built for x86-64";
	if (has(head, 36, "\x18\x28\x6f\x01", 4))
		return "is a 32-bit arm kernel (zImage), and this machine is x86-64: take a "
		       "tree built for x86-64";
	return NULL;
}

static const char *plain_sentence(const struct head *head)
{
	const struct kind *kind = find_kind(head);
	const char *foreign = foreign_kernel(head);

	if (!head->n)
		return "is empty: copy or download it again";
	if (foreign)
		return foreign;
	if (kind)
		return kind->sentence;
	if (is_web_page(head))
		return "is a web page: the download failed, look into the file and get it "
		       "again";
	if (is_text(head))
		return "is text: name the kernel, mostly 'bzImage'";
	return "is no kernel known here: a bzImage for x86-64 is needed";
}

static bool is_elf(const struct head *head)
{
	return has_text(head, 0,
			"\x7f"
			"ELF");
}

void kernel_kind_describe(const struct head *head, char *why_not, size_t size)
{
	if (is_elf(head))
		describe_elf(head, why_not, size);
	else if (pe_offset(head) && !foreign_kernel(head))
		describe_pe(head, why_not, size);
	else
		(void)snprintf(why_not, size, "%s", plain_sentence(head));
}

/* The name of a tarball's first member may look like anything. */
bool kernel_kind_is_program(const struct head *head)
{
	return is_elf(head) || pe_offset(head) ||
	       (foreign_kernel(head) && !has_text(head, 257, "ustar"));
}

/*
 * Does it begin as the kernel's unpacker takes it: a cpio, or one of what
 * lib/decompress.c knows, behind zeros as they stand between concatenated ones?
 */
static bool is_initramfs(const struct head *head)
{
	static const char magics[][3] = {
		"07",	    "\x1f\x8b", "\x1f\x9e", "BZ",	"\x5d\x00",
		"\xfd\x37", "\x89\x4c", "\x02\x21", "\x28\xb5",
	};
	size_t at = 0;

	while (at < head->n && head->bytes[at] == 0)
		at++;
	if (at + 2 > head->n)
		return true; /* zeros as far as one can see */
	for (size_t i = 0; i < array_size(magics); i++)
		if (memcmp(head->bytes + at, magics[i], 2) == 0)
			return true;
	return false;
}

const char *kernel_why_no_initrd(const uint8_t *head_bytes, size_t n)
{
	struct head head = { .bytes = head_bytes, .n = n };

	if (kernel_is_bzimage(head_bytes, n) || foreign_kernel(&head) || pe_offset(&head))
		return "is a kernel or an EFI program, not an initrd: are kernel and initrd "
		       "swapped?";
	if (is_elf(&head))
		return "is an ELF file, not an initrd: name the initrd";
	if (is_web_page(&head))
		return "is a web page, not an initrd: the download failed, get it again";
	if (has_text(&head, 0, "version https://git-lfs"))
		return "is a git-lfs pointer, not the file itself: fetch it with git lfs pull";
	if (has_text(&head, 0, "#!"))
		return "is a script, not an initrd: name the initrd";
	if (!is_initramfs(&head))
		return "is no initrd: neither a cpio archive nor compressed data; copy it again";
	return NULL;
}
