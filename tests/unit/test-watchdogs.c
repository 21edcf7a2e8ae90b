// SPDX-License-Identifier: GPL-2.0-or-later

/* What is read of watchdogs, what is decided, and what the stage makes of it. */

#include "initramfs/teardown/teardown.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "fake-acts.h"
#include "fake-machine.h"
#include "fake-output.h"
#include "fake-root.h"
#include "initramfs/inventory/watchdogs.h"
#include "initramfs/teardown/stages.h"
#include "pivot/base/clock.h"
#include "unit.h"

static struct teardown teardown;
static const char *said;

static struct watchdogs watchdogs;

static void run(unsigned int armed_s)
{
	teardown = (struct teardown){ .root = fake_root(),
				      .handover = { .unbind_ms = 1000,
						    .deadline_ms = 20000,
						    .watchdog_s = armed_s } };
	output_catch();
	ck_assert_int_eq(watchdogs_quiet(&teardown), 0);
	said = output_caught();
}

#define assert_said(text)     ck_assert_msg(strstr(said, text), "said: %s", said)
#define assert_not_said(text) ck_assert_msg(!strstr(said, text), "said: %s", said)

static const struct watchdog *read_one(void)
{
	ck_assert_int_eq(watchdogs_read(fake_root(), &watchdogs), 0);
	ck_assert_uint_eq(watchdogs.n, 1);
	return &watchdogs.watchdog[0];
}

static enum watchdog_way way(void)
{
	return watchdog_way(read_one(), false);
}

START_TEST(reads_what_a_watchdog_says)
{
	const struct watchdog *w;

	machine_start();
	machine_watchdog(.name = "watchdog0", .identity = "i6300ESB timer",
			 .device = "pci0000:00/0000:00:05.0", .state = "active",
			 .nowayout = "1", .timeout = "60");
	w = read_one();
	ck_assert_str_eq(w->name, "watchdog0");
	ck_assert_str_eq(w->identity, "i6300ESB timer");
	ck_assert_int_eq(w->is_active, ANSWER_YES);
	ck_assert_int_eq(w->is_nowayout, ANSWER_YES);
	ck_assert_uint_eq(w->timeout_s, 60);
}
END_TEST

START_TEST(takes_a_machine_without_watchdogs)
{
	machine_start();
	ck_assert_int_eq(watchdogs_read(fake_root(), &watchdogs), 0);
	ck_assert_uint_eq(watchdogs.n, 0);
	run(0);
	ck_assert_str_eq(fake_log(), "");
}
END_TEST

/* Opening it would start it. */
START_TEST(never_touches_an_inactive_one)
{
	machine_start();
	machine_watchdog(.name = "watchdog0", .state = "inactive");
	run(0);
	ck_assert_str_eq(fake_log(), "");
	ck_assert_str_eq(said, "");
}
END_TEST

START_TEST(disarms_an_active_one)
{
	machine_start();
	machine_watchdog(.name = "watchdog0", .identity = "iTCO_wdt", .state = "active");
	run(0);
	ck_assert_str_eq(fake_log(), "watchdog stop /dev/watchdog0\n");
	assert_said("watchdog0 (iTCO_wdt) is disarmed");
}
END_TEST

START_TEST(gives_the_target_time_where_it_cannot_be_stopped)
{
	machine_start();
	machine_watchdog(.name = "watchdog0", .identity = "hpwdt", .state = "active",
			 .nowayout = "1");
	run(0);
	ck_assert_str_eq(fake_log(), "watchdog arm /dev/watchdog0 0\n");
	assert_said("watchdog0 (hpwdt) cannot be stopped");
	assert_said("the target has up to 255 s to take it over");
}
END_TEST

/* As IPMI's: no attribute says what it is set to. */
START_TEST(does_not_take_an_unknown_time_for_none)
{
	machine_start();
	machine_legacy_watchdog();
	run(300);
	assert_said("is armed: when nobody feeds it any more the target has an unknown "
		    "time to take it over");
	machine_watchdog(.name = "watchdog1", .state = "active", .nowayout = "1");
	fake_remove("/sys/class/watchdog/watchdog1/timeout");
	run(0);
	assert_said("the target has an unknown time to take it over");
	assert_not_said(" 0 s");
}
END_TEST

/* Success is what the kernel shows, not what the driver answers. */
START_TEST(gives_the_target_time_where_stopping_did_not_help)
{
	machine_start();
	machine_watchdog(.name = "watchdog0", .state = "active");
	fake_ignore("watchdog stop", FAKE_ALWAYS);
	run(0);
	ck_assert_str_eq(fake_log(), "watchdog stop /dev/watchdog0\n"
				     "watchdog arm /dev/watchdog0 0\n");
	assert_not_said("disarmed");
	assert_said("the target has up to 255 s");
}
END_TEST

START_TEST(says_so_where_nothing_helps)
{
	machine_start();
	machine_watchdog(.name = "watchdog0", .identity = "dog", .state = "active");
	fake_fail("watchdog", EIO, FAKE_ALWAYS);
	run(0);
	assert_said("watchdog0 (dog) cannot be stopped: Input/output error");
	assert_not_said("the target has");
}
END_TEST

/* Its turn comes when the process has ended. */
START_TEST(leaves_one_to_the_process_that_holds_it)
{
	machine_start();
	machine_watchdog(.name = "watchdog0", .identity = "dog", .state = "active");
	fake_fail("watchdog stop", EBUSY, FAKE_ALWAYS);
	run(0);
	assert_said("watchdog0 (dog) is held by a process");
	ck_assert_int_eq(fake_count("watchdog arm"), 0);
}
END_TEST

START_TEST(stops_what_can_be_stopped_again_if_nobody_knows_its_state)
{
	machine_start();
	machine_watchdog(.name = "watchdog0", .module_nowayout = "N");
	ck_assert_int_eq(way(), WATCHDOG_TO_STOP);
	run(0);
	ck_assert_str_eq(fake_log(), "watchdog stop /dev/watchdog0\n");
	assert_said("watchdog0 (unknown) is disarmed");
}
END_TEST

START_TEST(leaves_alone_what_might_start_for_good)
{
	machine_start();
	machine_watchdog(.name = "watchdog0", .module_nowayout = "Y");
	ck_assert_int_eq(way(), WATCHDOG_TO_LEAVE);
	run(0);
	ck_assert_str_eq(fake_log(), "");
	assert_said("watchdog0 (unknown) may be armed, which nobody can say");
}
END_TEST

START_TEST(does_not_arm_anew_what_could_not_be_stopped_for_sure)
{
	machine_start();
	machine_watchdog(.name = "watchdog0", .module_nowayout = "N");
	fake_fail("watchdog stop", ENOTTY, FAKE_ALWAYS);
	run(0);
	ck_assert_str_eq(fake_log(), "watchdog stop /dev/watchdog0 = ENOTTY\n");
	assert_said("cannot be stopped");
}
END_TEST

/* Baseboard controllers: the driver is not the core's, and the hardware outlives all. */
START_TEST(stops_ipmi_s_own_kind_of_watchdog)
{
	machine_start();
	machine_legacy_watchdog();
	fake_file("N\n", "/sys/module/ipmi_watchdog/parameters/nowayout");
	run(0);
	ck_assert_str_eq(fake_log(), "watchdog stop /dev/watchdog\n");
	assert_said("watchdog (ipmi_watchdog) is disarmed");
}
END_TEST

START_TEST(leaves_an_old_driver_alone_that_says_nothing)
{
	machine_start();
	machine_legacy_watchdog();
	machine_watchdog(.name = "watchdog1", .state = "active");
	run(0);
	ck_assert_str_eq(fake_log(), "watchdog stop /dev/watchdog1\n");
	assert_said("watchdog (unknown) may be armed");
}
END_TEST

START_TEST(does_not_count_the_core_s_own_name_twice)
{
	machine_start();
	machine_legacy_watchdog();
	machine_watchdog(.name = "watchdog0", .state = "active");
	ck_assert_str_eq(read_one()->name, "watchdog0");
}
END_TEST

START_TEST(does_not_wait_for_a_driver_that_hangs)
{
	const uint64_t start = clock_ms();

	machine_start();
	machine_watchdog(.name = "watchdog0", .state = "active");
	machine_watchdog(.name = "watchdog1", .state = "active");
	fake_hang("watchdog stop /dev/watchdog0", 1);
	fake_hang("watchdog arm /dev/watchdog0", 1);
	run(0);
	ck_assert_uint_lt(clock_ms() - start, 5000);
	assert_said("watchdog0 (a dog) cannot be stopped: Connection timed out");
	assert_said("watchdog1 (a dog) is disarmed");
}
END_TEST

#define NOWAYOUT "write /sys/class/watchdog/watchdog0/nowayout 1\n"

START_TEST(arms_one_and_feeds_it)
{
	machine_start();
	machine_watchdog(.name = "watchdog0", .identity = "hpwdt", .state = "inactive");
	run(300);
	clock_sleep_ms(2500);
	ck_assert_ptr_eq(strstr(fake_log(), "watchdog arm /dev/watchdog0 300\n" NOWAYOUT
					    "watchdog open /dev/watchdog0\n"
					    "watchdog feed\n"
					    "watchdog feed\n"),
			 fake_log());
	assert_said("watchdog0 (hpwdt) is armed");
	assert_said("the target has 300 s to take it over");
	ck_assert_str_eq(teardown.watchdog, "watchdog0");
}
END_TEST

START_TEST(arms_one_that_runs_and_disarms_the_rest)
{
	machine_start();
	machine_watchdog(.name = "watchdog0", .state = "inactive");
	machine_watchdog(.name = "watchdog1", .identity = "Software Watchdog",
			 .state = "active");
	machine_watchdog(.name = "watchdog2", .state = "active", .nowayout = "1");
	machine_watchdog(.name = "watchdog3", .state = "active");
	run(60);
	ck_assert_str_eq(teardown.watchdog, "watchdog2");
	ck_assert_int_eq(fake_count("watchdog arm"), 1);
	ck_assert_int_eq(fake_count("watchdog arm /dev/watchdog2 60"), 1);
	ck_assert_int_eq(fake_count("watchdog stop /dev/watchdog1"), 1);
	ck_assert_int_eq(fake_count("watchdog stop /dev/watchdog3"), 1);
	ck_assert_int_eq(fake_count("write"), 0); /* nothing for nowayout to do */
}
END_TEST

START_TEST(says_when_it_cannot_arm)
{
	machine_start();
	machine_watchdog(.name = "watchdog0", .state = "active");
	fake_fail("watchdog arm", EIO, 1);
	run(300);
	assert_said("cannot be armed: Input/output error");
	assert_not_said("is armed");
	ck_assert_str_eq(teardown.watchdog, "");
}
END_TEST

START_TEST(says_when_there_is_none_to_arm)
{
	machine_start();
	machine_watchdog(.name = "watchdog0", .identity = "Software Watchdog",
			 .state = "active");
	run(300);
	ck_assert_str_eq(fake_log(), "watchdog stop /dev/watchdog0\n");
	assert_said("there is no hardware watchdog to arm");
}
END_TEST

static void let_go(void)
{
	output_catch();
	watchdogs_let_go(&teardown);
	said = output_caught();
}

START_TEST(takes_the_driver_of_the_armed_one_away)
{
	machine_start();
	machine_watchdog(.name = "watchdog0", .state = "active", .nowayout = "1");
	run(300);
	fake_symlink("../../../dog.0", "/sys/class/watchdog/watchdog0/device");
	fake_ignore("write /sys/class/watchdog", 1);
	let_go();
	ck_assert_int_eq(
		fake_count(
			"write /sys/class/watchdog/watchdog0/device/driver/unbind dog.0"),
		1);
	assert_said("its driver is gone, its timer runs on for 300 s");
}
END_TEST

START_TEST(leaves_the_driver_that_would_stop_it)
{
	machine_start();
	machine_watchdog(.name = "watchdog0", .state = "active");
	fake_fail("write", EACCES, FAKE_ALWAYS); /* older kernels */
	run(300);
	let_go();
	ck_assert_int_eq(fake_count("write /sys/class/watchdog/watchdog0/device"), 0);
	assert_said("may be stopped by its driver at the jump");
	fake_file("0\n", "/sys/module/watchdog/parameters/stop_on_reboot");
	let_go();
	ck_assert_str_eq(said, "");
}
END_TEST

UNIT_MAIN("watchdogs", reads_what_a_watchdog_says, takes_a_machine_without_watchdogs,
	  never_touches_an_inactive_one, disarms_an_active_one,
	  leaves_one_to_the_process_that_holds_it,
	  gives_the_target_time_where_it_cannot_be_stopped,
	  does_not_take_an_unknown_time_for_none,
	  gives_the_target_time_where_stopping_did_not_help, says_so_where_nothing_helps,
	  stops_what_can_be_stopped_again_if_nobody_knows_its_state,
	  leaves_alone_what_might_start_for_good,
	  does_not_arm_anew_what_could_not_be_stopped_for_sure,
	  stops_ipmi_s_own_kind_of_watchdog, leaves_an_old_driver_alone_that_says_nothing,
	  does_not_count_the_core_s_own_name_twice, does_not_wait_for_a_driver_that_hangs,
	  arms_one_and_feeds_it, arms_one_that_runs_and_disarms_the_rest,
	  says_when_it_cannot_arm, says_when_there_is_none_to_arm,
	  takes_the_driver_of_the_armed_one_away, leaves_the_driver_that_would_stop_it)
