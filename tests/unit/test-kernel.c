// SPDX-License-Identifier: GPL-2.0-or-later
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "pivot/kexec/kernel-kind.h"
#include "pivot/kexec/kernel.h"

static uint8_t head[0x9000];
static struct kernel_image image;
static char why_not[512];

static void put(size_t at, uint64_t value, unsigned int bytes)
{
	for (; bytes--; at++, value >>= 8)
		head[at] = (uint8_t)value;
}

static void put_text(size_t at, const char *text)
{
	memcpy(head + at, text, strlen(text));
}

enum {
	FILE_BYTES = 4096 + 8192
}; /* 7 setup sectors and the boot sector, 8 KiB of kernel */

/* What Debian's kernel looks like to the parser. */
static void put_bzimage(void)
{
	memset(head, 0, sizeof(head));
	put_text(0, "MZ");
	put(0x1f1, 7, 1);
	put(0x1f4, 8192 / 16, 4);
	put(0x1fe, 0xaa55, 2);
	put_text(0x202, "HdrS");
	put(0x206, 0x020f, 2);
	put(0x20e, 0x300 - 0x200, 2);
	put(0x211, 1, 1);
	put(0x230, 2 << 20, 4);
	put(0x234, 1, 1);
	put(0x236, 0x7f, 2);
	put(0x238, 2047, 4);
	put(0x258, 16 << 20, 8);
	put(0x260, 66 << 20, 4);
	put_text(0x300, "6.1.0-56-amd64 (a@b) #1 SMP");
}

/* A PE header at 0x40 with one section and, where size is not 0, a signature. */
static void put_pe(unsigned int machine, const char *section, unsigned int at,
		   unsigned int size)
{
	put_text(0, "MZ");
	put(0x3c, 0x40, 4);
	put_text(0x40, "PE");
	put(0x44, machine, 2);
	put(0x46, 2, 2);
	put(0x54, 160, 2);
	put(0x58, 0x20b, 2);
	put(0x58 + 108, 6, 4);
	put(0x58 + 112 + 32, at, 4);
	put(0x58 + 112 + 36, size, 4);
	put_text(0x58 + 160, ".text");
	put_text(0x58 + 160 + 40, section);
}

static int parse(void)
{
	why_not[0] = '\0';
	return kernel_parse(head, sizeof(head), FILE_BYTES, &image, why_not,
			    sizeof(why_not));
}

static void expect_why_not(const char *expected)
{
	ck_assert_int_eq(parse(), -ENOEXEC);
	ck_assert_str_eq(why_not, expected);
}

static void expect_bytes(const char *bytes, size_t n, const char *expected)
{
	ck_assert_int_eq(kernel_parse((const uint8_t *)bytes, n, n, &image, why_not,
				      sizeof(why_not)),
			 -ENOEXEC);
	ck_assert_str_eq(why_not, expected);
}

START_TEST(reads_a_bzimage)
{
	put_bzimage();
	ck_assert_int_eq(parse(), 0);
	ck_assert_uint_eq(image.protocol, 0x020f);
	ck_assert_uint_eq(image.command_line_max, 2047);
	ck_assert_uint_eq(image.init_size, 66 << 20);
	ck_assert(image.is_relocatable);
	ck_assert(!image.is_signed);
	ck_assert_str_eq(image.release, "6.1.0-56-amd64 (a@b) #1 SMP");
}
END_TEST

START_TEST(says_how_it_is_loaded)
{
	put_bzimage();
	ck_assert_int_eq(parse(), 0);
	ck_assert_uint_eq(image.setup_bytes, 4096);
	ck_assert_uint_eq(image.protected_bytes, 8192);
	ck_assert_uint_eq(image.alignment, 2 << 20);
	ck_assert_uint_eq(image.pref_address, 16 << 20);
	ck_assert(image.can_5_level);
	put(0x236, 0x5f, 2);
	ck_assert_int_eq(kernel_parse(head, sizeof(head), UINT64_MAX, &image, why_not,
				      sizeof(why_not)),
			 0);
	ck_assert_uint_eq(image.protected_bytes, 8192);
	ck_assert(!image.can_5_level);
}
END_TEST

START_TEST(refuses_a_kernel_that_has_no_room_to_unpack)
{
	put_bzimage();
	put(0x260, 8192, 4);
	ck_assert_int_eq(parse(), 0);
	put(0x260, 4096, 4);
	expect_why_not(
		"is no kernel as it was built: it has 12288 bytes, and by its header "
		"unpacks within 4096: copy or download it again");
	put(0x260, 0, 4);
	ck_assert_int_eq(parse(), -ENOEXEC);
	/* of a file whose size is not known, that cannot be said */
	ck_assert_int_eq(kernel_parse(head, sizeof(head), UINT64_MAX, &image, why_not,
				      sizeof(why_not)),
			 0);
}
END_TEST

START_TEST(sees_a_secure_boot_signature)
{
	put_bzimage();
	put_pe(0x8664, ".data", FILE_BYTES - 512, 512);
	ck_assert_int_eq(parse(), 0);
	ck_assert(image.is_signed);
}
END_TEST

START_TEST(takes_no_signature_that_lies_outside_the_file)
{
	put_bzimage();
	put_pe(0x8664, ".data", FILE_BYTES, 512);
	ck_assert_int_eq(parse(), 0);
	ck_assert(!image.is_signed);
	put_pe(0x8664, ".data", 0xfffffff0, 0xfffffff0);
	ck_assert_int_eq(parse(), 0);
	ck_assert(!image.is_signed);
	/* fewer data directories than the certificate table's place */
	put_pe(0x8664, ".data", FILE_BYTES - 512, 512);
	put(0x58 + 108, 4, 4);
	ck_assert_int_eq(parse(), 0);
	ck_assert(!image.is_signed);
}
END_TEST

START_TEST(shows_no_control_characters_of_a_release)
{
	put_bzimage();
	put_text(0x300, "6.1\033[2J\n");
	ck_assert_int_eq(parse(), 0);
	ck_assert_str_eq(image.release, "6.1?[2J?-amd64 (a@b) #1 SMP");
}
END_TEST

START_TEST(takes_no_release_from_outside_the_setup_part)
{
	put_bzimage();
	put(0x20e, 0, 2);
	ck_assert_int_eq(parse(), 0);
	ck_assert_str_eq(image.release, "");
	put(0x20e, 0x1000, 2);
	ck_assert_int_eq(parse(), 0);
	ck_assert_str_eq(image.release, "");
}
END_TEST

START_TEST(says_that_a_bzimage_is_cut_short)
{
	put_bzimage();
	ck_assert_int_eq(kernel_parse(head, sizeof(head), FILE_BYTES - 1, &image, why_not,
				      sizeof(why_not)),
			 -ENOEXEC);
	ck_assert_str_eq(why_not, "is a kernel cut short (12287 of 12288 bytes): copy or "
				  "download it again");
	ck_assert_int_eq(
		kernel_parse(head, 0x250, 0x250, &image, why_not, sizeof(why_not)),
		-ENOEXEC);
	ck_assert_str_eq(why_not, "is a kernel cut short (592 of 12288 bytes): copy or "
				  "download it again");
}
END_TEST

START_TEST(counts_no_setup_sectors_as_four)
{
	put_bzimage();
	put(0x1f1, 0, 1);
	ck_assert_int_eq(kernel_parse(head, sizeof(head), 5 * 512 + 8192 - 1, &image,
				      why_not, sizeof(why_not)),
			 -ENOEXEC);
	ck_assert_int_eq(kernel_parse(head, sizeof(head), 5 * 512 + 8192, &image, why_not,
				      sizeof(why_not)),
			 0);
}
END_TEST

START_TEST(refuses_x86_kernels_that_kexec_cannot_load)
{
	put_bzimage();
	put(0x206, 0x020b, 2);
	expect_why_not(
		"speaks boot protocol 2.11, and kexec needs 2.12 or newer: take Linux "
		"3.8 or newer");
	put_bzimage();
	put(0x211, 0, 1);
	expect_why_not("is a zImage, which loads low: build it as a bzImage");
	put_bzimage();
	put(0x236, 0, 2);
	expect_why_not("is a 32-bit x86 kernel: a 64-bit one is needed");
	put_bzimage();
	put(0x236, 1, 2);
	expect_why_not("cannot be loaded above 4 GiB, which kexec needs: build it with "
		       "CONFIG_RELOCATABLE=y");
}
END_TEST

START_TEST(knows_a_unified_kernel_image)
{
	memset(head, 0, sizeof(head));
	put_pe(0x8664, ".linux", 0, 0);
	expect_why_not(
		"is a unified kernel image (UKI) where the kernel in it should be: take it "
		"apart with 'objcopy -O binary --only-section=.linux', the same for "
		".initrd, and give them with --kernel and --initrd");
	put_pe(0x8664, ".cmdline", 0, 0);
	expect_why_not(
		"is an add-on of a unified kernel image: name the image it is for, and "
		"give what the add-on adds with --initrd and --append");
}
END_TEST

START_TEST(knows_other_efi_programs)
{
	memset(head, 0, sizeof(head));
	put_pe(0x8664, ".data", 0, 0);
	expect_why_not("is an EFI program, not a kernel: name the kernel it loads");
	put_pe(0xaa64, ".data", 0, 0);
	expect_why_not(
		"is an EFI program for aarch64, and this machine is x86-64: take a tree "
		"built for x86-64");
}
END_TEST

START_TEST(knows_kernels_of_other_machines)
{
	memset(head, 0, sizeof(head));
	put_text(56, "ARM\x64");
	expect_why_not(
		"is an arm64 kernel (Image), and this machine is x86-64: take a tree "
		"built for x86-64");
	put_pe(0xaa64, ".data", 0, 0);
	put(0x3c, 0x40, 4);
	memset(head, 0, sizeof(head));
	put_text(0, "MZ");
	put_text(4, "zimg");
	expect_why_not(
		"is an EFI zboot image, the compressed kernel of arm64, riscv and "
		"loongarch, and this machine is x86-64: take a tree built for x86-64");
	memset(head, 0, sizeof(head));
	put_text(56, "RSC\x05");
	expect_why_not(
		"is a riscv kernel (Image), and this machine is x86-64: take a tree "
		"built for x86-64");
}
END_TEST

START_TEST(knows_elf_files_and_their_machine)
{
	memset(head, 0, sizeof(head));
	put_text(0, "\x7f"
		    "ELF\x02\x01");
	put(18, 62, 2);
	expect_why_not(
		"is an ELF file for x86-64: where it is a vmlinux, name the 'bzImage' or "
		"'vmlinuz' of the same build instead");
	put(18, 183, 2);
	expect_why_not(
		"is an ELF file for aarch64, and this machine is x86-64: take a tree "
		"built for x86-64");
	/* big endian */
	put(5, 2, 1);
	put(18, 22 << 8, 2);
	expect_why_not(
		"is an ELF file for s390x, and this machine is x86-64: take a tree built "
		"for x86-64");
	put(18, 0xeeee, 2);
	expect_why_not("is an ELF file for machine 61166: take a bzImage for x86-64");
}
END_TEST

START_TEST(knows_compressed_data)
{
	expect_bytes(
		"\x1f\x8b\x08", 3,
		"is gzip data: a compressed kernel is unpacked with gunzip; an initrd goes "
		"to --initrd; a tarball is named as the tree");
	expect_bytes(
		"\xfd"
		"7zXZ\0",
		6,
		"is xz data: a compressed kernel is unpacked with unxz; an initrd goes to "
		"--initrd");
	expect_bytes(
		"\x28\xb5\x2f\xfd", 4,
		"is zstd data: a compressed kernel is unpacked with unzstd; an initrd goes "
		"to --initrd");
	expect_bytes(
		"BZh9", 4,
		"is bzip2 data: a compressed kernel is unpacked with bunzip2; an initrd "
		"goes to --initrd");
	expect_bytes(
		"\x5d\0\0\x80", 4,
		"is lzma data: a compressed kernel is unpacked with unlzma; an initrd goes "
		"to --initrd");
}
END_TEST

START_TEST(knows_what_people_hand_over_by_mistake)
{
	expect_bytes(
		"070701", 6,
		"is a cpio archive, as an initrd is: are kernel and initrd swapped?");
	expect_bytes("#!/bin/sh\n", 10,
		     "is a script: the kernel is the file it loads, mostly 'bzImage'");
	expect_bytes("hello\n", 6, "is text: name the kernel, mostly 'bzImage'");
	expect_bytes(
		"\r\n<!DOCTYPE html>", 17,
		"is a web page: the download failed, look into the file and get it again");
	expect_bytes(
		"version https://git-lfs.github.com/spec/v1\noid", 46,
		"is a git-lfs pointer, not the file itself: fetch it with git lfs pull");
	expect_bytes("", 0, "is empty: copy or download it again");
	expect_bytes("\x01\x02\x03", 3,
		     "is no kernel known here: a bzImage for x86-64 is needed");
	memset(head, 0, sizeof(head));
	put_text(257, "ustar");
	expect_why_not("is a tarball: name it as the tree, not as a kernel");
	memset(head, 0, sizeof(head));
	put_text(0x8001, "CD001");
	expect_why_not("is an ISO image: mount it and name the kernel in it");
}
END_TEST

START_TEST(reads_a_file_and_leaves_its_offset_alone)
{
	int fd = memfd_create("kernel", MFD_CLOEXEC);

	put_bzimage();
	ck_assert_int_eq(write(fd, head, FILE_BYTES), FILE_BYTES);
	ck_assert_int_eq(lseek(fd, 7, SEEK_SET), 7);
	ck_assert_int_eq(kernel_read(fd, FILE_BYTES, &image, why_not, sizeof(why_not)),
			 0);
	ck_assert_int_eq(lseek(fd, 0, SEEK_CUR), 7);
	(void)close(fd);
	ck_assert_int_eq(kernel_read(fd, FILE_BYTES, &image, why_not, sizeof(why_not)),
			 -EBADF);
}
END_TEST

START_TEST(has_nothing_against_an_initrd)
{
	put_bzimage();
	ck_assert_ptr_nonnull(kernel_why_no_initrd(head, sizeof(head)));
	ck_assert_ptr_nonnull(kernel_why_no_initrd((const uint8_t *)"<html>", 6));
	ck_assert_ptr_nonnull(kernel_why_no_initrd((const uint8_t *)"hello\n", 6));
	ck_assert_ptr_null(kernel_why_no_initrd((const uint8_t *)"070701", 6));
	ck_assert_ptr_null(kernel_why_no_initrd((const uint8_t *)"\0\0\0\x1f\x8b", 5));
	ck_assert_ptr_null(kernel_why_no_initrd((const uint8_t *)"\x28\xb5\x2f\xfd", 4));
	ck_assert_ptr_null(kernel_why_no_initrd((const uint8_t *)"\0\0\0\0", 4));
}
END_TEST

UNIT_MAIN("kernel", reads_a_bzimage, says_how_it_is_loaded,
	  refuses_a_kernel_that_has_no_room_to_unpack, sees_a_secure_boot_signature,
	  takes_no_signature_that_lies_outside_the_file,
	  shows_no_control_characters_of_a_release,
	  takes_no_release_from_outside_the_setup_part, says_that_a_bzimage_is_cut_short,
	  counts_no_setup_sectors_as_four, refuses_x86_kernels_that_kexec_cannot_load,
	  knows_a_unified_kernel_image, knows_other_efi_programs,
	  knows_kernels_of_other_machines, knows_elf_files_and_their_machine,
	  knows_compressed_data, knows_what_people_hand_over_by_mistake,
	  reads_a_file_and_leaves_its_offset_alone, has_nothing_against_an_initrd)
