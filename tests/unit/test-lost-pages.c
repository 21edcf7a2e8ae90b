// SPDX-License-Identifier: GPL-2.0-or-later

/* A mapped file that somebody cuts off. */

#include "initramfs/lost-pages.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fake-output.h"
#include "pivot/base/pages.h"
#include "unit.h"

static int fd;
static const volatile unsigned char *page;

static void begin(void)
{
	fd = memfd_create("initrd", MFD_CLOEXEC);
	ck_assert_int_eq(ftruncate(fd, PAGE_BYTES), 0);
	page = mmap(NULL, PAGE_BYTES, PROT_READ, MAP_SHARED | MAP_POPULATE, fd, 0);
	ck_assert_ptr_ne((void *)page, MAP_FAILED);
}

static int read_page(void *data)
{
	(void)data;
	return *page + 7;
}

static int cut_off_and_read(void *data)
{
	ck_assert_int_eq(ftruncate(fd, 0), 0);
	return read_page(data);
}

START_TEST(gives_what_the_work_gave)
{
	begin();
	ck_assert_int_eq(lost_pages_guard(read_page, NULL), 7);
}
END_TEST

START_TEST(survives_pages_that_are_gone)
{
	begin();
	for (int i = 0; i < 3; i++) {
		output_catch();
		ck_assert_int_eq(lost_pages_guard(cut_off_and_read, NULL), -EFAULT);
		ck_assert_ptr_nonnull(strstr(output_caught(), "its file was cut off"));
	}
	ck_assert_int_eq(ftruncate(fd, PAGE_BYTES), 0);
	ck_assert_int_eq(lost_pages_guard(read_page, NULL), 7);
}
END_TEST

START_TEST(guards_nothing_else)
{
	struct sigaction after;

	begin();
	ck_assert_int_eq(lost_pages_guard(read_page, NULL), 7);
	ck_assert_int_eq(sigaction(SIGBUS, NULL, &after), 0);
	ck_assert(after.sa_handler == SIG_DFL);
}
END_TEST

UNIT_MAIN("lost pages", gives_what_the_work_gave, survives_pages_that_are_gone,
	  guards_nothing_else)
