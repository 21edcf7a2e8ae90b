// SPDX-License-Identifier: GPL-2.0-or-later
#include "pivot/base/read.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fake-root.h"
#include "unit.h"

static char text[16];

START_TEST(puts_the_root_before_the_path)
{
	ck_assert_int_eq(read_path(text, sizeof(text), "/root", "/%s/%d", "a", 7), 0);
	ck_assert_str_eq(text, "/root/a/7");
	ck_assert_int_eq(read_path(text, sizeof(text), "", "/%s", "a"), 0);
	ck_assert_str_eq(text, "/a");
}
END_TEST

START_TEST(refuses_a_path_that_does_not_fit)
{
	ck_assert_int_eq(read_path(text, sizeof(text), "/root", "/%s", "123456789"), 0);
	ck_assert_int_eq(read_path(text, sizeof(text), "/root", "/%s", "1234567890"),
			 -ENAMETOOLONG);
	ck_assert_int_eq(read_path(text, sizeof(text), "/a-root-of-16-by", "/"),
			 -ENAMETOOLONG);
}
END_TEST

START_TEST(drops_newlines_at_the_end_only)
{
	fake_root_make();
	fake_file("a\nb\n\n", "/file");
	ck_assert_int_eq(read_text(text, sizeof(text), fake_root(), "/file"), 3);
	ck_assert_str_eq(text, "a\nb");
	fake_file("\n", "/file");
	ck_assert_int_eq(read_text(text, sizeof(text), fake_root(), "/file"), 0);
	ck_assert_str_eq(text, "");
}
END_TEST

START_TEST(gives_the_beginning_of_what_does_not_fit)
{
	fake_root_make();
	fake_file("123456789012345", "/file");
	ck_assert_int_eq(read_text(text, sizeof(text), fake_root(), "/file"), 15);
	fake_file("1234567890123456", "/file");
	ck_assert_int_eq(read_text(text, sizeof(text), fake_root(), "/file"), -EFBIG);
	ck_assert_str_eq(text, "123456789012345");
}
END_TEST

START_TEST(says_why_it_cannot_read)
{
	uint64_t number;

	fake_root_make();
	ck_assert_int_eq(read_text(text, sizeof(text), fake_root(), "/none"), -ENOENT);
	ck_assert_int_eq(read_text(text, sizeof(text), fake_root(), "/"), -EISDIR);
	ck_assert_int_eq(read_u64(&number, 10, fake_root(), "/none"), -ENOENT);
	ck_assert_int_eq(read_link_name(text, sizeof(text), fake_root(), "/none"),
			 -ENOENT);
	ck_assert(!read_exists(fake_root(), "/none"));
}
END_TEST

START_TEST(reads_a_number_and_nothing_else)
{
	uint64_t number = 7;

	fake_root_make();
	fake_file("0x1043\n", "/flags");
	ck_assert_int_eq(read_u64(&number, 16, fake_root(), "/flags"), 0);
	ck_assert_uint_eq(number, 0x1043);
	ck_assert_int_eq(read_u64(&number, 10, fake_root(), "/flags"), -EINVAL);
	ck_assert_uint_eq(number, 0x1043);
	fake_file("1 2\n", "/two");
	ck_assert_int_eq(read_u64(&number, 10, fake_root(), "/two"), -EINVAL);
}
END_TEST

START_TEST(names_what_a_link_points_to)
{
	fake_root_make();
	fake_symlink("../../../bus/pci/drivers/e1000e", "/driver");
	fake_symlink("plain", "/plain");
	fake_symlink("/a/name-of-16-bytes", "/long");
	ck_assert_int_eq(read_link_name(text, sizeof(text), fake_root(), "/driver"), 0);
	ck_assert_str_eq(text, "e1000e");
	ck_assert_int_eq(read_link_name(text, sizeof(text), fake_root(), "/plain"), 0);
	ck_assert_str_eq(text, "plain");
	ck_assert_int_eq(read_link_name(text, sizeof(text), fake_root(), "/long"),
			 -ENAMETOOLONG);
}
END_TEST

/* More than one fill of the buffer. */
START_TEST(lists_every_entry_of_a_directory_once)
{
	bool seen[500] = { false };
	struct dir dir;
	size_t n = 0;

	fake_root_make();
	for (int i = 0; i < 500; i++)
		fake_file("", "/directory/entry-%d", i);
	dir_for_each (&dir, name, fake_root(), "/directory") {
		int i;

		ck_assert_int_eq(sscanf(name, "entry-%d", &i), 1);
		ck_assert(!seen[i]);
		seen[i] = true;
		n++;
	}
	ck_assert_uint_eq(n, 500);
	ck_assert_int_eq(dir.error, 0);
	ck_assert_int_eq(dir.fd, -1);
}
END_TEST

START_TEST(finds_nothing_in_a_directory_that_is_not_there)
{
	struct dir dir;
	size_t n = 0;

	fake_root_make();
	dir_for_each (&dir, name, fake_root(), "/none")
		n += name[0] != '\0';
	ck_assert_uint_eq(n, 0);
	ck_assert_int_eq(dir.error, -ENOENT);
}
END_TEST

UNIT_MAIN("read", puts_the_root_before_the_path, refuses_a_path_that_does_not_fit,
	  drops_newlines_at_the_end_only, gives_the_beginning_of_what_does_not_fit,
	  says_why_it_cannot_read, reads_a_number_and_nothing_else,
	  names_what_a_link_points_to, lists_every_entry_of_a_directory_once,
	  finds_nothing_in_a_directory_that_is_not_there)
