// SPDX-License-Identifier: GPL-2.0-or-later

/* What goes behind the tree's initrd, for who takes one file. */

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pivot/tree/tree.h"
#include "unit.h"

enum { PAGE = 4096 };

static uint8_t bytes[3 * PAGE];

static int in_memory(size_t n, uint8_t first)
{
	int fd = memfd_create("file", MFD_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	for (size_t i = 0; i < n; i++)
		bytes[i] = (uint8_t)(first + i * 7 + i / PAGE);
	ck_assert_int_eq(write(fd, bytes, n), (ssize_t)n);
	return fd;
}

static struct tree tree_of(size_t initrd, size_t appended)
{
	struct tree tree = TREE_INIT;

	tree.initrd_fd = in_memory(initrd, 1);
	tree.appended_fd = in_memory(appended, 5);
	tree.initrd_bytes = initrd;
	tree.appended_bytes = appended;
	return tree;
}

START_TEST(begins_at_a_whole_page)
{
	struct tree tree = { .initrd_bytes = PAGE + 1 };

	ck_assert_uint_eq(tree_initrd_bytes(&tree), PAGE + 1);
	tree.appended_bytes = 12;
	ck_assert_uint_eq(tree_appended_at(&tree), 2 * PAGE);
	ck_assert_uint_eq(tree_initrd_bytes(&tree), 2 * PAGE + 12);
	tree.initrd_bytes = PAGE;
	ck_assert_uint_eq(tree_appended_at(&tree), PAGE);
}
END_TEST

static void assert_joined(size_t initrd, size_t appended)
{
	struct tree tree = tree_of(initrd, appended);
	uint8_t joined[sizeof(bytes)], expected[sizeof(bytes)] = { 0 };
	size_t n = (size_t)tree_initrd_bytes(&tree);
	int fd = tree_join_appended(&tree);
	struct stat st;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDONLY);
	ck_assert_int_eq(fstat(fd, &st), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0600);
	ck_assert_int_eq(pread(tree.initrd_fd, expected, initrd, 0), (ssize_t)initrd);
	ck_assert_int_eq(
		pread(tree.appended_fd, expected + tree_appended_at(&tree), appended, 0),
		(ssize_t)appended);
	ck_assert_int_eq(read(fd, joined, sizeof(joined)), (ssize_t)n);
	ck_assert_mem_eq(joined, expected, n);
	(void)close(fd);
	tree_done(&tree);
	ck_assert_int_eq(tree.appended_fd, -1);
}

START_TEST(joins_both_in_memory_with_zeros_between)
{
	assert_joined(10, 12);
	assert_joined(PAGE, PAGE);
	assert_joined(PAGE + 1, 1);
}
END_TEST

UNIT_MAIN("what is appended", begins_at_a_whole_page,
	  joins_both_in_memory_with_zeros_between)
