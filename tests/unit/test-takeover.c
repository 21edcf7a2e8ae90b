// SPDX-License-Identifier: GPL-2.0-or-later

/* The stage, and the two ways to become PID 1. */

#include "pivot/takeover/takeover.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "fake-acts.h"
#include "fake-machine.h"
#include "fake-output.h"
#include "fake-root.h"
#include "pivot/base/clock.h"
#include "unit.h"

static struct stage stage;
static const char *said;

static void begin(void)
{
	const struct image image = { .data = (char *)"cpio", .size = 4 };

	machine_that_can_jump();
	ck_assert_int_eq(stage_mount(fake_root(), &image, &stage), 0);
	ck_assert(stage.is_mounted && stage.made_directory);
	fake_forget();
}

static int take_over(enum takeover takeover, unsigned int timeout_ms)
{
	int r;

	output_catch();
	r = takeover_start(takeover, &stage, timeout_ms);
	said = output_caught();
	return r;
}

/* As dracut or finalrd do while services stop. */
static void cover_stage(void)
{
	char ours[PATH_MAX], aside[PATH_MAX + 8];

	(void)snprintf(ours, sizeof(ours), "%s/run/initramfs", fake_root());
	(void)snprintf(aside, sizeof(aside), "%s.ours", ours);
	ck_assert_int_eq(rename(ours, aside), 0);
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

START_TEST(probes_only_what_it_will_do)
{
	machine_that_can_jump();
	ck_assert_int_eq(takeover_probe(TAKEOVER_SYSTEMD), 0);
	ck_assert_str_eq(fake_log(), "");
	ck_assert_int_eq(takeover_probe(TAKEOVER_SEIZE), 0);
	ck_assert_str_eq(fake_log(), "can exec 1\n");
}
END_TEST

START_TEST(leaves_a_stage_that_is_on_top)
{
	begin();
	ck_assert_int_eq(stage_keep_on_top(&stage), 0);
	ck_assert_str_eq(fake_log(), "");
}
END_TEST

START_TEST(brings_a_covered_stage_on_top_again)
{
	begin();
	cover_stage();
	ck_assert_int_eq(stage_keep_on_top(&stage), 0);
	ck_assert_str_eq(fake_log(), "bind fd /run/initramfs\n");
	ck_assert(!fake_exists("/run/initramfs/shutdown"));
	ck_assert_int_eq(stage_keep_on_top(&stage), 0);
	ck_assert_int_eq(fake_count("bind"), 1);
}
END_TEST

START_TEST(brings_the_stage_back_where_its_directory_is_gone)
{
	char ours[PATH_MAX], aside[PATH_MAX + 8];

	begin();
	(void)snprintf(ours, sizeof(ours), "%s/run/initramfs", fake_root());
	(void)snprintf(aside, sizeof(aside), "%s.ours", ours);
	ck_assert_int_eq(rename(ours, aside), 0);
	ck_assert_int_eq(stage_keep_on_top(&stage), -ENOENT);
	ck_assert_int_eq(fake_count("bind"), 1); /* tried, and again in a moment */
}
END_TEST

START_TEST(unpacks_completely_or_not_at_all)
{
	const struct image image = { .data = (char *)"cpio", .size = 4 };

	machine_that_can_jump();
	fake_fail("unpack", ENOSPC, 1);
	output_catch();
	ck_assert_int_eq(stage_mount(fake_root(), &image, &stage), -ENOSPC);
	said = output_caught();
	ck_assert_str_eq(fake_log(), "enter mounts\n"
				     "mkdir /run/initramfs 755\n"
				     "mount tmpfs /run/initramfs\n"
				     "unpack /run/initramfs = ENOSPC\n"
				     "umount -l /run/initramfs\n"
				     "rmdir /run/initramfs\n");
	ck_assert(!stage.is_mounted && !stage.made_directory && stage.fd < 0);
}
END_TEST

START_TEST(undoes_the_stage_once)
{
	begin();
	stage_unmount(&stage);
	ck_assert_str_eq(fake_log(), "umount -l /run/initramfs\nrmdir /run/initramfs\n");
	stage_unmount(&stage);
	ck_assert_int_eq(fake_count("umount"), 1);
}
END_TEST

START_TEST(says_that_the_stage_stays)
{
	begin();
	fake_fail("umount", EBUSY, 1);
	output_catch();
	stage_unmount(&stage);
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
	fake_fail("kill 1", EPERM, 1);
	ck_assert_int_eq(take_over(TAKEOVER_SYSTEMD, 20000), -EPERM);
	ck_assert_str_eq(fake_log(), "kill 1 RTMIN+6 = EPERM\n");
}
END_TEST

START_TEST(keeps_the_stage_on_top_while_systemd_stops_services)
{
	begin();
	fake_then("kill 1 RTMIN+6", cover_stage);
	ck_assert_int_eq(take_over(TAKEOVER_SYSTEMD, 200), 0);
	ck_assert_str_eq(fake_log(), "kill 1 RTMIN+6\n"
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
	ck_assert_int_eq(take_over(TAKEOVER_SYSTEMD, 300), 0);
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
	(void)take_over(TAKEOVER_SYSTEMD, 50);
	ck_assert_str_eq(fake_log(), "kill 1 RTMIN+6\n"
				     "write /proc/sysrq-trigger j\n"
				     "exec 1 /run/initramfs/init seize = EPERM\n"
				     "sysrq s\n"
				     "sysrq u\n"
				     "sysrq b\n"
				     "reboot restart\n");
	ck_assert_ptr_nonnull(strstr(said, "restarting into the old system"));
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

UNIT_MAIN("takeover", knows_systemd_as_pid_1, probes_only_what_it_will_do,
	  leaves_a_stage_that_is_on_top, brings_a_covered_stage_on_top_again,
	  brings_the_stage_back_where_its_directory_is_gone,
	  unpacks_completely_or_not_at_all, undoes_the_stage_once,
	  says_that_the_stage_stays, seizes_at_once,
	  changes_nothing_where_it_cannot_seize,
	  changes_nothing_where_systemd_cannot_be_asked,
	  keeps_the_stage_on_top_while_systemd_stops_services,
	  covers_again_as_often_as_it_is_covered,
	  seizes_when_systemd_does_not_come_to_its_end,
	  restarts_where_systemd_hangs_and_cannot_be_seized,
	  leaves_a_machine_that_is_shutting_down)
