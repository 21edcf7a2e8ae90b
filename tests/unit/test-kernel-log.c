// SPDX-License-Identifier: GPL-2.0-or-later

/* What the kernel says while something is tried. */

#include "pivot/kernel-log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fake-root.h"
#include "unit.h"

/* As /dev/kmsg gives them: a record a read. */
static int ends[2];

static void begin(void)
{
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, ends), 0);
}

static void record(const char *text)
{
	ck_assert_int_eq(write(ends[1], text, strlen(text)), (ssize_t)strlen(text));
}

static const char *said(size_t size)
{
	static char text[800];

	return kernel_log_since(ends[0], text, size);
}

START_TEST(tells_the_last_three_lines)
{
	begin();
	ck_assert_str_eq(said(800), "");
	record("6,1,1,-;one\n");
	ck_assert_str_eq(said(800), "one");
	record("3,339,5140900,-;one\n");
	record("4,340,5140901,-;two\n SUBSYSTEM=pci\n DEVICE=+pci:0\n");
	ck_assert_str_eq(said(800), "one; two");
	record("5,341,5140902,c;three\n");
	record("5,342,5140903,-;four\n");
	record("5,343,5140904,-,caller=T1;five; and more, too\n");
	ck_assert_str_eq(said(800), "three; four; five; and more, too");
	ck_assert_str_eq(said(800), "");
}
END_TEST

/* What programs write there has a facility of theirs. */
START_TEST(leaves_out_what_others_say)
{
	begin();
	record("12,1,1,-;pivot-kexec: taking over\n");
	record("30,2,2,-;systemd[1]: hello\n");
	record("7,3,3,-;kexec_file: it was us\n");
	record("8,4,4,-;nearly\n");
	ck_assert_str_eq(said(800), "kexec_file: it was us");
}
END_TEST

START_TEST(leaves_out_what_is_no_record)
{
	begin();
	record("hello");
	record("6 1 1;no commas\n");
	record("6,1,1,no text\n");
	record(",1,1,-;no number\n");
	record("-6,1,1,-;a negative one\n");
	ck_assert_str_eq(said(800), "");
}
END_TEST

START_TEST(makes_it_printable)
{
	begin();
	record("6,1,1,-;a \x1b[31mred\x07 line\n");
	ck_assert_str_eq(said(800), "a ?[31mred? line");
}
END_TEST

START_TEST(cuts_what_does_not_fit)
{
	char text[400] = "6,1,1,-;";

	begin();
	memset(text + 8, 'x', sizeof(text) - 9);
	record(text);
	ck_assert_uint_eq(strlen(said(800)), 255);
	for (int i = 0; i < 3; i++)
		record(text);
	ck_assert_uint_eq(strlen(said(800)), 3 * 255 + 2 * 2);
	record("6,1,1,-;one");
	record("6,1,1,-;two");
	record("6,1,1,-;three");
	ck_assert_str_eq(said(10), "one; two;");
}
END_TEST

START_TEST(begins_at_the_end_of_the_log)
{
	char text[100];
	int fd;

	fake_root_make();
	ck_assert_int_eq(kernel_log_open(fake_root()), -ENOENT);
	ck_assert_str_eq(kernel_log_since(-ENOENT, text, sizeof(text)), "");
	fake_file("6,1,1,-;old\n", "/dev/kmsg");
	fd = kernel_log_open(fake_root());
	ck_assert_int_ge(fd, 0);
	fake_append("/dev/kmsg", "6,2,2,-;new\n");
	ck_assert_str_eq(kernel_log_since(fd, text, sizeof(text)), "new");
	(void)close(fd);
}
END_TEST

UNIT_MAIN("kernel log", tells_the_last_three_lines, leaves_out_what_others_say,
	  leaves_out_what_is_no_record, makes_it_printable, cuts_what_does_not_fit,
	  begins_at_the_end_of_the_log)
