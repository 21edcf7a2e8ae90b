// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include "pivot/base/cleanup.h"
#include "pivot/base/file.h"
#include "pivot/base/macros.h"

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

/* The file, as much of it as there is. Reads behind the end give 0. */
struct head {
	const uint8_t *bytes;
	size_t n;
};

static bool has(const struct head *head, uint64_t at, const char *bytes, size_t n)
{
	return at <= head->n && n <= head->n - at &&
	       memcmp(head->bytes + at, bytes, n) == 0;
}

static uint64_t number(const struct head *head, uint64_t at, unsigned int bytes)
{
	uint64_t value = 0;

	if (at > head->n || bytes > head->n - at)
		return 0;
	while (bytes--)
		value = value << 8 | head->bytes[at + bytes];
	return value;
}

static bool has_text(const struct head *head, uint64_t at, const char *text)
{
	return has(head, at, text, strlen(text));
}

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

/* Where the PE header is; 0: there is none. */
static uint64_t pe_offset(const struct head *head)
{
	uint64_t at = number(head, 0x3c, 4);

	return has_text(head, 0, "MZ") && has(head, at, "PE\0\0", 4) ? at : 0;
}

static bool has_section(const struct head *head, uint64_t pe, const char *name)
{
	uint64_t count = number(head, pe + 6, 2);
	uint64_t at = pe + 24 + number(head, pe + 20, 2);

	for (uint64_t i = 0; i < count && at + 40 <= head->n; i++, at += 40) {
		if (has(head, at, name, strlen(name) + 1))
			return true;
	}
	return false;
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
			"'bzImage' of the same build instead");
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

static void describe_pe(const struct head *head, char *why_not, size_t size)
{
	uint64_t pe = pe_offset(head);
	const char *machine = pe_machine(number(head, pe + 4, 2));

	if (has_section(head, pe, ".linux"))
		(void)snprintf(
			why_not, size,
			"is a unified kernel image (UKI): take it apart with 'objcopy "
			"-O binary --only-section=.linux', the same for .initrd, and "
			"give them with --kernel and --initrd");
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

static void describe(const struct head *head, char *why_not, size_t size)
{
	if (has_text(head, 0,
		     "\x7f"
		     "ELF"))
		describe_elf(head, why_not, size);
	else if (pe_offset(head) && !foreign_kernel(head))
		describe_pe(head, why_not, size);
	else
		(void)snprintf(why_not, size, "%s", plain_sentence(head));
}

/* As bzImage64_probe() asks. */
static bool is_x86_kernel(const struct head *head)
{
	return has_text(head, HEADER_MAGIC, "HdrS") &&
	       has(head, BOOT_FLAG, "\x55\xaa", 2);
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

	if (!is_x86_kernel(&head)) {
		describe(&head, why_not, why_not_size);
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

size_t kernel_command_line_room(const struct kernel_image *kernel)
{
	return kernel->command_line_max < COMMAND_LINE_RESERVE
		       ? 0
		       : kernel->command_line_max - COMMAND_LINE_RESERVE;
}

const char *kernel_why_no_initrd(const uint8_t *head_bytes, size_t n)
{
	struct head head = { .bytes = head_bytes, .n = n };

	if (is_x86_kernel(&head) || foreign_kernel(&head) || pe_offset(&head))
		return "is a kernel or an EFI program, not an initrd: are kernel and initrd "
		       "swapped?";
	if (has_text(&head, 0,
		     "\x7f"
		     "ELF"))
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
