// SPDX-License-Identifier: GPL-2.0-or-later

/* Every reason to refuse, on a machine that gives it; each is a sentence. */

#include "pivot/preflight.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake-machine.h"
#include "fake-output.h"
#include "fake-root.h"
#include "unit.h"

static struct options options;
static struct tree tree;
static struct kernel_image kernel;
static struct preflight preflight;
static const char *said;

/* And a tree that fits. */
static void good_machine(void)
{
	machine_that_can_jump();
	options = (struct options){ 0 };
	kernel = (struct kernel_image){ .command_line_max = 2047, .init_size = 32 << 20 };
	tree = (struct tree){
		.kernel_name = (char *)"result/bzImage",
		.kernel_bytes = 8 << 20,
		.initrd_bytes = 64 << 20,
		.initrd_fd = -1,
		.command_line = (char *)"init=/init",
	};
	preflight = (struct preflight){
		.root = fake_root(),
		.options = &options,
		.tree = &tree,
		.kernel = &kernel,
		.takeover = TAKEOVER_SYSTEMD,
		.image_bytes = 2 << 20,
	};
}

static unsigned int check(void)
{
	unsigned int reasons;

	output_catch();
	reasons = preflight_check(&preflight);
	said = output_caught();
	return reasons;
}

static void assert_refused(const char *sentence)
{
	char line[512];

	ck_assert_uint_eq(check(), 1);
	(void)snprintf(line, sizeof(line), "pivot-kexec: %s\n", sentence);
	ck_assert_str_eq(said, line);
}

START_TEST(finds_nothing_against_a_good_machine)
{
	good_machine();
	ck_assert_uint_eq(check(), 0);
	ck_assert_str_eq(said, "");
	preflight.takeover = TAKEOVER_SEIZE;
	ck_assert_uint_eq(check(), 0);
}
END_TEST

START_TEST(needs_root)
{
	good_machine();
	fake_file("CapEff:\t0000000000000000\n", "/proc/self/status");
	assert_refused(
		"this needs root (CAP_SYS_BOOT and CAP_SYS_ADMIN): run it with sudo");
	fake_file("CapEff:\t0000000000400000\n",
		  "/proc/self/status"); /* SYS_BOOT alone */
	ck_assert_uint_eq(check(), 1);
}
END_TEST

START_TEST(refuses_in_a_container)
{
	good_machine();
	fake_file("", "/run/.containerenv");
	assert_refused("this is a container ('/run/.containerenv' exists): run it on the "
		       "host");
	fake_remove("/run/.containerenv");
	fake_file("podman\n", "/run/systemd/container");
	assert_refused("this is a container ('/run/systemd/container' exists): run it on "
		       "the host");
}
END_TEST

/* A machine's image that was built with docker brings it along. */
START_TEST(takes_an_image_built_with_docker_for_no_container)
{
	good_machine();
	fake_file("", "/.dockerenv");
	ck_assert_uint_eq(check(), 0);
}
END_TEST

START_TEST(refuses_in_another_pid_namespace)
{
	good_machine();
	fake_remove("/proc/self/ns/pid");
	fake_symlink("pid:[4026532281]", "/proc/self/ns/pid");
	assert_refused(
		"this is not the machine's own pid namespace (pid:[4026532281]), but "
		"a container's: run it on the host");
}
END_TEST

START_TEST(refuses_a_kernel_without_kexec)
{
	good_machine();
	fake_remove("/sys/kernel/kexec_loaded");
	assert_refused("the running kernel is built without kexec: boot another one");
}
END_TEST

START_TEST(refuses_where_kexec_is_switched_off)
{
	good_machine();
	fake_file("1\n", "/proc/sys/kernel/kexec_load_disabled");
	assert_refused("kexec is switched off until the next boot "
		       "(kernel.kexec_load_disabled = 1): find who sets it in "
		       "/etc/sysctl.d, remove it and reboot");
}
END_TEST

START_TEST(refuses_where_all_loads_are_used_up)
{
	good_machine();
	fake_file("1\n", "/proc/sys/kernel/kexec_load_limit_reboot");
	ck_assert_uint_eq(check(), 0);
	fake_remove("/proc/sys/kernel/kexec_load_limit_reboot"); /* before Linux 6.3 */
	ck_assert_uint_eq(check(), 0);
	fake_file("0\n", "/proc/sys/kernel/kexec_load_limit_reboot");
	ck_assert_uint_eq(check(), 1);
	ck_assert_ptr_nonnull(strstr(said, "kexec_load_limit_reboot"));
}
END_TEST

START_TEST(leaves_an_image_of_others_unless_forced)
{
	good_machine();
	fake_file("1\n", "/sys/kernel/kexec_loaded");
	assert_refused("an image is loaded already, by somebody else: unload it with "
		       "'kexec -u', or replace it with --force");
	options.force = true;
	ck_assert_uint_eq(check(), 0);
}
END_TEST

START_TEST(leaves_another_that_waits_for_its_takeover)
{
	good_machine();
	fake_file("1\n", "/sys/kernel/kexec_loaded");
	fake_file("", "/run/initramfs/handover");
	options.force = true;
	assert_refused(
		"another pivot-kexec waits for its takeover: let it go on, or end it "
		"with 'pkill pivot-kexec'");
}
END_TEST

START_TEST(refuses_an_unsigned_kernel_in_lockdown)
{
	good_machine();
	fake_file("none [integrity] confidentiality\n", "/sys/kernel/security/lockdown");
	assert_refused("the running kernel is locked down (Secure Boot) and "
		       "'result/bzImage' is not signed: turn Secure Boot off in the "
		       "firmware, or use a signed kernel");
	kernel.is_signed = true;
	ck_assert_uint_eq(check(), 0);
}
END_TEST

START_TEST(refuses_systemd_where_pid_1_is_another)
{
	good_machine();
	fake_file("init\n", "/proc/1/comm");
	assert_refused("--takeover=systemd, but PID 1 is not systemd: use "
		       "--takeover=seize");
}
END_TEST

START_TEST(refuses_to_seize_what_cannot_be_traced)
{
	good_machine();
	preflight.takeover = TAKEOVER_SEIZE;
	fake_file("3\n", "/proc/sys/kernel/yama/ptrace_scope");
	assert_refused(
		"kernel.yama.ptrace_scope = 3 forbids seizing PID 1 until the next "
		"boot: use --takeover=systemd where PID 1 is systemd");
	preflight.takeover = TAKEOVER_SYSTEMD;
	ck_assert_uint_eq(check(), 0);
}
END_TEST

/* Lockdown does not forbid ptrace(2), nor signed kernels. */
START_TEST(seizes_in_confidentiality)
{
	good_machine();
	preflight.takeover = TAKEOVER_SEIZE;
	fake_file("none integrity [confidentiality]\n", "/sys/kernel/security/lockdown");
	ck_assert_uint_eq(check(), 1);
	kernel.is_signed = true;
	ck_assert_uint_eq(check(), 0);
}
END_TEST

START_TEST(refuses_systemd_where_its_way_is_masked)
{
	static const char *const folders[] = { "/etc", "/run" };

	good_machine();
	for (size_t i = 0; i < 2; i++) {
		fake_symlink("/dev/null", "%s/systemd/system/kexec.target", folders[i]);
		assert_refused(
			"kexec.target is masked: 'systemctl unmask kexec.target', or "
			"use --takeover=seize");
		fake_remove("%s/systemd/system/kexec.target", folders[i]);
	}
	fake_symlink("/dev/null", "/etc/systemd/system/kexec.target");
	preflight.takeover = TAKEOVER_SEIZE;
	ck_assert_uint_eq(check(), 0);
}
END_TEST

START_TEST(refuses_a_kernel_without_devtmpfs)
{
	good_machine();
	fake_file("nodev\ttmpfs\n\text4\n", "/proc/filesystems");
	assert_refused("the running kernel is built without devtmpfs: boot another one");
}
END_TEST

START_TEST(warns_of_a_kernel_without_sysrq)
{
	good_machine();
	fake_remove("/proc/sysrq-trigger");
	ck_assert_uint_eq(check(), 0);
	ck_assert_str_eq(said,
			 "pivot-kexec: the running kernel has no sysrq: should a driver "
			 "hang, the machine would not restart by itself\n");
}
END_TEST

START_TEST(needs_a_place_for_the_stage)
{
	good_machine();
	preflight.takeover = TAKEOVER_SEIZE;
	fake_remove("/run");
	assert_refused("there is no '/run' to put the stage in");
}
END_TEST

/* kexec_file_load(2) keeps 31 bytes of what the kernel's header allows. */
START_TEST(refuses_a_command_line_that_is_too_long)
{
	char line[2048];

	good_machine();
	memset(line, 'x', sizeof(line));
	line[2047 - KERNEL_COMMAND_LINE_RESERVE] = '\0';
	tree.command_line = line;
	ck_assert_uint_eq(check(), 0);
	line[2047 - KERNEL_COMMAND_LINE_RESERVE] = 'x';
	line[2048 - KERNEL_COMMAND_LINE_RESERVE] = '\0';
	assert_refused(
		"the command line has 2017 bytes, the kernel takes 2016: shorten it "
		"with --command-line");
}
END_TEST

START_TEST(refuses_what_half_of_the_memory_cannot_hold)
{
	good_machine();
	tree.initrd_bytes = 2ULL << 30;
	assert_refused("kernel and initrd are 2.0 GiB, and the kernel loads no more than "
		       "half of the machine's memory (3.8 GiB): use a smaller initrd");
}
END_TEST

START_TEST(says_how_much_memory_is_needed_and_why)
{
	good_machine();
	fake_file("MemTotal: 4000000 kB\nMemAvailable: 150000 kB\n", "/proc/meminfo");
	assert_refused(
		"too little memory: 196 MiB needed, 146 MiB available (kernel and "
		"initrd twice while loading, 2 x 72 MiB; room for the kernel to "
		"unpack, 32 MiB; the stage, 20 MiB): stop services, or use a smaller "
		"initrd");
}
END_TEST

START_TEST(counts_swap_as_room_for_what_runs)
{
	good_machine();
	fake_file("MemTotal: 4000000 kB\nMemAvailable: 150000 kB\nSwapFree: 100000 kB\n",
		  "/proc/meminfo");
	ck_assert_uint_eq(check(), 0);
}
END_TEST

START_TEST(needs_no_more_memory_than_it_says)
{
	char words[256];

	good_machine();
	ck_assert_uint_eq(preflight_memory(&preflight, words, sizeof(words)),
			  2 * (72ULL << 20) + (32 << 20) + (20 << 20));
}
END_TEST

START_TEST(says_every_reason_at_once)
{
	good_machine();
	fake_file("CapEff:\t0\n", "/proc/self/status");
	fake_file("", "/run/.containerenv");
	fake_file("1\n", "/proc/sys/kernel/kexec_load_disabled");
	fake_file("1\n", "/sys/kernel/kexec_loaded");
	fake_file("none [integrity] confidentiality\n", "/sys/kernel/security/lockdown");
	fake_file("init\n", "/proc/1/comm");
	fake_file("MemTotal: 4000000 kB\nMemAvailable: 150000 kB\n", "/proc/meminfo");
	ck_assert_uint_eq(check(), 7);
	ck_assert_ptr_nonnull(strstr(said, "needs root"));
	ck_assert_ptr_nonnull(strstr(said, "is a container"));
	ck_assert_ptr_nonnull(strstr(said, "switched off"));
	ck_assert_ptr_nonnull(strstr(said, "loaded already"));
	ck_assert_ptr_nonnull(strstr(said, "locked down"));
	ck_assert_ptr_nonnull(strstr(said, "not systemd"));
	ck_assert_ptr_nonnull(strstr(said, "too little memory"));
}
END_TEST

START_TEST(judges_the_machine_where_the_kernel_is_none)
{
	good_machine();
	preflight.kernel = NULL;
	tree = (struct tree)TREE_INIT;
	fake_file("none [integrity] confidentiality\n", "/sys/kernel/security/lockdown");
	ck_assert_uint_eq(check(), 0);
	fake_file("CapEff:\t0\n", "/proc/self/status");
	ck_assert_uint_eq(check(), 1);
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
	  needs_no_more_memory_than_it_says, says_every_reason_at_once,
	  judges_the_machine_where_the_kernel_is_none)
