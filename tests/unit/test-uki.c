// SPDX-License-Identifier: GPL-2.0-or-later
#include "unit.h"

#include <errno.h>
#include <string.h>

#include "pivot/kexec/uki.h"

enum {
	FILE_BYTES = 0x4000,
	SECTIONS = 0x40 + 24 + 240, /* behind the headers that put_image() makes */
};

static uint8_t head[0x1000];
static unsigned int n_sections;
static struct uki uki;
static char why_not[512];

static void put(size_t at, uint64_t value, unsigned int bytes)
{
	for (; bytes--; at++, value >>= 8)
		head[at] = (uint8_t)value;
}

static void put_image(void)
{
	memset(head, 0, sizeof(head));
	n_sections = 0;
	memcpy(head, "MZ", 2);
	put(0x3c, 0x40, 4);
	memcpy(head + 0x40, "PE", 2);
	put(0x44, 0x8664, 2);
	put(0x40 + 20, 240, 2);
	put(0x40 + 24, 0x20b, 2);
}

/* In memory and in the file so large, as if its content were not padded. */
static void add(const char *name, unsigned int at, unsigned int bytes)
{
	size_t header = SECTIONS + 40 * n_sections++;

	memcpy(head + header, name, strnlen(name, 8));
	put(header + 8, bytes, 4);
	put(header + 16, bytes, 4);
	put(header + 20, at, 4);
	put(0x46, n_sections, 2);
}

static int parse(void)
{
	uki = (struct uki){ 0 };
	why_not[0] = '\0';
	return uki_parse(head, sizeof(head), FILE_BYTES, &uki, why_not, sizeof(why_not));
}

static void expect_part(enum uki_part part, uint64_t at, uint64_t bytes)
{
	ck_assert_uint_eq(uki.parts[part].at, at);
	ck_assert_uint_eq(uki.parts[part].bytes, bytes);
}

static void expect_why_not(const char *expected)
{
	ck_assert_int_eq(parse(), -EBADMSG);
	ck_assert_str_eq(why_not, expected);
}

START_TEST(finds_what_an_image_is_made_of)
{
	put_image();
	add(".text", 0x800, 0x10);
	add(".cmdline", 0x1000, 5);
	add(".initrd", 0x1005, 0x100);
	add(".ucode", 0x1105, 0x20);
	add(".linux", 0x2000, 0x2000);
	ck_assert_int_eq(parse(), 1);
	expect_part(UKI_CMDLINE, 0x1000, 5);
	expect_part(UKI_INITRD, 0x1005, 0x100);
	expect_part(UKI_UCODE, 0x1105, 0x20);
	expect_part(UKI_LINUX, 0x2000, 0x2000);
	ck_assert(!uki.has_profiles);
}
END_TEST

START_TEST(needs_nothing_but_a_kernel)
{
	put_image();
	add(".linux", 0x2000, 1);
	ck_assert_int_eq(parse(), 1);
	expect_part(UKI_LINUX, 0x2000, 1);
	expect_part(UKI_INITRD, 0, 0);
	expect_part(UKI_CMDLINE, 0, 0);
}
END_TEST

START_TEST(takes_nothing_else_for_an_image)
{
	memset(head, 0, sizeof(head));
	ck_assert_int_eq(parse(), 0);
	put_image();
	ck_assert_int_eq(parse(), 0);
	add(".initrd", 0x2000, 1);
	add(".linux2", 0x2000, 1);
	add("linux", 0x2000, 1);
	ck_assert_int_eq(parse(), 0);
	/* eight bytes, and no NUL behind them */
	add(".cmdline.linux", 0x2000, 1);
	ck_assert_int_eq(parse(), 0);
	ck_assert_int_eq(uki_parse(head, 0, 0, &uki, why_not, sizeof(why_not)), 0);
}
END_TEST

START_TEST(takes_the_smaller_of_a_sections_two_sizes)
{
	put_image();
	add(".linux", 0x2000, 0x1000);
	put(SECTIONS + 8, 0x801, 4);
	ck_assert_int_eq(parse(), 1);
	expect_part(UKI_LINUX, 0x2000, 0x801);
	put(SECTIONS + 8, 0xffffffff, 4);
	ck_assert_int_eq(parse(), 1);
	expect_part(UKI_LINUX, 0x2000, 0x1000);
}
END_TEST

START_TEST(takes_what_stands_before_the_first_profile)
{
	put_image();
	add(".linux", 0x2000, 0x10);
	add(".profile", 0x1000, 0x10);
	add(".cmdline", 0x1010, 0x10);
	add(".linux", 0x3000, 0x10);
	ck_assert_int_eq(parse(), 1);
	ck_assert(uki.has_profiles);
	expect_part(UKI_LINUX, 0x2000, 0x10);
	expect_part(UKI_CMDLINE, 0, 0);
}
END_TEST

START_TEST(refuses_an_image_whose_kernel_stands_in_a_profile)
{
	put_image();
	add(".cmdline", 0x1010, 0x10);
	add(".profile", 0x1000, 0x10);
	add(".linux", 0x3000, 0x10);
	expect_why_not(
		"is a unified kernel image whose kernel stands in a profile, of which "
		"none is chosen here: give what it was made of with --kernel, --initrd "
		"and --command-line");
}
END_TEST

START_TEST(refuses_sections_outside_the_file)
{
	put_image();
	add(".linux", FILE_BYTES - 0x10, 0x11);
	expect_why_not("is a unified kernel image whose .linux section lies outside the "
		       "file: copy or download it again");
	put_image();
	add(".linux", 0x2000, 0x10);
	add(".initrd", 0xffffffff, 0xffffffff);
	expect_why_not("is a unified kernel image whose .initrd section lies outside the "
		       "file: copy or download it again");
	put_image();
	add(".linux", 0x2000, 0x10);
	add(".cmdline", FILE_BYTES + 1, 0);
	expect_why_not("is a unified kernel image whose .cmdline section lies outside "
		       "the file: copy or download it again");
}
END_TEST

START_TEST(refuses_sections_that_overlap)
{
	put_image();
	add(".linux", 0x2000, 0x100);
	add(".initrd", 0x20ff, 0x100);
	expect_why_not(
		"is a unified kernel image whose .linux and .initrd sections overlap: get "
		"it from somebody you trust");
	put_image();
	add(".linux", 0x2000, 0x100);
	add(".cmdline", SECTIONS + 79, 0x100);
	expect_why_not("is a unified kernel image whose .cmdline section lies in its "
		       "headers: get it from somebody you trust");
	/* the whole file as its own kernel */
	put_image();
	add(".linux", 0, FILE_BYTES);
	expect_why_not("is a unified kernel image whose .linux section lies in its "
		       "headers: get it from somebody you trust");
	put_image();
	add(".linux", 0x2000, 0x100);
	add(".initrd", 0x2100, 0x100);
	add(".cmdline", SECTIONS + 120, 0x100);
	ck_assert_int_eq(parse(), 1);
}
END_TEST

START_TEST(refuses_sections_that_are_empty_or_doubled)
{
	put_image();
	add(".linux", 0x2000, 0);
	expect_why_not(
		"is a unified kernel image whose .linux section is empty: give what it was "
		"made of with --kernel, --initrd and --command-line");
	put_image();
	add(".initrd", 0x2000, 0x10);
	add(".linux", 0x3000, 0x10);
	put(SECTIONS + 16, 0, 4); /* zeros in memory, of which the file has none */
	expect_why_not(
		"is a unified kernel image whose .initrd section is empty: give what it "
		"was made of with --kernel, --initrd and --command-line");
	put_image();
	add(".linux", 0x3000, 0x10);
	add(".linux", 0x3010, 0x10);
	expect_why_not(
		"is a unified kernel image with two .linux sections: give what it was made "
		"of with --kernel, --initrd and --command-line");
}
END_TEST

START_TEST(takes_an_empty_command_line_for_none)
{
	put_image();
	add(".linux", 0x3000, 0x10);
	add(".cmdline", 0x2000, 0);
	ck_assert_int_eq(parse(), 1);
	expect_part(UKI_CMDLINE, 0x2000, 0);
}
END_TEST

START_TEST(refuses_more_sections_than_there_are)
{
	put_image();
	add(".linux", 0x3000, 0x10);
	put(0x46, 0xffff, 2);
	expect_why_not("is a unified kernel image that announces 65535 sections, more "
		       "than its beginning holds: copy or download it again");
	put(0x40 + 20, 0xffff, 2);
	ck_assert_int_eq(parse(), 0);
	put(0x3c, 0xfffffffe, 4);
	ck_assert_int_eq(parse(), 0);
}
END_TEST

UNIT_MAIN("uki", finds_what_an_image_is_made_of, needs_nothing_but_a_kernel,
	  takes_nothing_else_for_an_image, takes_the_smaller_of_a_sections_two_sizes,
	  takes_what_stands_before_the_first_profile,
	  refuses_an_image_whose_kernel_stands_in_a_profile,
	  refuses_sections_outside_the_file, refuses_sections_that_overlap,
	  refuses_sections_that_are_empty_or_doubled,
	  takes_an_empty_command_line_for_none, refuses_more_sections_than_there_are)
