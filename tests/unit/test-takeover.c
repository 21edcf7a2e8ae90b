// SPDX-License-Identifier: GPL-2.0-or-later

/* The stage, and the two ways to become PID 1. */

#include "pivot/takeover/takeover.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fake-acts.h"
#include "fake-machine.h"
#include "fake-output.h"
#include "fake-root.h"
#include "pivot/base/clock.h"
#include "unit.h"

static struct stage *stage;
static const char *said;

static void begin(void)
{
	const struct image image = { .data = (char *)"cpio", .size = 4 };

	machine_that_can_jump();
	stage = stage_new(fake_root());
	ck_assert_int_eq(stage_mount(stage, &image, 0), 0);
	ck_assert_int_eq(stage_open(stage), 0);
	fake_forget();
}

static int take_over(enum takeover takeover, unsigned int timeout_ms)
{
	int r;

	output_catch();
	r = takeover_start(takeover, stage, timeout_ms);
	said = output_caught();
	return r;
}

/* As dracut or finalrd do while services stop. */
static void cover_stage(void)
{
	char ours[PATH_MAX], aside[PATH_MAX + 8];

	(void)snprintf(ours, sizeof(ours), "%s/run/initramfs", fake_root());
	(void)snprintf(aside, sizeof(aside), "%s.ours", ours);
	must(rename(ours, aside) == 0);
	fake_file("", "/run/initramfs/shutdown");
}

START_TEST(knows_systemd_as_pid_1)
{
	machine_that_can_jump();
	ck_assert(takeover_has_systemd(fake_root()));
	fake_file("init\n", "/proc/1/comm");
	ck_assert(!takeover_has_systemd(fake_root()));
	fake_file("systemd\n", "/proc/1/comm");
	fake_remove("/run/systemd/system"); /* see sd_booted(3) */
	ck_assert(!takeover_has_systemd(fake_root()));
}
END_TEST

START_TEST(probes_without_a_change)
{
	machine_that_can_jump();
	ck_assert_int_eq(takeover_probe(), 0);
	ck_assert_str_eq(fake_log(), "can exec 1\n");
}
END_TEST

START_TEST(leaves_a_stage_that_is_on_top)
{
	begin();
	ck_assert_int_eq(stage_keep_on_top(stage, clock_ms() + 50), 0);
	ck_assert_str_eq(fake_log(), "enter mounts\n");
}
END_TEST

START_TEST(brings_a_covered_stage_on_top_again)
{
	begin();
	cover_stage();
	ck_assert_int_eq(stage_keep_on_top(stage, clock_ms() + 1000), 0);
	ck_assert_str_eq(fake_log(), "enter mounts\nbind fd /run/initramfs\n");
	ck_assert(!fake_exists("/run/initramfs/shutdown"));
}
END_TEST

START_TEST(tries_again_where_the_directory_is_gone)
{
	char ours[PATH_MAX], aside[PATH_MAX + 8];

	begin();
	(void)snprintf(ours, sizeof(ours), "%s/run/initramfs", fake_root());
	(void)snprintf(aside, sizeof(aside), "%s.ours", ours);
	ck_assert_int_eq(rename(ours, aside), 0);
	ck_assert_int_eq(stage_keep_on_top(stage, clock_ms() + 1000), 0);
	ck_assert_int_ge(fake_count("bind"), 2);
}
END_TEST

START_TEST(undoes_what_was_not_completed)
{
	const struct image image = { .data = (char *)"cpio", .size = 4 };

	machine_that_can_jump();
	stage = stage_new(fake_root());
	fake_fail("unpack", ENOSPC, 1);
	ck_assert_int_eq(stage_mount(stage, &image, 0), -ENOSPC);
	ck_assert_int_eq(stage_unmount(stage), 0);
	ck_assert_str_eq(fake_log(), "enter mounts\n"
				     "mkdir /run/initramfs 755\n"
				     "mount tmpfs /run/initramfs\n"
				     "unpack /run/initramfs = ENOSPC\n"
				     "enter mounts\n"
				     "umount -l /run/initramfs\n"
				     "rmdir /run/initramfs\n");
}
END_TEST

START_TEST(says_that_the_stage_stays)
{
	begin();
	fake_fail("umount", EBUSY, 1);
	output_catch();
	ck_assert_int_eq(stage_unmount(stage), -EBUSY);
	said = output_caught();
	ck_assert_ptr_nonnull(strstr(said, "cannot remove '/run/initramfs'"));
	ck_assert_int_eq(fake_count("rmdir"), 0);
}
END_TEST

START_TEST(seizes_at_once)
{
	const uint64_t start = clock_ms();

	begin();
	ck_assert_int_eq(take_over(TAKEOVER_SEIZE, 20000), 0);
	ck_assert_str_eq(fake_log(), "exec 1 /run/initramfs/init seize\n");
	ck_assert_uint_lt(clock_ms() - start, 10000);
}
END_TEST

START_TEST(changes_nothing_where_it_cannot_seize)
{
	begin();
	fake_fail("exec", EPERM, 1);
	ck_assert_int_eq(take_over(TAKEOVER_SEIZE, 20000), -EPERM);
	ck_assert_int_eq(fake_count("sysrq"), 0);
	ck_assert_int_eq(fake_count("reboot"), 0);
}
END_TEST

START_TEST(changes_nothing_where_systemd_cannot_be_asked)
{
	begin();
	fake_fail("kill 1", EPERM, 3);
	ck_assert_int_eq(take_over(TAKEOVER_SYSTEMD, 20000), -EPERM);
	ck_assert_str_eq(fake_log(), "kill 1 RTMIN+6 = EPERM\n"
				     "kill 1 RTMIN+6 = EPERM\n"
				     "kill 1 RTMIN+6 = EPERM\n");
}
END_TEST

START_TEST(keeps_the_stage_on_top_while_systemd_stops_services)
{
	begin();
	fake_then("kill 1 RTMIN+6", cover_stage);
	ck_assert_int_eq(take_over(TAKEOVER_SYSTEMD, 1000), 0);
	ck_assert_str_eq(fake_log(), "kill 1 RTMIN+6\n"
				     "enter mounts\n"
				     "bind fd /run/initramfs\n"
				     "write /proc/sysrq-trigger j\n"
				     "exec 1 /run/initramfs/init seize\n");
}
END_TEST

START_TEST(covers_again_as_often_as_it_is_covered)
{
	begin();
	fake_then("kill 1 RTMIN+6", cover_stage);
	fake_then("bind", cover_stage);
	ck_assert_int_eq(take_over(TAKEOVER_SYSTEMD, 1000), 0);
	ck_assert_int_eq(fake_count("bind"), 2);
}
END_TEST

START_TEST(seizes_when_systemd_does_not_come_to_its_end)
{
	const uint64_t start = clock_ms();

	begin();
	ck_assert_int_eq(take_over(TAKEOVER_SYSTEMD, 1000), 0);
	ck_assert_uint_ge(clock_ms() - start, 1000);
	ck_assert_str_eq(fake_log(), "kill 1 RTMIN+6\n"
				     "enter mounts\n"
				     "write /proc/sysrq-trigger j\n"
				     "exec 1 /run/initramfs/init seize\n");
	ck_assert_ptr_nonnull(strstr(
		said, "systemd did not stop its services within 1 s: seizing PID 1"));
}
END_TEST

/* There is no way back: half the services are gone. */
START_TEST(restarts_where_systemd_hangs_and_cannot_be_seized)
{
	begin();
	fake_fail("exec 1", EPERM, 1);
	(void)take_over(TAKEOVER_SYSTEMD, 1000);
	ck_assert_str_eq(fake_log(), "kill 1 RTMIN+6\n"
				     "enter mounts\n"
				     "write /proc/sysrq-trigger j\n"
				     "exec 1 /run/initramfs/init seize = EPERM\n"
				     "sysrq s\n"
				     "kill -1 STOP\n"
				     "sysrq u\n"
				     "sysrq b\n"
				     "reboot restart\n"
				     "kill -1 CONT\n");
	ck_assert_ptr_nonnull(strstr(said, "restarting into the old system"));
}
END_TEST

/* A process that is killed at work, by somebody who looks for memory. */
static void die(void)
{
	(void)kill(getpid(), SIGKILL);
}

START_TEST(changes_nothing_where_the_process_that_seizes_is_killed)
{
	begin();
	fake_then("exec 1", die);
	ck_assert_int_eq(take_over(TAKEOVER_SEIZE, 20000), -EINTR);
	ck_assert_ptr_nonnull(strstr(said, "the process that did it was killed"));
}
END_TEST

START_TEST(watches_on_where_the_process_that_watches_is_killed)
{
	const uint64_t start = clock_ms();

	begin();
	fake_then("enter mounts", die);
	ck_assert_int_eq(take_over(TAKEOVER_SYSTEMD, 3000), 0);
	ck_assert_uint_ge(clock_ms() - start, 3000);
	ck_assert_str_eq(fake_log(), "kill 1 RTMIN+6\nenter mounts\nenter mounts\n"
				     "write /proc/sysrq-trigger j\n"
				     "exec 1 /run/initramfs/init seize\n");
}
END_TEST

START_TEST(watches_on_where_watching_fails)
{
	const uint64_t start = clock_ms();

	begin();
	fake_fail("enter mounts", ENOMEM, 1);
	ck_assert_int_eq(take_over(TAKEOVER_SYSTEMD, 3000), 0);
	ck_assert_uint_ge(clock_ms() - start, 3000);
	ck_assert_int_eq(fake_count("enter mounts"), 2);
}
END_TEST

START_TEST(asks_systemd_again_where_it_is_not_known_whether_it_was)
{
	begin();
	fake_then("kill 1 RTMIN+6", die);
	ck_assert_int_eq(take_over(TAKEOVER_SYSTEMD, 1000), 0);
	ck_assert_int_eq(fake_count("kill 1 RTMIN+6"), 2);
	ck_assert_int_eq(fake_count("exec 1"), 1);
}
END_TEST

/* Half of an execve: its tracer is gone, and PID 1 does not run. */
START_TEST(restarts_where_it_is_not_known_what_pid_1_is)
{
	begin();
	machine_task(1, "systemd", 't', 0x400100);
	fake_then("exec 1", die);
	ck_assert_int_eq(take_over(TAKEOVER_SEIZE, 20000), 0);
	ck_assert_int_eq(fake_count("sysrq b"), 1);
}
END_TEST

START_TEST(restarts_again_where_the_process_that_restarts_is_killed)
{
	begin();
	fake_fail("exec 1", EPERM, 1);
	fake_then("sysrq s", die);
	(void)take_over(TAKEOVER_SYSTEMD, 1000);
	ck_assert_int_eq(fake_count("sysrq s"), 2);
	ck_assert_int_eq(fake_count("reboot restart"), 1);
}
END_TEST

START_TEST(has_a_way_home_should_pid_1_die)
{
	begin();
	fake_file("0\n", "/proc/sys/kernel/panic");
	ck_assert_int_eq(take_over(TAKEOVER_SEIZE, 20000), 0);
	ck_assert_str_eq(fake_log(), "write /proc/sys/kernel/panic 10\n"
				     "exec 1 /run/initramfs/init seize\n");
}
END_TEST

START_TEST(leaves_what_a_panic_does_where_nothing_was_taken_over)
{
	begin();
	fake_file("0\n", "/proc/sys/kernel/panic");
	fake_fail("exec 1", EPERM, 1);
	ck_assert_int_eq(take_over(TAKEOVER_SEIZE, 20000), -EPERM);
	ck_assert_str_eq(fake_log(), "write /proc/sys/kernel/panic 10\n"
				     "exec 1 /run/initramfs/init seize = EPERM\n"
				     "write /proc/sys/kernel/panic 0\n");
}
END_TEST

START_TEST(puts_back_what_a_panic_does_though_it_fails_first)
{
	begin();
	fake_file("0\n", "/proc/sys/kernel/panic");
	fake_fail("exec 1", EPERM, 1);
	fake_fail("write /proc/sys/kernel/panic 0", EPERM, 1);
	ck_assert_int_eq(take_over(TAKEOVER_SEIZE, 20000), -EPERM);
	ck_assert_str_eq(fake_log(), "write /proc/sys/kernel/panic 10\n"
				     "exec 1 /run/initramfs/init seize = EPERM\n"
				     "write /proc/sys/kernel/panic 0 = EPERM\n"
				     "write /proc/sys/kernel/panic 0\n");
}
END_TEST

START_TEST(leaves_a_machine_that_is_shutting_down)
{
	begin();
	fake_file("systemd-shutdow\n", "/proc/1/comm");
	ck_assert_int_eq(take_over(TAKEOVER_SYSTEMD, 20000), -EALREADY);
	ck_assert_int_eq(take_over(TAKEOVER_SEIZE, 20000), -EALREADY);
	ck_assert_str_eq(fake_log(), "");
}
END_TEST

UNIT_MAIN("takeover", knows_systemd_as_pid_1, probes_without_a_change,
	  leaves_a_stage_that_is_on_top, brings_a_covered_stage_on_top_again,
	  tries_again_where_the_directory_is_gone, undoes_what_was_not_completed,
	  says_that_the_stage_stays, seizes_at_once,
	  changes_nothing_where_it_cannot_seize,
	  changes_nothing_where_systemd_cannot_be_asked,
	  keeps_the_stage_on_top_while_systemd_stops_services,
	  covers_again_as_often_as_it_is_covered,
	  seizes_when_systemd_does_not_come_to_its_end,
	  restarts_where_systemd_hangs_and_cannot_be_seized,
	  changes_nothing_where_the_process_that_seizes_is_killed,
	  watches_on_where_the_process_that_watches_is_killed,
	  watches_on_where_watching_fails,
	  asks_systemd_again_where_it_is_not_known_whether_it_was,
	  restarts_where_it_is_not_known_what_pid_1_is,
	  restarts_again_where_the_process_that_restarts_is_killed,
	  has_a_way_home_should_pid_1_die,
	  leaves_what_a_panic_does_where_nothing_was_taken_over,
	  puts_back_what_a_panic_does_though_it_fails_first,
	  leaves_a_machine_that_is_shutting_down)
