// SPDX-License-Identifier: GPL-2.0-or-later

/* The target's files on their way into the stage. */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fake-acts.h"
#include "fake-machine.h"
#include "fake-output.h"
#include "fake-root.h"
#include "pivot/base/clock.h"
#include "pivot/takeover/takeover.h"
#include "unit.h"

#define PAYLOAD "/run/initramfs/payload"

static struct stage *stage;
static struct tree tree;
static const struct kernel_image kernel = { .setup_bytes = 8 };
static const char *said;

static int open_file(const char *path, int flags)
{
	char full[PATH_MAX];
	int fd;

	(void)snprintf(full, sizeof(full), "%s%s", fake_root(), path);
	fd = open(full, flags | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	return fd;
}

/* Whoever has the initrd open for writing: the fake root may be on a tmpfs. */
static int writer;

static void begin(void)
{
	const struct image image = { .data = (char *)"cpio", .size = 4 };

	machine_that_can_jump();
	stage = stage_new(fake_root());
	ck_assert_int_eq(stage_mount(stage, &image, 0), 0);
	fake_file("setup---the kernel itself", "/result/bzImage");
	fake_file("the initrd", "/result/initrd");
	writer = open_file("/result/initrd", O_WRONLY);
	tree = (struct tree){
		.kernel_name = (char *)"result/bzImage",
		.initrd_name = (char *)"result/initrd",
		.kernel_fd = open_file("/result/bzImage", O_RDONLY),
		.initrd_fd = open_file("/result/initrd", O_RDONLY),
		.kernel_bytes = 25,
		.initrd_bytes = 10,
		.command_line = (char *)"init=/init",
	};
	ck_assert_int_eq(fstat(tree.kernel_fd, &tree.kernel_stat), 0);
	ck_assert_int_eq(fstat(tree.initrd_fd, &tree.initrd_stat), 0);
	fake_forget();
}

static int put(void)
{
	int r;

	output_catch();
	r = stage_put_payload(stage, &tree, &kernel);
	said = output_caught();
	return r;
}

static void assert_holds(const char *name, const char *expected)
{
	char path[64], *text;

	(void)snprintf(path, sizeof(path), PAYLOAD "/%s", name);
	text = fake_text(path);
	ck_assert_str_eq(text, expected);
	free(text);
}

static int check_seal(int initrd_fd)
{
	struct payload payload;
	int r = payload_open(fake_root(), PAYLOAD, initrd_fd, &payload);

	if (r == 0)
		r = payload_check(&payload);
	payload_done(&payload);
	return r;
}

#define assert_said(sentence) ck_assert_str_eq(said, "pivot-kexec: " sentence "\n")

START_TEST(copies_each_part_and_seals_them)
{
	begin();
	ck_assert_int_eq(put(), 0);
	ck_assert_str_eq(said, "");
	ck_assert_str_eq(fake_log(), "enter mounts\n"
				     "copy " PAYLOAD "/setup\n"
				     "copy " PAYLOAD "/kernel\n"
				     "copy " PAYLOAD "/initrd\n"
				     "create " PAYLOAD "/command-line 600\n"
				     "create " PAYLOAD "/seal 600\n");
	assert_holds("setup", "setup---");
	assert_holds("kernel", "the kernel itself");
	assert_holds("initrd", "the initrd");
	assert_holds("command-line", "init=/init");
	ck_assert(!stage->has_initrd_outside);
	ck_assert_int_eq(check_seal(-1), 0);
}
END_TEST

START_TEST(needs_no_initrd)
{
	begin();
	tree.initrd_fd = -1;
	ck_assert_int_eq(put(), 0);
	ck_assert(!fake_exists(PAYLOAD "/initrd"));
	ck_assert_int_eq(check_seal(-1), 0);
}
END_TEST

START_TEST(copies_what_goes_behind_the_initrd)
{
	begin();
	fake_file("what travels", "/appended");
	tree.appended_fd = open_file("/appended", O_RDONLY);
	tree.appended_bytes = 12;
	ck_assert_int_eq(put(), 0);
	ck_assert_int_eq(fake_count("copy " PAYLOAD "/extra"), 1);
	assert_holds("initrd", "the initrd");
	assert_holds("extra", "what travels");
	ck_assert_int_eq(check_seal(-1), 0);
	ck_assert_int_eq(stage_remove_payload(stage), 0);
	ck_assert(!fake_exists(PAYLOAD "/extra"));
}
END_TEST

/* --- who else is at work --- */

static void change(const char *path, const char *text)
{
	int fd = open_file(path, O_WRONLY);

	clock_sleep_ms(20); /* the clock of files is a coarse one */
	must(pwrite(fd, text, strlen(text), 0) > 0);
	(void)close(fd);
}

static void change_kernel(void)
{
	change("/result/bzImage", "SETUP");
}

static void change_initrd(void)
{
	change("/result/initrd", "THE");
}

static void change_initrd_and_its_time(void)
{
	const struct timespec then[2] = { { .tv_sec = 1 }, { .tv_sec = 1 } };

	change_initrd();
	must(futimens(writer, then) == 0);
}

static void lengthen_initrd(void)
{
	fake_append("/result/initrd", " and more");
}

static void cut_kernel(void)
{
	int fd = open_file("/result/bzImage", O_WRONLY);

	must(ftruncate(fd, 10) == 0);
	(void)close(fd);
}

START_TEST(notices_a_file_that_changes_while_it_is_copied)
{
	begin();
	fake_then("copy " PAYLOAD "/setup", change_kernel);
	ck_assert_int_eq(put(), -ESTALE);
	assert_said("'result/bzImage' changed while it was read: wait until it is "
		    "copied, and try again");
	ck_assert(!fake_exists(PAYLOAD "/seal"));
	begin();
	fake_then("copy " PAYLOAD "/initrd", change_initrd);
	ck_assert_int_eq(put(), -ESTALE);
	assert_said("'result/initrd' changed while it was read: wait until it is copied, "
		    "and try again");
	begin();
	fake_then("copy " PAYLOAD "/initrd", lengthen_initrd);
	ck_assert_int_eq(put(), -ESTALE);
	ck_assert(!fake_exists(PAYLOAD "/seal"));
	begin(); /* after it was opened, and before it is copied */
	lengthen_initrd();
	ck_assert_int_eq(put(), -ESTALE);
}
END_TEST

/* Whose time is put back, as cp -p and rsync do. */
START_TEST(is_not_deceived_by_a_time_that_is_put_back)
{
	const struct timespec then[2] = { { .tv_sec = 1 }, { .tv_sec = 1 } };

	begin();
	ck_assert_int_eq(futimens(writer, then), 0);
	fake_then("copy " PAYLOAD "/initrd", change_initrd_and_its_time);
	ck_assert_int_eq(put(), -ESTALE);
}
END_TEST

START_TEST(says_that_a_file_became_shorter)
{
	begin();
	fake_then("copy " PAYLOAD "/setup", cut_kernel);
	ck_assert_int_eq(put(), -ENODATA);
	assert_said("'result/bzImage' became shorter while it was read: wait until it is "
		    "copied, and try again");
	begin();
	tree.initrd_bytes = 11;
	ck_assert_int_eq(put(), -ENODATA);
}
END_TEST

START_TEST(says_that_there_is_no_memory)
{
	begin();
	fake_fail("copy " PAYLOAD "/initrd", ENOSPC, 1);
	ck_assert_int_eq(put(), -ENOSPC);
	assert_said("there is no memory left to copy 'result/initrd' into");
}
END_TEST

START_TEST(says_what_else_fails)
{
	begin();
	fake_fail("copy " PAYLOAD "/kernel", EIO, 1);
	ck_assert_int_eq(put(), -EIO);
	assert_said("cannot copy 'result/bzImage' into the stage: Input/output error");
	begin();
	fake_fail("create " PAYLOAD "/command-line", EROFS, 1);
	ck_assert_int_eq(put(), -EROFS);
	assert_said("cannot write '/run/initramfs" PAYLOAD_FOLDER
		    "/command-line': Read-only file system");
	begin();
	fake_ignore("copy " PAYLOAD "/kernel", 1);
	ck_assert_int_eq(put(), -ENOENT);
	assert_said("cannot map the target's files: No such file or directory");
	begin();
	fake_fail("enter mounts", EPERM, 1);
	ck_assert_int_eq(put(), -EPERM);
	ck_assert_str_eq(fake_log(), "enter mounts = EPERM\n");
}
END_TEST

/* --- an initrd that is in memory already --- */

static int in_memory(bool is_written)
{
	char path[64];
	int writable = memfd_create("initrd", MFD_CLOEXEC), fd;

	ck_assert_int_ge(writable, 0);
	ck_assert_int_eq(write(writable, "the initrd", 10), 10);
	ck_assert_int_eq(fchmod(writable, 0644), 0);
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", writable);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	/* the kernel does not count a memfd's first descriptor among its writers */
	if (is_written)
		ck_assert_int_ge(open(path, O_WRONLY | O_CLOEXEC), 0);
	(void)close(writable);
	return fd;
}

/* As tree_open() opens it. */
static void take_initrd(int fd)
{
	tree.initrd_fd = fd;
	ck_assert_int_eq(fstat(fd, &tree.initrd_stat), 0);
}

START_TEST(leaves_an_initrd_outside_that_nobody_writes)
{
	begin();
	take_initrd(in_memory(false));
	ck_assert(stage_leaves_outside(tree.initrd_fd));
	ck_assert_int_eq(put(), 0);
	ck_assert(stage->has_initrd_outside);
	ck_assert_int_eq(fake_count("copy " PAYLOAD "/initrd"), 0);
	ck_assert_int_eq(check_seal(tree.initrd_fd), 0);
	ck_assert_int_eq(check_seal(-1), -EBADMSG);
	/* it may be written again when it is let go */
	ck_assert_int_eq(fcntl(tree.initrd_fd, F_GETLEASE), F_UNLCK);
}
END_TEST

START_TEST(copies_an_initrd_that_somebody_may_write)
{
	begin();
	take_initrd(in_memory(true));
	ck_assert(!stage_leaves_outside(tree.initrd_fd));
	ck_assert_int_eq(put(), 0);
	ck_assert(!stage->has_initrd_outside);
	assert_holds("initrd", "the initrd");
}
END_TEST

START_TEST(leaves_nothing_outside_that_is_not_in_memory)
{
	int fd = open("/proc/version", O_RDONLY | O_CLOEXEC);

	ck_assert(!stage_leaves_outside(fd));
	ck_assert(!stage_leaves_outside(-1));
	(void)close(fd);
}
END_TEST

START_TEST(links_to_who_holds_it_open)
{
	char full[PATH_MAX], target[PATH_MAX] = "";

	begin();
	ck_assert_int_eq(stage_link_initrd(stage, 348, 7), 0);
	ck_assert_str_eq(fake_log(), "enter mounts\nsymlink " PAYLOAD "/initrd\n");
	(void)snprintf(full, sizeof(full), "%s" PAYLOAD "/initrd", fake_root());
	ck_assert_int_gt(readlink(full, target, sizeof(target) - 1), 0);
	ck_assert_str_eq(target, "/proc/348/fd/7");
	output_catch();
	ck_assert_int_eq(stage_link_initrd(stage, 348, 7), -EEXIST);
	said = output_caught();
	assert_said("cannot link '/run/initramfs/payload/initrd': File exists");
}
END_TEST

/* --- and away again --- */

static int take_away(void)
{
	int r;

	output_catch();
	r = stage_remove_payload(stage);
	said = output_caught();
	return r;
}

/* What is left of it must not look like a target to our init. */
START_TEST(takes_everything_away_again_and_the_seal_first)
{
	begin();
	ck_assert_int_eq(put(), 0);
	fake_forget();
	ck_assert_int_eq(take_away(), 0);
	ck_assert_str_eq(fake_log(), "enter mounts\n"
				     "unlink " PAYLOAD "/seal\n"
				     "unlink " PAYLOAD "/setup\n"
				     "unlink " PAYLOAD "/kernel\n"
				     "unlink " PAYLOAD "/initrd\n"
				     "unlink " PAYLOAD "/extra = ENOENT\n"
				     "unlink " PAYLOAD "/command-line\n");
	ck_assert_int_eq(take_away(), 0);
}
END_TEST

START_TEST(says_that_something_stays)
{
	begin();
	ck_assert_int_eq(put(), 0);
	fake_fail("unlink " PAYLOAD "/kernel", EROFS, 1);
	ck_assert_int_eq(take_away(), -EROFS);
	assert_said("cannot remove the target from the stage: Read-only file system");
	ck_assert(!fake_exists(PAYLOAD "/seal"));
}
END_TEST

START_TEST(needs_nobody_to_hold_an_initrd_that_is_of_no_use_any_more)
{
	begin();
	take_initrd(in_memory(false));
	ck_assert_int_eq(put(), 0);
	ck_assert_int_eq(take_away(), 0);
	ck_assert(!stage->has_initrd_outside);
}
END_TEST

UNIT_MAIN("the payload's way into the stage", copies_each_part_and_seals_them,
	  needs_no_initrd, copies_what_goes_behind_the_initrd,
	  notices_a_file_that_changes_while_it_is_copied,
	  is_not_deceived_by_a_time_that_is_put_back, says_that_a_file_became_shorter,
	  says_that_there_is_no_memory, says_what_else_fails,
	  leaves_an_initrd_outside_that_nobody_writes,
	  copies_an_initrd_that_somebody_may_write,
	  leaves_nothing_outside_that_is_not_in_memory, links_to_who_holds_it_open,
	  takes_everything_away_again_and_the_seal_first, says_that_something_stays,
	  needs_nobody_to_hold_an_initrd_that_is_of_no_use_any_more)
