// SPDX-License-Identifier: GPL-2.0-or-later

/* Every reason to refuse, on a machine that gives it; each is a sentence. */

#include <stdio.h>
#include <string.h>

#include "fake-machine.h"
#include "fake-preflight.h"
#include "fake-root.h"
#include "unit.h"

START_TEST(finds_nothing_against_a_good_machine)
{
	preflight_start();
	ck_assert_uint_eq(preflight_run(), 0);
	ck_assert_str_eq(fake_preflight.said, "");
	fake_preflight.preflight.takeover = TAKEOVER_SEIZE;
	ck_assert_uint_eq(preflight_run(), 0);
}
END_TEST

START_TEST(needs_root)
{
	preflight_start();
	fake_file("CapEff:\t0000000000000000\n", "/proc/self/status");
	preflight_expect_refusal(
		"not-root",
		"this needs root (CAP_SYS_BOOT and CAP_SYS_ADMIN): run it with sudo");
	fake_file("CapEff:\t0000000000400000\n",
		  "/proc/self/status"); /* SYS_BOOT alone */
	ck_assert_uint_eq(preflight_run(), 1);
}
END_TEST

START_TEST(refuses_in_a_container)
{
	preflight_start();
	fake_file("", "/run/.containerenv");
	preflight_expect_refusal(
		"container",
		"this is a container ('/run/.containerenv' exists): run it on the "
		"host");
	fake_remove("/run/.containerenv");
	fake_file("podman\n", "/run/systemd/container");
	preflight_expect_refusal(
		"container",
		"this is a container ('/run/systemd/container' exists): run it on "
		"the host");
}
END_TEST

/* A machine's image that was built with docker brings it along. */
START_TEST(takes_an_image_built_with_docker_for_no_container)
{
	preflight_start();
	fake_file("", "/.dockerenv");
	ck_assert_uint_eq(preflight_run(), 0);
}
END_TEST

START_TEST(refuses_in_another_pid_namespace)
{
	preflight_start();
	fake_remove("/proc/self/ns/pid");
	fake_symlink("pid:[4026532281]", "/proc/self/ns/pid");
	preflight_expect_refusal(
		"pid-namespace",
		"this is not the machine's own pid namespace (pid:[4026532281]), but "
		"a container's: run it on the host");
}
END_TEST

START_TEST(refuses_a_kernel_without_kexec)
{
	preflight_start();
	fake_remove("/sys/kernel/kexec_loaded");
	preflight_expect_refusal(
		"no-kexec",
		"the running kernel is built without kexec: boot another one");
}
END_TEST

START_TEST(refuses_where_kexec_is_switched_off)
{
	preflight_start();
	fake_file("1\n", "/proc/sys/kernel/kexec_load_disabled");
	preflight_expect_refusal("kexec-disabled",
				 "kexec is switched off until the next boot "
				 "(kernel.kexec_load_disabled = 1): find who sets it in "
				 "/etc/sysctl.d, remove it and reboot");
}
END_TEST

START_TEST(refuses_where_all_loads_are_used_up)
{
	preflight_start();
	fake_file("1\n", "/proc/sys/kernel/kexec_load_limit_reboot");
	ck_assert_uint_eq(preflight_run(), 0);
	fake_remove("/proc/sys/kernel/kexec_load_limit_reboot"); /* before Linux 6.3 */
	ck_assert_uint_eq(preflight_run(), 0);
	fake_file("0\n", "/proc/sys/kernel/kexec_load_limit_reboot");
	ck_assert_uint_eq(preflight_run(), 1);
	ck_assert_ptr_nonnull(strstr(fake_preflight.said, "kexec_load_limit_reboot"));
}
END_TEST

START_TEST(leaves_an_image_of_others_unless_forced)
{
	preflight_start();
	fake_file("1\n", "/sys/kernel/kexec_loaded");
	preflight_expect_refusal(
		"image-loaded",
		"an image is loaded already, by somebody else: unload it with "
		"'kexec -u', or replace it with --force");
	fake_preflight.options.force = true;
	ck_assert_uint_eq(preflight_run(), 0);
}
END_TEST

START_TEST(leaves_another_that_waits_for_its_takeover)
{
	preflight_start();
	fake_file("1\n", "/sys/kernel/kexec_loaded");
	fake_file("", "/run/initramfs/handover");
	fake_preflight.options.force = true;
	preflight_expect_refusal(
		"already-waiting",
		"another pivot-kexec waits for its takeover: let it go on, or end it "
		"with 'pivot-kexec cancel'");
}
END_TEST

START_TEST(refuses_an_unsigned_kernel_in_lockdown)
{
	preflight_start();
	fake_file("none [integrity] confidentiality\n", "/sys/kernel/security/lockdown");
	preflight_expect_refusal(
		"lockdown",
		"the running kernel is locked down and 'result/bzImage' is not signed: "
		"boot without lockdown= on its command line, or use a kernel signed by "
		"a key this machine trusts");
	fake_preflight.kernel.is_signed = true;
	ck_assert_uint_eq(preflight_run(), 0);
}
END_TEST

START_TEST(refuses_systemd_where_pid_1_is_another)
{
	preflight_start();
	fake_file("init\n", "/proc/1/comm");
	preflight_expect_refusal("not-systemd",
				 "--takeover=systemd, but PID 1 is not systemd: use "
				 "--takeover=seize");
}
END_TEST

START_TEST(refuses_to_seize_what_cannot_be_traced)
{
	preflight_start();
	fake_preflight.preflight.takeover = TAKEOVER_SEIZE;
	fake_file("3\n", "/proc/sys/kernel/yama/ptrace_scope");
	preflight_expect_refusal(
		"ptrace-forbidden",
		"kernel.yama.ptrace_scope = 3 forbids seizing PID 1 until the next "
		"boot: use --takeover=systemd where PID 1 is systemd");
	fake_preflight.preflight.takeover = TAKEOVER_SYSTEMD;
	ck_assert_uint_eq(preflight_run(), 0);
}
END_TEST

/* Lockdown does not forbid ptrace(2), nor signed kernels. */
START_TEST(seizes_in_confidentiality)
{
	preflight_start();
	fake_preflight.preflight.takeover = TAKEOVER_SEIZE;
	fake_file("none integrity [confidentiality]\n", "/sys/kernel/security/lockdown");
	ck_assert_uint_eq(preflight_run(), 1);
	fake_preflight.kernel.is_signed = true;
	ck_assert_uint_eq(preflight_run(), 0);
}
END_TEST

START_TEST(refuses_systemd_where_its_way_is_masked)
{
	static const char *const folders[] = { "/etc", "/run" };

	preflight_start();
	for (size_t i = 0; i < 2; i++) {
		fake_symlink("/dev/null", "%s/systemd/system/kexec.target", folders[i]);
		preflight_expect_refusal(
			"kexec-target-masked",
			"kexec.target is masked: 'systemctl unmask kexec.target', or "
			"use --takeover=seize");
		fake_remove("%s/systemd/system/kexec.target", folders[i]);
	}
	fake_symlink("/dev/null", "/etc/systemd/system/kexec.target");
	fake_preflight.preflight.takeover = TAKEOVER_SEIZE;
	ck_assert_uint_eq(preflight_run(), 0);
}
END_TEST

START_TEST(refuses_a_kernel_without_devtmpfs)
{
	preflight_start();
	fake_file("nodev\ttmpfs\n\text4\n", "/proc/filesystems");
	preflight_expect_refusal(
		"no-devtmpfs",
		"the running kernel is built without devtmpfs: boot another one");
}
END_TEST

START_TEST(warns_of_a_kernel_without_sysrq)
{
	preflight_start();
	fake_remove("/proc/sysrq-trigger");
	ck_assert_uint_eq(preflight_run(), 0);
	ck_assert_str_eq(
		fake_preflight.said,
		"pivot-kexec: warning: the running kernel has no sysrq: should a driver "
		"hang, the machine would not restart by itself\n");
}
END_TEST

START_TEST(needs_a_place_for_the_stage)
{
	preflight_start();
	fake_preflight.preflight.takeover = TAKEOVER_SEIZE;
	fake_remove("/run");
	preflight_expect_refusal("no-run", "there is no '/run' to put the stage in");
}
END_TEST

/* kexec_file_load(2) keeps 31 bytes of what the kernel's header allows. */
START_TEST(refuses_a_command_line_that_is_too_long)
{
	char line[2048];

	preflight_start();
	memset(line, 'x', sizeof(line));
	line[2016] = '\0';
	fake_preflight.tree.command_line = line;
	ck_assert_uint_eq(preflight_run(), 0);
	line[2016] = 'x';
	line[2017] = '\0';
	preflight_expect_refusal(
		"command-line",
		"the command line has 2017 bytes, the kernel takes 2016: shorten it "
		"with --command-line");
}
END_TEST

START_TEST(refuses_what_half_of_the_memory_cannot_hold)
{
	preflight_start();
	fake_preflight.tree.initrd_bytes = 2ULL << 30;
	preflight_expect(
		FINDING_REFUSE, "memory-half",
		"kernel and initrd are 2.0 GiB, and the kernel loads no more than "
		"half of the machine's memory (3.8 GiB): use a smaller initrd");
}
END_TEST

START_TEST(says_how_much_memory_is_needed_and_why)
{
	preflight_start();
	fake_file("MemTotal: 4000000 kB\nMemAvailable: 150000 kB\n", "/proc/meminfo");
	preflight_expect_refusal(
		"memory",
		"too little memory: 190 MiB needed, 146 MiB available (the initrd "
		"twice while loading, 2 x 64 MiB; the kernel, 8.0 MiB, and room for "
		"it to unpack, 32 MiB; lists of their pages, 1.6 MiB; the stage, 20 "
		"MiB): stop services, or use a smaller initrd");
}
END_TEST

START_TEST(counts_swap_as_room_for_what_runs)
{
	preflight_start();
	fake_file("MemTotal: 4000000 kB\nMemAvailable: 150000 kB\nSwapFree: 100000 kB\n",
		  "/proc/meminfo");
	ck_assert_uint_eq(preflight_run(), 0);
}
END_TEST

START_TEST(says_every_reason_at_once)
{
	preflight_start();
	fake_file("CapEff:\t0\n", "/proc/self/status");
	fake_file("", "/run/.containerenv");
	fake_file("1\n", "/proc/sys/kernel/kexec_load_disabled");
	fake_file("1\n", "/sys/kernel/kexec_loaded");
	fake_file("none [integrity] confidentiality\n", "/sys/kernel/security/lockdown");
	fake_file("init\n", "/proc/1/comm");
	fake_file("MemTotal: 4000000 kB\nMemAvailable: 150000 kB\n", "/proc/meminfo");
	ck_assert_uint_eq(preflight_run(), 7);
	ck_assert_ptr_nonnull(strstr(fake_preflight.said, "needs root"));
	ck_assert_ptr_nonnull(strstr(fake_preflight.said, "is a container"));
	ck_assert_ptr_nonnull(strstr(fake_preflight.said, "switched off"));
	ck_assert_ptr_nonnull(strstr(fake_preflight.said, "loaded already"));
	ck_assert_ptr_nonnull(strstr(fake_preflight.said, "locked down"));
	ck_assert_ptr_nonnull(strstr(fake_preflight.said, "not systemd"));
	ck_assert_ptr_nonnull(strstr(fake_preflight.said, "too little memory"));
}
END_TEST

START_TEST(judges_the_machine_where_the_kernel_is_none)
{
	preflight_start();
	fake_preflight.preflight.kernel = NULL;
	fake_preflight.preflight.first_kernel = NULL;
	fake_preflight.tree = (struct tree)TREE_INIT;
	fake_file("none [integrity] confidentiality\n", "/sys/kernel/security/lockdown");
	ck_assert_uint_eq(preflight_run(), 0);
	fake_file("CapEff:\t0\n", "/proc/self/status");
	ck_assert_uint_eq(preflight_run(), 1);
}
END_TEST

UNIT_MAIN("preflight", finds_nothing_against_a_good_machine, needs_root,
	  refuses_in_a_container, takes_an_image_built_with_docker_for_no_container,
	  refuses_in_another_pid_namespace, refuses_a_kernel_without_kexec,
	  refuses_where_kexec_is_switched_off, refuses_where_all_loads_are_used_up,
	  leaves_an_image_of_others_unless_forced,
	  leaves_another_that_waits_for_its_takeover,
	  refuses_an_unsigned_kernel_in_lockdown, refuses_systemd_where_pid_1_is_another,
	  refuses_to_seize_what_cannot_be_traced, seizes_in_confidentiality,
	  refuses_systemd_where_its_way_is_masked, refuses_a_kernel_without_devtmpfs,
	  warns_of_a_kernel_without_sysrq, needs_a_place_for_the_stage,
	  refuses_a_command_line_that_is_too_long,
	  refuses_what_half_of_the_memory_cannot_hold,
	  says_how_much_memory_is_needed_and_why, counts_swap_as_room_for_what_runs,
	  says_every_reason_at_once, judges_the_machine_where_the_kernel_is_none)
