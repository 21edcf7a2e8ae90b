// SPDX-License-Identifier: GPL-2.0-or-later

/* How the devices get their drivers in a middle kernel. */

#include "initramfs/middle.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fake-acts.h"
#include "fake-output.h"
#include "fake-root.h"
#include "pivot/base/clock.h"
#include "unit.h"

enum { FIRST_EVENT = 1000 };

static struct middle_times times;
static const char *said;
static uint64_t took_ms;

static void begin(const char *order)
{
	fake_start();
	times = (struct middle_times){ .load_ms = 1000,
				       .settle_ms = 5000,
				       .quiet_ms = 100 };
	fake_file("1000\n", "/sys/kernel/uevent_seqnum");
	if (order)
		fake_file(order, "/modules/order");
}

static void run(void)
{
	uint64_t start = clock_ms();

	output_catch();
	middle_bind(fake_root(), &times);
	said = output_caught();
	took_ms = clock_ms() - start;
}

#define assert_said(text) ck_assert_msg(strstr(said, text), "said: %s", said)

START_TEST(loads_modules_in_the_order_that_is_written)
{
	begin("mii.ko\nbnx2x.ko num_queues=1 \"a=b c\"\nahci.ko\n");
	run();
	ck_assert_str_eq(fake_log(), "load /modules/mii.ko\n"
				     "load /modules/bnx2x.ko num_queues=1 \"a=b c\"\n"
				     "load /modules/ahci.ko\n");
	assert_said("3 of 3 modules loaded");
}
END_TEST

START_TEST(goes_on_after_one_that_fails)
{
	begin("a.ko\nb.ko\nc.ko\n");
	fake_fail("load /modules/b.ko", ENOENT, 1);
	run();
	ck_assert_str_eq(fake_log(), "load /modules/a.ko\n"
				     "load /modules/b.ko = ENOENT\n"
				     "load /modules/c.ko\n");
	assert_said("cannot load '/modules/b.ko': No such file or directory");
	assert_said("2 of 3 modules loaded");
}
END_TEST

/* In its module's init, or in the probe of a driver. */
START_TEST(goes_on_after_one_that_hangs)
{
	begin("a.ko\nb.ko\nc.ko\n");
	times.load_ms = 1500;
	fake_hang("load /modules/a.ko", 1);
	run();
	ck_assert_str_eq(fake_log(), "load /modules/a.ko = hangs\n"
				     "load /modules/b.ko\n"
				     "load /modules/c.ko\n");
	assert_said("cannot load '/modules/a.ko': Connection timed out");
	assert_said("2 of 3 modules loaded");
}
END_TEST

/* As one that a soft dependency has loaded, or that is built in. */
START_TEST(takes_one_that_is_there_for_loaded)
{
	begin("a.ko\nb.ko\n");
	fake_fail("load /modules/a.ko", EEXIST, 1);
	run();
	ck_assert_ptr_null(strstr(said, "cannot load"));
	assert_said("2 of 2 modules loaded");
}
END_TEST

/* As soft dependencies may be: what is asked for does without them. */
START_TEST(does_not_complain_of_one_for_another_processor)
{
	begin("a.ko\nb.ko\n");
	fake_fail("load /modules/a.ko", ENODEV, 1);
	run();
	ck_assert_ptr_null(strstr(said, "cannot load"));
	assert_said("'/modules/a.ko' is not for this machine");
	assert_said("1 of 2 modules loaded");
}
END_TEST

START_TEST(loads_nothing_where_there_is_no_order)
{
	begin(NULL);
	run();
	ck_assert_str_eq(fake_log(), "");
	ck_assert_ptr_null(strstr(said, "modules loaded"));
	assert_said("done in ");
	begin("");
	run();
	ck_assert_str_eq(fake_log(), "");
}
END_TEST

/* As many devices appear, one every so often: what a kernel counts of them. */
static pid_t start_events(int n, unsigned int every_ms)
{
	pid_t pid = fork();

	must(pid >= 0);
	for (int i = 1; pid == 0 && i <= n; i++) {
		char text[16];

		clock_sleep_ms(every_ms);
		(void)snprintf(text, sizeof(text), "%d\n", FIRST_EVENT + i);
		fake_file(text, "/sys/kernel/uevent_seqnum");
	}
	if (pid == 0)
		_exit(0);
	return pid;
}

static void end_events(pid_t pid)
{
	(void)kill(pid, SIGKILL);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
}

START_TEST(waits_until_no_more_devices_appear)
{
	char *last;
	pid_t events;

	begin(NULL);
	times.quiet_ms = 1500; /* for a busy machine */
	events = start_events(12, 40);
	run();
	last = fake_text("/sys/kernel/uevent_seqnum");
	ck_assert_str_eq(last, "1012\n");
	ck_assert_uint_lt(took_ms, 15000);
	free(last);
	end_events(events);
}
END_TEST

START_TEST(waits_no_longer_where_none_appears)
{
	begin(NULL);
	run();
	ck_assert_uint_ge(took_ms, 100);
	ck_assert_uint_lt(took_ms, 3000);
	fake_remove("/sys/kernel/uevent_seqnum"); /* nobody tells */
	run();
	ck_assert_uint_lt(took_ms, 3000);
}
END_TEST

/* One that comes and goes for ever, with a cable that is loose. */
START_TEST(does_not_wait_for_ever)
{
	pid_t events;

	begin(NULL);
	times.settle_ms = 600;
	times.quiet_ms = 1500;
	events = start_events(1000, 20);
	run();
	ck_assert_uint_ge(took_ms, 600);
	ck_assert_uint_lt(took_ms, 5000);
	end_events(events);
}
END_TEST

UNIT_MAIN("middle bind", loads_modules_in_the_order_that_is_written,
	  goes_on_after_one_that_fails, goes_on_after_one_that_hangs,
	  takes_one_that_is_there_for_loaded,
	  does_not_complain_of_one_for_another_processor,
	  loads_nothing_where_there_is_no_order, waits_until_no_more_devices_appear,
	  waits_no_longer_where_none_appears, does_not_wait_for_ever)
