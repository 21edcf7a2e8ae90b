// SPDX-License-Identifier: GPL-2.0-or-later
#include "unit.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "pivot/tree/initrd-end.h"

static char content[64 * 1024];
static size_t n;

static void add(const void *bytes, size_t size)
{
	memcpy(content + n, bytes, size);
	n += size;
}

static void add_zeros(size_t size)
{
	memset(content + n, 0, size);
	n += size;
}

/* An entry of newc. claimed: the size in its header. */
static void add_entry(const char *name, size_t size, size_t claimed)
{
	n += (size_t)sprintf(
		content + n,
		"070701%08x%08x%08x%08x%08x%08x%08zx%08x%08x%08x%08x%08zx%08x", 1,
		0100644, 0, 0, 1, 0, claimed, 0, 0, 0, 0, strlen(name) + 1, 0);
	add(name, strlen(name) + 1);
	add_zeros(-n & 3);
	memset(content + n, 'x', size);
	n += size;
	add_zeros(-n & 3);
}

static void add_cpio(void)
{
	add_entry("kernel/x86/microcode", 5, 5);
	add_entry("empty", 0, 0);
	add_entry("TRAILER!!!", 0, 0);
}

enum { RAW, RLE, COMPRESSED, RESERVED };

/* A frame without a content size: the header, two blocks, a checksum where asked for. */
static void add_zstd(unsigned int type, bool has_checksum)
{
	const unsigned int size = 1000 << 3 | type << 1,
			   last = 7 << 3 | COMPRESSED << 1 | 1;

	add("\x28\xb5\x2f\xfd", 4);
	add(has_checksum ? "\x04\x58" : "\x00\x58", 2);
	add(&size, 3);
	memset(content + n, 'z', 1000);
	n += type == RLE ? 1 : 1000;
	add(&last, 3);
	add("1234567", 7);
	add("sum!", has_checksum ? 4 : 0);
}

static int is_cut(uint64_t bytes)
{
	int fd = memfd_create("initrd", MFD_CLOEXEC), r;

	ck_assert_int_eq(pwrite(fd, content, n, 0), (ssize_t)n);
	r = initrd_is_cut(fd, bytes);
	(void)close(fd);
	return r;
}

/* Whole as it is, and cut at whatever byte from `from` on. */
static void expect_cut_behind(size_t from)
{
	ck_assert_int_eq(is_cut(n), 0);
	for (size_t i = from; i < n; i++)
		ck_assert_msg(is_cut(i) == 1, "%zu of %zu bytes", i, n);
}

START_TEST(sees_that_a_cpio_archive_is_cut)
{
	add_entry("init", 1000, 1000);
	expect_cut_behind(6);
}
END_TEST

START_TEST(sees_that_a_zstd_frame_is_cut)
{
	add_zstd(COMPRESSED, true);
	expect_cut_behind(4);
	n = 0;
	add_zstd(RAW, false);
	expect_cut_behind(4);
	n = 0;
	add_zstd(RLE, false);
	expect_cut_behind(4);
}
END_TEST

START_TEST(knows_the_headers_of_zstd)
{
	static const struct {
		unsigned char descriptor, n;
	} headers[] = { { 0x20, 1 }, { 0x60, 2 },  { 0xa0, 4 },
			{ 0xe0, 8 }, { 0xe3, 12 }, { 0x41, 4 } };

	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
		n = 0;
		add("\x28\xb5\x2f\xfd", 4);
		add(&headers[i].descriptor, 1);
		add("xxxxxxxxxxxx", headers[i].n);
		add("\x01\0\0", 3); /* the last block, raw, empty */
		expect_cut_behind(4);
	}
}
END_TEST

START_TEST(walks_over_all_segments)
{
	size_t whole;

	add_cpio();
	add_zeros(512);
	add_zstd(COMPRESSED, true);
	add_zeros(3);
	add_zstd(RLE, true);
	whole = n;
	ck_assert_int_eq(is_cut(n), 0);
	ck_assert_int_eq(is_cut(n - 1), 1);
	add_zeros(5000);
	ck_assert_int_eq(is_cut(n), 0);
	n = whole;
	add_zeros(-n & 3);
	add_entry("more", 9, 9);
	ck_assert_int_eq(is_cut(n), 0);
	ck_assert_int_eq(is_cut(n - 4), 1);
}
END_TEST

START_TEST(needs_no_padding_at_the_very_end)
{
	add_entry("TRAILER!!!", 0, 0);
	ck_assert_int_eq(is_cut(n - 3), 0);
	n = 0;
	add_entry("init", 9, 9);
	ck_assert_int_eq(is_cut(n - 3), 0);
	ck_assert_int_eq(is_cut(n - 4), 1);
}
END_TEST

START_TEST(does_not_believe_a_size)
{
	add_entry("init", 9, 0xffffffff);
	ck_assert_int_eq(is_cut(n), 1);
}
END_TEST

/* The kernel may yet take them, or stop there and go on with what it has. */
START_TEST(says_nothing_of_what_it_does_not_know)
{
	static const char *const others[] = { "\x1f\x8b\x08 gzip",
					      "#BOOTCONFIG\n",
					      "0707",
					      "070707 old cpio",
					      "\x28\xb5",
					      "070701 with a header that is none, but is "
					      "as long as one has to be, which are one "
					      "hundred and ten bytes, as it were" };

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		n = 0;
		add_cpio();
		add(others[i], strlen(others[i]));
		ck_assert_int_eq(is_cut(n), 0);
	}
	n = 0;
	add_zstd(RESERVED, false);
	ck_assert_int_eq(is_cut(n), 0);
	ck_assert_int_eq(is_cut(0), 0);
}
END_TEST

START_TEST(bears_a_file_that_becomes_shorter)
{
	add_entry("init", 9, 9);
	ck_assert_int_eq(is_cut(n + 1000), 0);
	add_entry("next", 2000, 2000);
	ck_assert_int_eq(is_cut(n + 1000), 0);
}
END_TEST

START_TEST(says_why_it_cannot_be_read)
{
	ck_assert_int_eq(initrd_is_cut(-1, 100), -EBADF);
}
END_TEST

UNIT_MAIN("initrd", sees_that_a_cpio_archive_is_cut, sees_that_a_zstd_frame_is_cut,
	  knows_the_headers_of_zstd, walks_over_all_segments,
	  needs_no_padding_at_the_very_end, does_not_believe_a_size,
	  says_nothing_of_what_it_does_not_know, bears_a_file_that_becomes_shorter,
	  says_why_it_cannot_be_read)
