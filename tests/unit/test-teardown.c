// SPDX-License-Identifier: GPL-2.0-or-later

/*
 * The stages of the teardown against a machine that acts as the kernel would. The order
 * of what was done is the log of tests/unit/fake-acts.h.
 */

#include "initramfs/teardown/teardown.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fake-acts.h"
#include "fake-machine.h"
#include "fake-output.h"
#include "fake-root.h"
#include "initramfs/guardian.h"
#include "initramfs/teardown/stages.h"
#include "pivot/base/child.h"
#include "pivot/base/clock.h"
#include "unit.h"

#define PCI "/sys/bus/pci/devices/"

static struct teardown teardown;
static enum extent extent;
static const char *said;

/* Deadlines are short, since what hangs here hangs for good, but not for a busy machine.
 */
static struct teardown *begin(void)
{
	teardown = (struct teardown){
		.root = fake_root(),
		.handover = {
			.grace_ms = 600,
			.unbind_ms = 1000,
			.detach_ms = 1000,
			.deadline_ms = 20000,
			.parallel = PARALLEL_NEVER, /* for the log's order */
			.target = "a test",
			.extent = extent,
		},
		.end_ms = clock_ms() + 20000,
	};
	return &teardown;
}

/* One stage, or all; what it says lands in said. */
static int run(int (*stage)(struct teardown *))
{
	int r;

	output_catch();
	r = stage(begin());
	said = output_caught();
	return r;
}

#define assert_log(words, expected) ck_assert_str_eq(fake_log_of(words), expected)
#define assert_said(text)	    ck_assert_msg(strstr(said, text), "said: %s", said)

static void mount_own(void)
{
	machine_mount("/", "tmpfs", "pivot-kexec", "rw,size=1k");
	machine_mount("/proc", "proc", "proc", "rw");
	machine_mount("/sys", "sysfs", "sysfs", "rw");
	machine_mount("/dev", "devtmpfs", "udev", "rw");
}

/* What systemd-shutdown leaves of a well-used server, seen from the stage. */
static void rich_storage(void)
{
	mount_own();
	machine_mount("/oldroot", "ext4", "/dev/vda2", "rw,errors=remount-ro");
	machine_mount("/oldroot/dev", "devtmpfs", "udev", "rw");
	machine_mount("/oldroot/run", "tmpfs", "tmpfs", "rw");
	machine_mount("/oldroot/run/netns", "tmpfs", "tmpfs", "rw");
	machine_mount("/oldroot/run/netns/blue", "nsfs", "nsfs", "rw");
	machine_mount("/oldroot/proc/sys/fs/binfmt_misc", "autofs", "systemd-1", "rw");
	machine_mount("/oldroot/boot/efi", "vfat", "/dev/vda1", "rw,codepage=437");
	machine_mount("/oldroot/srv", "ext4", "/dev/mapper/vg0-srv", "rw");
	machine_mount("/oldroot/srv/disk", "xfs", "/dev/loop0", "rw");
	machine_mount("/oldroot/mnt", "tmpfs", "tmpfs", "rw");
	machine_mount("/oldroot/mnt/usb", "ext4", "/dev/sdb1", "ro");
	machine_mount("/oldroot/var/lib/docker/overlay2/1/merged", "overlay", "overlay",
		      "rw,lowerdir=a:b");
	machine_swap("/oldroot/swapfile");
	machine_loop("loop0", "/oldroot/srv/disk.img");
	machine_dm("dm-0", "vg0-srv");
}

static void rich_devices(void)
{
	machine_pci(.address = "0000:00:00.0", .class = 0x060000, .is_bus_master = true);
	machine_pci(.address = "0000:00:02.0", .driver = "i915", .class = 0x030000,
		    .is_bus_master = true);
	machine_pci(.address = "0000:00:1c.0", .driver = "pcieport", .class = 0x060400,
		    .has_header_of_bridge = true, .is_bus_master = true);
	machine_pci(.address = "0000:01:00.0", .below = "0000:00:1c.0",
		    .driver = "e1000e", .class = 0x020000, .is_bus_master = true,
		    .has_msix = true, .resets = "flr pm bus\n");
	machine_pci(.address = "0000:00:1f.0", .driver = "lpc_ich", .class = 0x060100);
	machine_pci(.address = "0000:00:1f.2", .driver = "ahci", .class = 0x010601,
		    .is_bus_master = true);
	machine_pci(.address = "0000:00:14.0", .driver = "xhci_hcd", .class = 0x0c0330,
		    .is_bus_master = true);
	machine_pci(.address = "0000:00:16.3", .driver = "serial", .class = 0x070002);
	machine_console("ttyS4", "0000:00:16.3");
	machine_pci(.address = "0000:00:1b.0", .class = 0x040300, .is_bus_master = true);
}

static void rich_machine(void)
{
	machine_start();
	rich_storage();
	rich_devices();
	machine_process(.pid = 311, .name = "bash", .ignores = "TERM",
			.has_terminal = true);
	machine_task(2, "kthreadd", 'S', 0x208040);
	machine_link("lo", "0x9\n");
	machine_link("enp1s0", "0x1003\n");
	machine_link("enp2s0", "0x1002\n");
	machine_disk("0:0:0:0");
}

/* clang-format off */
static const char rich_log[] =
	/* processes */
	"kill 311 TERM\n"
	"kill 311 HUP\n"
	"kill 311 CONT = ESRCH\n"
	"write /proc/sysrq-trigger j\n"
	/* storage: what is held at first goes in a later pass */
	"sync\n"
	"swapoff /oldroot/swapfile\n"
	"umount /oldroot/var/lib/docker/overlay2/1/merged\n"
	"umount /oldroot/mnt/usb\n"
	"umount /oldroot/mnt\n"
	"umount /oldroot/srv/disk\n"
	"umount /oldroot/srv = EBUSY\n"
	"umount /oldroot/boot/efi\n"
	"umount /oldroot/proc/sys/fs/binfmt_misc\n"
	"umount /oldroot/run/netns/blue\n"
	"umount /oldroot/run/netns\n"
	"umount /oldroot/run\n"
	"umount /oldroot/dev\n"
	"umount /oldroot = EBUSY\n"
	"dm remove vg0-srv = EBUSY\n"
	"loop detach /dev/loop0\n"
	"umount /oldroot/srv\n"
	"umount /oldroot\n"
	"dm remove vg0-srv\n"
	"sync\n"
	/* network, disks */
	"link down enp1s0\n"
	"write /sys/class/scsi_disk/0:0:0:0/manage_start_stop 0 = ENOENT\n"
	"write /sys/class/scsi_disk/0:0:0:0/manage_system_start_stop 0\n"
	"write /sys/class/scsi_disk/0:0:0:0/manage_runtime_start_stop 0\n"
	/* devices */
	"write /sys/bus/pci/devices/0000:01:00.0/driver/unbind 0000:01:00.0\n"
	"write /sys/bus/pci/devices/0000:00:1f.2/driver/unbind 0000:00:1f.2\n"
	"write /sys/bus/pci/devices/0000:00:14.0/driver/unbind 0000:00:14.0\n"
	"write /sys/bus/pci/devices/0000:00:1b.0/enable 1\n"
	"write /sys/bus/pci/devices/0000:00:1b.0/enable 0\n"
	"write /sys/bus/pci/devices/0000:01:00.0/reset_method flr\n"
	"write /sys/bus/pci/devices/0000:01:00.0/reset 1\n";
/* clang-format on */

/* The order of dm and loop in a pass is the directory's, which is nobody's promise. */
static void swap_lines(char *log, const char *first, const char *second)
{
	char *at = strstr(log, second), swapped[256];
	size_t n = strlen(first) + strlen(second);

	if (!at || strncmp(at + strlen(second), first, strlen(first)) != 0)
		return;
	(void)snprintf(swapped, sizeof(swapped), "%s%s", first, second);
	memcpy(at, swapped, n);
}

START_TEST(puts_a_rich_machine_to_rest_in_order)
{
	char log[8192];

	rich_machine();
	ck_assert_int_eq(run(teardown_run), 0);
	(void)snprintf(log, sizeof(log), "%s", fake_log());
	swap_lines(log, "dm remove vg0-srv = EBUSY\n", "loop detach /dev/loop0\n");
	ck_assert_str_eq(log, rich_log);
}
END_TEST

START_TEST(does_nothing_to_a_machine_at_rest)
{
	machine_start();
	mount_own();
	ck_assert_int_eq(run(teardown_run), 0);
	ck_assert_str_eq(fake_log(), "write /proc/sysrq-trigger j\nsync\nsync\n");
}
END_TEST

START_TEST(leaves_devices_alone_before_an_ordinary_reboot)
{
	rich_machine();
	ck_assert_int_eq(run(teardown_storage), 0);
	assert_log("write|link", "write /proc/sysrq-trigger j\n");
	ck_assert_int_eq(fake_count("umount /oldroot\n"), 1);
}
END_TEST

/*
 * They are for the middle kernel's drivers; and what may hang, such as an unmount, is not
 * tried.
 */
START_TEST(only_makes_filesystems_read_only_where_the_jump_is_abrupt)
{
	rich_machine();
	extent = EXTENT_ABRUPT;
	ck_assert_int_eq(run(teardown_run), 0);
	ck_assert_str_eq(fake_log(), "kill 311 TERM\n"
				     "kill 311 HUP\n"
				     "kill 311 CONT = ESRCH\n"
				     "write /proc/sysrq-trigger j\n"
				     "sync\n"
				     "remount ro /oldroot/var/lib/docker/overlay2/1/"
				     "merged\n"
				     "remount ro /oldroot/srv/disk\n"
				     "remount ro /oldroot/srv\n"
				     "remount ro /oldroot/boot/efi\n"
				     "remount ro /oldroot\n"
				     "sync\n");
	assert_said("[4/10]");
	ck_assert_ptr_null(strstr(said, "[5/10]"));
}
END_TEST

START_TEST(goes_home_where_an_abrupt_jump_would_lose_data)
{
	machine_start();
	mount_own();
	machine_mount("/oldroot", "ext4", "/dev/vda2", "rw");
	fake_fail("umount", EBUSY, FAKE_ALWAYS);
	fake_fail("remount", EBUSY, FAKE_ALWAYS);
	fake_ignore("sysrq u", FAKE_ALWAYS);
	fake_ignore("write /proc/sysrq-trigger u", FAKE_ALWAYS);
	extent = EXTENT_ABRUPT;
	ck_assert_int_eq(run(teardown_run), -EBUSY);
}
END_TEST

/* --- processes --- */

START_TEST(asks_processes_to_end_before_it_kills)
{
	machine_start();
	machine_process(.pid = 100, .name = "cron");
	ck_assert_int_eq(run(processes_end), 0);
	ck_assert_str_eq(fake_log(), "kill 100 TERM\n"
				     "kill 100 CONT = ESRCH\n"
				     "write /proc/sysrq-trigger j\n");
	assert_said("running: 1 (cron)");
}
END_TEST

START_TEST(kills_what_ignores_sigterm)
{
	machine_start();
	machine_process(.pid = 100, .name = "stubborn", .ignores = "TERM");
	ck_assert_int_eq(run(processes_end), 0);
	assert_log("kill", "kill 100 TERM\nkill 100 CONT\nkill 100 KILL\n");
	assert_said("SIGTERM in 0 s: 1 (stubborn)");
}
END_TEST

/* To a service SIGHUP would cut its end short: it may die of it where it stands. */
START_TEST(hangs_up_on_terminals_only)
{
	machine_start();
	machine_process(.pid = 100, .name = "postgres", .ignores = "TERM");
	machine_process(.pid = 101, .name = "bash", .ignores = "TERM",
			.has_terminal = true);
	ck_assert_int_eq(run(processes_end), 0);
	assert_log("kill 100", "kill 100 TERM\nkill 100 CONT\nkill 100 KILL\n");
	assert_log("kill 101", "kill 101 TERM\nkill 101 HUP\n");
}
END_TEST

static void fork_anew(void)
{
	machine_process(.pid = 102, .name = "child", .ignores = "TERM");
}

START_TEST(meets_who_forks_while_being_killed)
{
	machine_start();
	machine_process(.pid = 100, .name = "forks", .ignores = "TERM");
	fake_then("kill 100 KILL", fork_anew);
	ck_assert_int_eq(run(processes_end), 0);
	assert_log("kill 102", "kill 102 KILL\n");
	ck_assert(!teardown.has_unkillable);
}
END_TEST

START_TEST(goes_on_without_what_cannot_be_killed)
{
	machine_start();
	machine_process(.pid = 100, .name = "stuck", .ignores = "TERM KILL");
	ck_assert_int_eq(run(processes_end), 0);
	assert_said("cannot be killed: 1 (stuck)");
	ck_assert(teardown.has_unkillable);
}
END_TEST

static void suspend(const char *device, const char *name)
{
	machine_dm(device, name);
	fake_file("1\n", "/sys/block/%s/dm/suspended", device);
}

static void wake_up(void)
{
	fake_file("TERM\n", "/proc/100/ignores");
}

/* Nobody ends who waits for what is frozen; who froze it has the time to thaw it. */
START_TEST(thaws_between_sigterm_and_sigkill)
{
	machine_start();
	suspend("dm-0", "vg0-origin");
	machine_dm("dm-1", "vg0-srv");
	machine_process(.pid = 100, .name = "dd", .ignores = "TERM KILL");
	fake_then("write /proc/sysrq-trigger j", wake_up);
	ck_assert_int_eq(run(processes_end), 0);
	ck_assert_str_eq(fake_log(), "kill 100 TERM\n"
				     "kill 100 CONT\n"
				     "dm resume vg0-origin\n"
				     "write /proc/sysrq-trigger j\n"
				     "kill 100 KILL\n");
	assert_said("resumed vg0-origin");
	ck_assert(!teardown.has_unkillable);
}
END_TEST

START_TEST(thaws_though_a_device_cannot_be_resumed)
{
	machine_start();
	suspend("dm-0", "empty");
	suspend("dm-1", "vg0-srv");
	fake_fail("dm resume empty", EINVAL, 1);
	ck_assert_int_eq(run(processes_end), 0);
	assert_log("dm|write", "dm resume vg0-srv\nwrite /proc/sysrq-trigger j\n");
	assert_said("cannot resume 'empty'");
}
END_TEST

START_TEST(resumes_at_once_what_may_stand_on_each_other)
{
	machine_start();
	suspend("dm-0", "hangs");
	suspend("dm-1", "vg0-srv");
	fake_hang("dm resume hangs", 1);
	ck_assert_int_eq(run(processes_end), 0);
	assert_log("dm resume vg0|write",
		   "dm resume vg0-srv\nwrite /proc/sysrq-trigger j\n");
	assert_said("cannot resume 'hangs'");
}
END_TEST

static void storage_daemons(void)
{
	machine_process(.pid = 200, .name = "nbd-client", .command = "@nbd-client");
	machine_process(.pid = 201, .name = "pivot-kexec", .command = "@ivot-kexec");
}

START_TEST(spares_storage_daemons_but_not_our_waiter)
{
	machine_start();
	storage_daemons();
	ck_assert_int_eq(run(processes_end), 0);
	ck_assert_int_eq(fake_count("kill 200"), 0);
	assert_log("kill 201", "kill 201 TERM\n");
	assert_said("spared until the storage is let go: nbd-client");
	ck_assert_uint_eq(teardown.n_spared, 1);
	ck_assert_int_eq(teardown.spared[0], 200);
}
END_TEST

START_TEST(ends_storage_daemons_when_the_storage_is_let_go)
{
	machine_start();
	mount_own();
	machine_mount("/oldroot", "ext4", "/dev/nbd0", "rw");
	storage_daemons();
	ck_assert_int_eq(run(teardown_run), 0);
	assert_log("kill 200|umount|sync", "sync\n"
					   "umount /oldroot\n"
					   "sync\n"
					   "kill 200 TERM\n");
}
END_TEST

static void let_go(void)
{
	machine_md("md127", "raid1");
	fake_remove("/sys/block/md126");
}

/* mdmon holds its array: once it has ended, the array can be stopped. */
START_TEST(ends_storage_daemons_that_hold_what_is_left)
{
	machine_start();
	mount_own();
	machine_md("md126", "external");
	storage_daemons();
	fake_fail("md stop /dev/md126", EBUSY, FAKE_ALWAYS);
	fake_then("kill 200 TERM", let_go);
	ck_assert_int_eq(run(teardown_run), 0);
	assert_log("kill 200|md", "kill 200 TERM\nmd stop /dev/md127\n");
}
END_TEST

START_TEST(kills_storage_daemons_that_do_not_end)
{
	machine_start();
	machine_process(.pid = 200, .name = "iscsid", .command = "@iscsid",
			.ignores = "TERM");
	ck_assert_int_eq(run(teardown_storage), 0);
	assert_log("kill", "kill 200 TERM\nkill 200 KILL\n");
}
END_TEST

START_TEST(sends_no_signal_where_nobody_runs)
{
	machine_start();
	machine_task(2, "kthreadd", 'S', 0x208040);
	machine_task(50, "ended", 'Z', 0x400000);
	ck_assert_int_eq(run(processes_end), 0);
	assert_log("kill", "");
}
END_TEST

/* --- root --- */

START_TEST(enters_the_stage_through_private_mounts)
{
	char stage[128];
	int r;

	machine_start();
	machine_mount("/", "ext4", "/dev/vda1", "rw");
	machine_mount("/home", "ext4", "/dev/vda2", "rw");
	machine_mount("/run/initramfs", "tmpfs", "pivot-kexec", "rw");
	(void)snprintf(stage, sizeof(stage), "%s/run/initramfs", fake_root());
	begin()->stage_path = stage;
	r = root_enter(&teardown);
	ck_assert_int_eq(r, 0);
	ck_assert_str_eq(fake_log(),
			 "make rprivate /\n"
			 "mount proc /run/initramfs/proc\n"
			 "mount sysfs /run/initramfs/sys\n"
			 "mount devtmpfs /run/initramfs/dev\n"
			 "pivot_root /run/initramfs /run/initramfs/oldroot\n");
	ck_assert_ptr_null(teardown.stage_path);
	/* and from there the rest is let go */
	ck_assert_int_eq(run(storage_release), 0);
	assert_log("umount", "umount /oldroot/home\numount /oldroot\n");
}
END_TEST

START_TEST(does_not_go_on_outside_the_stage)
{
	char stage[128];

	machine_start();
	machine_mount("/", "ext4", "/dev/vda1", "rw");
	(void)snprintf(stage, sizeof(stage), "%s/run/initramfs", fake_root());
	fake_fail("pivot_root", EINVAL, FAKE_ALWAYS);
	begin()->stage_path = stage;
	output_catch();
	ck_assert_int_eq(root_enter(&teardown), -EINVAL);
	said = output_caught();
	assert_said("the root: Invalid argument");
}
END_TEST

/* The kernel's own rootfs cannot be moved: the stage stays where it is, and is spared. */
static void rescue_system(void)
{
	machine_start();
	machine_mount("/", "rootfs", "rootfs", "rw");
	machine_mount("/run", "tmpfs", "tmpfs", "rw");
	machine_mount("/run/initramfs", "tmpfs", "pivot-kexec", "rw");
	machine_mount("/mnt", "ext4", "/dev/vda1", "rw");
}

static int enter_and_release(struct teardown *t)
{
	int r;

	t->stage_path = "/run/initramfs";
	r = root_enter(t);
	return r < 0 ? r : storage_release(t);
}

START_TEST(does_not_pivot_a_rootfs)
{
	rescue_system();
	ck_assert_int_eq(run(enter_and_release), 0);
	ck_assert_int_eq(fake_count("pivot_root"), 0);
	ck_assert_int_eq(fake_count("make rprivate"), 0);
	ck_assert_str_eq(teardown.stage_path, "/run/initramfs");
}
END_TEST

START_TEST(spares_the_stage_of_a_rootfs_and_what_it_stands_on)
{
	rescue_system();
	machine_mount("/run/lock", "tmpfs", "tmpfs", "rw");
	machine_mount("/run/initramfs2", "ext4", "/dev/vda2", "rw");
	ck_assert_int_eq(run(enter_and_release), 0);
	assert_log("umount", "umount /run/initramfs2\numount /run/lock\numount /mnt\n");
}
END_TEST

/* /proc, /sys and /dev of a rescue system are its own; where one is not there it comes.
 */
START_TEST(mounts_what_a_rootfs_lacks)
{
	rescue_system();
	fake_remove("/dev");
	ck_assert_int_eq(run(enter_and_release), 0);
	assert_log("mount", "mount devtmpfs /dev\n");
}
END_TEST

/* --- storage --- */

START_TEST(unmounts_newest_first)
{
	machine_start();
	mount_own();
	machine_mount("/oldroot", "ext4", "/dev/vda1", "rw");
	machine_mount("/oldroot/data", "ext4", "/dev/vda2", "rw");
	machine_mount("/oldroot/data", "ext4", "/dev/vda3", "rw"); /* over the other */
	machine_mount("/oldroot/data/deep", "xfs", "/dev/vda4", "rw");
	ck_assert_int_eq(run(storage_release), 0);
	assert_log("umount", "umount /oldroot/data/deep\n"
			     "umount /oldroot/data\n"
			     "umount /oldroot/data\n"
			     "umount /oldroot\n");
}
END_TEST

START_TEST(spares_what_the_init_stands_on)
{
	machine_start();
	mount_own();
	ck_assert_int_eq(run(storage_release), 0);
	ck_assert_int_eq(fake_count("umount"), 0);
	ck_assert_int_eq(fake_count("remount"), 0);
}
END_TEST

START_TEST(lets_go_of_a_loop_whose_file_lies_on_lvm)
{
	machine_start();
	mount_own();
	machine_mount("/oldroot", "ext4", "/dev/mapper/vg0-root", "rw");
	machine_mount("/oldroot/image", "xfs", "/dev/loop0", "rw");
	machine_loop("loop0", "/oldroot/disk.img");
	machine_dm("dm-0", "vg0-root");
	machine_dm("dm-1", "luks-vda2");
	machine_holds("dm-0", "dm-1");
	ck_assert_int_eq(run(storage_release), 0);
	assert_log("umount|loop|dm", "umount /oldroot/image\n"
				     "loop detach /dev/loop0\n"
				     "umount /oldroot\n"
				     "dm remove vg0-root\n"
				     "dm remove luks-vda2\n");
}
END_TEST

START_TEST(stops_raid_after_what_stands_on_it)
{
	machine_start();
	mount_own();
	machine_mount("/oldroot", "ext4", "/dev/mapper/vg0-root", "rw");
	machine_swap("/dev/dm-1");
	machine_dm("dm-0", "vg0-root");
	machine_dm("dm-1", "vg0-swap");
	machine_md("md127", "raid1");
	machine_holds("dm-0", "md127");
	machine_holds("dm-1", "md127");
	ck_assert_int_eq(run(storage_release), 0);
	ck_assert_str_eq(fake_log_of("swapoff|md"),
			 "swapoff /dev/dm-1\nmd stop /dev/md127\n");
	ck_assert(!fake_exists("/sys/block/md127"));
	ck_assert(!fake_exists("/sys/block/dm-0"));
}
END_TEST

/* LOOP_CLR_FD of a device in use succeeds; then nothing would ever end. */
START_TEST(does_not_take_a_loop_in_use_for_detached)
{
	machine_start();
	mount_own();
	machine_mount("/oldroot/image", "xfs", "/dev/loop0", "rw");
	machine_loop("loop0", "/disk.img");
	fake_fail("umount /oldroot/image", EBUSY, 200);
	ck_assert_int_eq(run(storage_release), 0);
	ck_assert_int_le(fake_count("loop detach"), 3);
	assert_log("remount", "remount ro /oldroot/image\n");
}
END_TEST

START_TEST(unmounts_by_force_what_waits_for_a_server)
{
	machine_start();
	mount_own();
	machine_mount("/oldroot/nfs", "nfs4", "server:/export", "rw");
	fake_hang("umount /oldroot/nfs", 1);
	ck_assert_int_eq(run(storage_release), 0);
	assert_log("umount", "umount -f /oldroot/nfs\n");
	ck_assert_uint_eq(teardown.n_hung_mounts, 0);
}
END_TEST

/* MNT_FORCE cuts short what is under way: not for what is only busy. */
START_TEST(uses_no_force_before_something_hangs)
{
	machine_start();
	mount_own();
	machine_mount("/oldroot/nfs", "nfs4", "server:/export", "rw");
	fake_fail("umount /oldroot/nfs", EBUSY, FAKE_ALWAYS);
	ck_assert_int_eq(run(storage_release), 0);
	ck_assert_int_eq(fake_count("umount -f"), 0);
}
END_TEST

START_TEST(unmounts_lazily_only_what_the_kernel_makes_up)
{
	machine_start();
	mount_own();
	machine_mount("/oldroot/dev", "devtmpfs", "udev", "rw");
	machine_mount("/oldroot/mnt", "tmpfs", "tmpfs", "rw");
	machine_mount("/oldroot/mnt/disk", "ext4", "/dev/vdb", "rw");
	fake_fail("umount /oldroot", EBUSY, FAKE_ALWAYS);
	ck_assert_int_eq(run(storage_release), 0);
	assert_log("umount", "umount -l /oldroot/dev\n");
	assert_log("remount", "remount ro /oldroot/mnt/disk\n");
}
END_TEST

START_TEST(makes_read_only_what_stays_busy)
{
	machine_start();
	mount_own();
	machine_mount("/oldroot", "ext4", "/dev/vda1", "rw");
	machine_mount("/oldroot/srv", "ext4", "/dev/vda2", "ro");
	fake_fail("umount /oldroot", EBUSY, FAKE_ALWAYS);
	ck_assert_int_eq(run(storage_release), 0);
	assert_log("remount|sync", "sync\nremount ro /oldroot\nsync\n");
	assert_said("cannot unmount '/oldroot' (ext4 on /dev/vda1): made it read-only");
	assert_said("not let go: 2 mounts, swap areas or block devices");
}
END_TEST

START_TEST(asks_sysrq_where_a_filesystem_does_not_turn_read_only)
{
	machine_start();
	mount_own();
	machine_mount("/oldroot", "ext4", "/dev/vda1", "rw");
	fake_fail("umount", EBUSY, FAKE_ALWAYS);
	fake_fail("remount ro /oldroot", EBUSY, FAKE_ALWAYS);
	ck_assert_int_eq(run(storage_release), 0);
	assert_log("write|sync", "sync\nwrite /proc/sysrq-trigger u\nsync\n");
	assert_said("forcing every filesystem that can still be written to read-only");
}
END_TEST

/* Emergency remounting is for block devices only: this one stays writable. */
START_TEST(goes_home_when_a_filesystem_cannot_be_frozen)
{
	machine_start();
	mount_own();
	machine_mount("/oldroot/share", "cifs", "//server/share", "rw");
	machine_link("eth0", "0x1003\n");
	fake_fail("umount", EBUSY, FAKE_ALWAYS);
	fake_fail("remount", EBUSY, FAKE_ALWAYS);
	ck_assert_int_eq(run(teardown_run), -EBUSY);
	assert_said("filesystems that can still be written to: 1");
	assert_log("sync|link", "sync\nsync\n"); /* nothing after the storage */
}
END_TEST

START_TEST(does_not_try_a_hung_unmount_twice)
{
	machine_start();
	mount_own();
	machine_mount("/oldroot", "ext4", "/dev/vda1", "rw");
	machine_mount("/oldroot/nfs", "nfs", "gone:/export", "ro");
	machine_mount("/oldroot/srv", "ext4", "/dev/vda2", "rw"); /* a second pass */
	fake_hang("umount /oldroot/nfs", FAKE_ALWAYS);
	fake_hang("umount -f /oldroot/nfs", FAKE_ALWAYS);
	ck_assert_int_eq(run(storage_release), 0);
	ck_assert_int_eq(fake_count("umount /oldroot/nfs"), 1);
	ck_assert_int_eq(fake_count("umount -f /oldroot/nfs"), 1);
	assert_log("umount|remount", "umount /oldroot/srv\nremount ro /oldroot\n");
	assert_said("unmounting '/oldroot/nfs' (nfs on gone:/export) hangs");
}
END_TEST

START_TEST(goes_on_where_writing_everything_out_hangs)
{
	machine_start();
	mount_own();
	fake_hang("sync", FAKE_ALWAYS);
	ck_assert_int_eq(run(storage_release), 0);
	assert_said("writing everything to the disks hangs");
}
END_TEST

static void write_dirty(int kilobytes)
{
	char text[128], next[128];

	(void)snprintf(text, sizeof(text),
		       "MemTotal: 9 kB\nDirty: %d kB\nWriteback: 8 kB\n", kilobytes);
	fake_file(text, "/proc/meminfo.next");
	(void)snprintf(next, sizeof(next), "%s/proc/meminfo.next", fake_root());
	(void)snprintf(text, sizeof(text), "%s/proc/meminfo", fake_root());
	must(rename(next, text) == 0);
}

/* A disk that is slow and not stuck: a process of its own. */
static pid_t start_slow_disk(int writes)
{
	pid_t disk = fork();

	ck_assert_int_ge(disk, 0);
	for (int i = writes; disk == 0 && i > 0; i--) {
		write_dirty(i * 100);
		clock_sleep_ms(100);
	}
	if (disk == 0)
		_exit(0);
	return disk;
}

static int release_with_guardian(struct teardown *t)
{
	int r;

	t->handover.deadline_ms = 2500;
	(void)guardian_start(&t->guardian, t->handover.deadline_ms);
	r = storage_release(t);
	if (t->guardian.pid > 0)
		(void)kill(t->guardian.pid, SIGKILL);
	return r;
}

/* 30 writes take longer than the sync, or the guardian, would be given. */
START_TEST(takes_data_on_its_way_for_no_hang)
{
	const uint64_t start = clock_ms();

	machine_start();
	mount_own();
	write_dirty(3000);
	(void)start_slow_disk(30);
	fake_hang("sync", 1);
	ck_assert_int_eq(run(release_with_guardian), 0);
	ck_assert_uint_gt(clock_ms() - start, 3000);
	assert_said("hangs"); /* in the end, since nothing gets on any more */
	ck_assert_ptr_null(strstr(said, "the time is up"));
}
END_TEST

START_TEST(does_not_wait_for_data_that_stays_where_it_is)
{
	const uint64_t start = clock_ms();

	machine_start();
	mount_own();
	write_dirty(1500);
	fake_hang("sync", 1);
	ck_assert_int_eq(run(storage_release), 0);
	ck_assert_uint_lt(clock_ms() - start, 2800);
	ck_assert_int_eq(teardown.guardian.pid, 0);
}
END_TEST

START_TEST(goes_on_with_a_swap_area_that_stays)
{
	machine_start();
	mount_own();
	machine_swap("/dev/vda3");
	machine_swap("/dev/vda4");
	fake_fail("swapoff /dev/vda3", ENOMEM, FAKE_ALWAYS);
	ck_assert_int_eq(run(storage_release), 0);
	assert_log("swapoff", "swapoff /dev/vda4\n");
}
END_TEST

/* --- devices --- */

static struct teardown *begin_with_hooks(void)
{
	(void)begin();
	teardown.handover.hook_ms = 1500;
	teardown.handover.n_hooks = 2;
	strcpy(teardown.handover.hook[0], "save.sh");
	strcpy(teardown.handover.hook[1], "wipe.sh");
	output_catch();
	return &teardown;
}

START_TEST(runs_hooks_around_the_teardown_in_their_order)
{
	rich_machine();
	ck_assert_int_eq(teardown_run(begin_with_hooks()), 0);
	said = output_caught();
	assert_log("run|umount /oldroot/srv",
		   "run /hooks/0 teardown\nrun /hooks/1 teardown\n"
		   "umount /oldroot/srv/disk\numount /oldroot/srv\n"
		   "run /hooks/0 jump\nrun /hooks/1 jump\n");
	assert_said("[4/12] run hooks (teardown)");
	assert_said("[5/12] let go of storage");
	assert_said("[12/12] run hooks (jump)");
	ck_assert(!teardown.has_failed_hook);
}
END_TEST

/* With two hops each of them runs once, too. */
START_TEST(runs_hooks_before_the_first_hop_and_after_the_second)
{
	rich_machine();
	(void)begin_with_hooks();
	teardown.handover.hop = HOP_FIRST;
	ck_assert_int_eq(teardown_run(&teardown), 0);
	teardown.handover.hop = HOP_MIDDLE;
	ck_assert_int_eq(teardown_run(&teardown), 0);
	said = output_caught();
	assert_log("run", "run /hooks/0 teardown\nrun /hooks/1 teardown\n"
			  "run /hooks/0 jump\nrun /hooks/1 jump\n");
	assert_said("[4/11] run hooks (teardown)");
	assert_said("[11/11] run hooks (jump)");
}
END_TEST

START_TEST(goes_on_after_a_hook_that_fails_or_hangs)
{
	rich_machine();
	fake_hang("run /hooks/0 teardown", 1);
	fake_exit(3, "");
	ck_assert_int_eq(teardown_run(begin_with_hooks()), 0);
	said = output_caught();
	assert_said("the hook 'save.sh' did not come to its end");
	assert_said("the hook 'wipe.sh' ended with exit code 3");
	ck_assert(teardown.has_failed_hook);
	ck_assert_int_eq(fake_count("run /hooks/1 jump"), 1);
}
END_TEST

/* Whoever they left running would hold the old root. */
START_TEST(ends_what_hooks_leave_running)
{
	machine_start();
	(void)begin_with_hooks();
	machine_process(.pid = 711, .name = "sleep", .ignores = "TERM");
	ck_assert_int_eq(hooks_run_first(&teardown), 0);
	(void)output_caught();
	assert_log("kill", "kill 711 KILL\n");
}
END_TEST

START_TEST(takes_no_time_of_the_teardown_for_hooks)
{
	uint64_t end_ms;

	machine_start();
	(void)begin_with_hooks();
	end_ms = teardown.end_ms;
	fake_hang("run /hooks/0 teardown", 1);
	ck_assert_int_eq(hooks_run_first(&teardown), 0);
	(void)output_caught();
	ck_assert_uint_ge(teardown.end_ms, end_ms + 1500);
}
END_TEST

START_TEST(unbinds_deepest_first)
{
	machine_start();
	machine_pci(.address = "0000:00:03.0", .driver = "nvme", .class = 0x010802);
	machine_pci(.address = "0000:00:1c.0", .driver = "pcieport", .class = 0x060400);
	machine_pci(.address = "0000:01:00.0", .below = "0000:00:1c.0",
		    .driver = "pcieport", .class = 0x060400);
	machine_pci(.address = "0000:02:00.0", .below = "0000:01:00.0",
		    .driver = "xhci_hcd", .class = 0x0c0330);
	machine_pci(.address = "0000:00:04.0", .driver = "e1000", .class = 0x020000);
	ck_assert_int_eq(run(devices_unbind), 0);
	ck_assert_str_eq(fake_log(),
			 "write " PCI "0000:02:00.0/driver/unbind 0000:02:00.0\n"
			 "write " PCI "0000:00:04.0/driver/unbind 0000:00:04.0\n"
			 "write " PCI "0000:00:03.0/driver/unbind 0000:00:03.0\n");
}
END_TEST

static const struct device_report *report_of(const char *name)
{
	for (size_t i = 0; i < teardown.devices.n; i++)
		if (strcmp(teardown.devices.device[i].name, name) == 0)
			return &teardown.reports[i];
	ck_abort_msg("no report of %s", name);
}

/* The stages that deal with devices, as the user wants them. */
static void run_devices_until(uint64_t end_ms, const struct handover *wishes)
{
	begin();
	teardown.end_ms = end_ms;
	if (wishes)
		teardown.handover = *wishes;
	output_catch();
	ck_assert_int_eq(devices_unbind(&teardown), 0);
	ck_assert_int_eq(bus_masters_clear(&teardown), 0);
	ck_assert_int_eq(devices_reset(&teardown), 0);
	ck_assert_int_eq(devices_verify(&teardown), 0);
	teardown_report(&teardown);
	said = output_caught();
}

static void run_devices(const struct handover *wishes)
{
	run_devices_until(clock_ms() + 20000, wishes);
}

START_TEST(keeps_bridges_displays_and_serial_ports)
{
	static const char *const kept[] = { "0000:00:02.0", "0000:00:1c.0",
					    "0000:00:1f.0", "0000:00:16.3" };

	rich_machine();
	ck_assert_int_eq(run(devices_unbind), 0);
	for (size_t i = 0; i < array_size(kept); i++)
		ck_assert_ptr_nonnull(report_of(kept[i])->fate.keep_reason);
	assert_log("write", "write " PCI "0000:01:00.0/driver/unbind 0000:01:00.0\n"
			    "write " PCI "0000:00:1f.2/driver/unbind 0000:00:1f.2\n"
			    "write " PCI "0000:00:14.0/driver/unbind 0000:00:14.0\n");
}
END_TEST

START_TEST(keeps_bus_mastering_of_what_it_keeps)
{
	rich_machine();
	run_devices(NULL);
	ck_assert(machine_is_bus_master("0000:00:00.0"));
	ck_assert(machine_is_bus_master("0000:00:02.0"));
	ck_assert(machine_is_bus_master("0000:00:1c.0"));
	ck_assert_int_eq(fake_count("write " PCI "0000:00:1c.0/enable"), 0);
}
END_TEST

START_TEST(clears_bus_mastering_of_what_has_no_driver)
{
	machine_start();
	machine_pci(.address = "0000:00:1b.0", .class = 0x040300, .is_bus_master = true);
	run_devices(NULL);
	ck_assert_str_eq(fake_log(), "write " PCI "0000:00:1b.0/enable 1\n"
				     "write " PCI "0000:00:1b.0/enable 0\n");
	ck_assert(!machine_is_bus_master("0000:00:1b.0"));
	assert_said("cleared bus mastering of 0000:00:1b.0");
}
END_TEST

START_TEST(unbinds_virtual_functions_before_their_own)
{
	machine_start();
	machine_pci(.address = "0000:00:03.0", .driver = "igb", .class = 0x020000);
	machine_pci(.address = "0000:00:03.1", .driver = "igbvf", .class = 0x088000,
		    .physical = "0000:00:03.0");
	machine_pci(.address = "0000:00:1c.0", .driver = "pcieport", .class = 0x060400);
	machine_pci(.address = "0000:01:00.0", .below = "0000:00:1c.0", .driver = "nvme",
		    .class = 0x010802);
	ck_assert_int_eq(run(devices_unbind), 0);
	ck_assert_str_eq(fake_log(),
			 "write " PCI "0000:00:03.1/driver/unbind 0000:00:03.1\n"
			 "write " PCI "0000:01:00.0/driver/unbind 0000:01:00.0\n"
			 "write " PCI "0000:00:03.0/driver/unbind 0000:00:03.0\n");
}
END_TEST

static void take_card_out(void)
{
	fake_remove("/sys/bus/pci/devices/0000:00:03.0");
}

/* As a VF goes with the driver of its PF, or a card with its slot. */
START_TEST(takes_what_vanished_for_at_rest)
{
	machine_start();
	machine_pci(.address = "0000:00:02.0", .driver = "e1000", .class = 0x020000,
		    .is_bus_master = true);
	machine_pci(.address = "0000:00:03.0", .driver = "nvme", .class = 0x010802,
		    .is_bus_master = true);
	fake_then("write " PCI "0000:00:02.0/driver/unbind", take_card_out);
	ck_assert_int_eq(run(teardown_run), 0);
	ck_assert_int_eq(report_of("0000:00:03.0")->error, 0);
	ck_assert(!report_of("0000:00:03.0")->state.is_bus_master);
	output_catch();
	teardown_report(&teardown);
	said = output_caught();
	assert_said("2 devices at rest, 0 kept by policy, 0 left running");
}
END_TEST

/* An oops in the driver kills the child, and its device's lock is never let go. */
static void die(void)
{
	(void)raise(SIGKILL);
}

START_TEST(takes_a_driver_that_oopses_for_hung)
{
	machine_start();
	machine_pci(.address = "0000:00:03.0", .driver = "e1000", .class = 0x020000);
	fake_then("write " PCI "0000:00:03.0/driver/unbind", die);
	ck_assert_int_eq(run(devices_unbind), 0);
	ck_assert_int_eq(report_of("0000:00:03.0")->error, -EINTR);
	ck_assert(report_of("0000:00:03.0")->is_hung);
	ck_assert(teardown.is_hung);
}
END_TEST

/* Drivers for kernels up to 5.x may leave it on. */
START_TEST(clears_bus_mastering_that_a_driver_left_on)
{
	machine_start();
	machine_pci(.address = "0000:00:03.0", .driver = "megaraid_sas",
		    .class = 0x010400, .is_bus_master = true, .keeps_bus_master = true);
	ck_assert_int_eq(run(teardown_run), 0);
	assert_log("write /sys", "write " PCI "0000:00:03.0/driver/unbind 0000:00:03.0\n"
				 "write " PCI "0000:00:03.0/enable 1\n"
				 "write " PCI "0000:00:03.0/enable 0\n");
	ck_assert(!report_of("0000:00:03.0")->state.is_bus_master);
}
END_TEST

START_TEST(leaves_alone_what_fell_off_its_bus)
{
	machine_start();
	machine_pci(.address = "0000:00:03.0", .class = 0x020000, .is_gone = true);
	ck_assert_int_eq(run(teardown_run), 0);
	assert_log("write /sys", "");
}
END_TEST

START_TEST(goes_on_after_a_driver_that_hangs)
{
	const uint64_t start = clock_ms();

	machine_start();
	machine_pci(.address = "0000:00:03.0", .driver = "e1000", .class = 0x020000);
	machine_pci(.address = "0000:00:04.0", .driver = "nvme", .class = 0x010802);
	fake_hang("write " PCI "0000:00:03.0/driver/unbind", FAKE_ALWAYS);
	ck_assert_int_eq(run(teardown_run), 0);
	ck_assert_uint_lt(clock_ms() - start, 10000);
	ck_assert(teardown.is_hung); /* so that nobody waits for the kernel to shut it
					down */
	ck_assert_int_eq(report_of("0000:00:03.0")->error, -ETIMEDOUT);
	ck_assert_int_eq(report_of("0000:00:04.0")->error, 0);
	assert_said("cannot unbind 0000:00:03.0 (network, e1000, 8086:10d3)");
}
END_TEST

/* clang-format off */
static const char rich_report[] =
"      0000:01:00.0  unbound, reset     # ms  at rest        network, e1000e, 8086:10d3\n"
"pivot-kexec:       0000:00:1f.2  unbound            # ms  at rest        storage, ahci, 8086:10d3\n"
"pivot-kexec:       0000:00:14.0  not unbound        # ms  its driver, bus mastering  usb, xhci_hcd, 8086:10d3\n"
"pivot-kexec:       0000:00:1b.0  cleared            # ms  at rest        multimedia, 8086:10d3\n"
"pivot-kexec:       0000:00:00.0  kept               # ms  bridge         bridge, 8086:10d3\n"
"pivot-kexec:       0000:00:16.3  kept               # ms  carries the console  serial, serial, 8086:10d3\n"
"pivot-kexec:       0000:00:1c.0  kept               # ms  bridge         bridge, pcieport, 8086:10d3\n"
"pivot-kexec:       0000:00:1f.0  kept               # ms  bridge         bridge, lpc_ich, 8086:10d3\n"
"pivot-kexec:       0000:00:02.0  kept               # ms  display        display, i915, 8086:10d3\n"
"pivot-kexec: 3 devices at rest, 5 kept by policy (0000:00:16.3 carries the console, "
"0000:00:02.0 display, 3 bridges), 1 left running\n";
/* clang-format on */

/* Times are nobody's promise: " 12 ms" becomes "  # ms". */
static void hide_times(char *text)
{
	for (char *at = text; (at = strstr(at, " ms  ")); at++) {
		char *digit = at - 1;

		for (; *digit >= '0' && *digit <= '9'; digit--)
			*digit = ' ';
		at[-1] = '#';
	}
}

START_TEST(reports_what_became_of_each_device)
{
	char report[4096];

	rich_machine();
	fake_fail("write " PCI "0000:00:14.0/driver/unbind", EIO, FAKE_ALWAYS);
	ck_assert_int_eq(run(teardown_run), 0);
	output_catch();
	teardown_report(&teardown);
	(void)snprintf(report, sizeof(report), "%s", output_caught());
	hide_times(report);
	ck_assert(!teardown.is_hung);
	ck_assert_str_eq(strstr(report, "      0000:01:00.0"), rich_report);
}
END_TEST

START_TEST(resets_what_the_kernel_can_reset_safely)
{
	machine_start();
	machine_pci(.address = "0000:00:03.0", .driver = "nvme", .class = 0x010802,
		    .is_bus_master = true, .resets = "flr bus\n");
	machine_pci(.address = "0000:00:04.0", .driver = "igb", .class = 0x020000,
		    .is_bus_master = true, .resets = "bus\n");
	machine_pci(.address = "0000:00:05.0", .class = 0x010802, .resets = "flr\n");
	run_devices(NULL);
	assert_log("write " PCI "0000:00:03.0/reset|write " PCI "0000:00:04.0/reset",
		   "write " PCI "0000:00:03.0/reset_method flr\n"
		   "write " PCI "0000:00:03.0/reset 1\n");
	ck_assert(report_of("0000:00:03.0")->is_reset);
	assert_said("unbound, reset");
	/* nobody ever used it */
	ck_assert_int_eq(fake_count("write " PCI "0000:00:05.0"), 0);
}
END_TEST

START_TEST(takes_a_reset_that_fails_for_no_reason_against_the_jump)
{
	machine_start();
	machine_pci(.address = "0000:00:03.0", .driver = "nvme", .class = 0x010802,
		    .is_bus_master = true, .resets = "flr bus\n");
	fake_fail("write " PCI "0000:00:03.0/reset 1", ENOTTY, FAKE_ALWAYS);
	run_devices(NULL);
	assert_said("cannot reset 0000:00:03.0 (flr)");
	assert_said("1 devices at rest, 0 kept by policy, 0 left running");
}
END_TEST

START_TEST(never_touches_a_device_again_that_hangs)
{
	machine_start();
	machine_pci(.address = "0000:00:03.0", .driver = "nvme", .class = 0x010802,
		    .is_bus_master = true, .resets = "flr\n");
	fake_hang("write " PCI "0000:00:03.0/driver/unbind", FAKE_ALWAYS);
	run_devices(NULL);
	ck_assert_int_eq(fake_count("write " PCI "0000:00:03.0/"), 1);
	assert_said("0 devices at rest, 0 kept by policy, 1 left running");
	assert_said("hangs");
}
END_TEST

START_TEST(ends_the_virtual_functions_of_a_card)
{
	machine_start();
	machine_pci(.address = "0000:00:03.0", .driver = "igb", .class = 0x020000,
		    .n_vfs = 1);
	machine_pci(.address = "0000:00:03.1", .class = 0x020000, .is_bus_master = true,
		    .physical = "0000:00:03.0", .resets = "flr\n");
	run_devices(NULL);
	ck_assert_str_eq(fake_log(),
			 "write " PCI "0000:00:03.0/sriov_numvfs 0\n"
			 "write " PCI "0000:00:03.0/driver/unbind 0000:00:03.0\n");
	assert_said("2 devices at rest, 0 kept by policy, 0 left running");
}
END_TEST

/* nvidia_drm uses nvidia_modeset, which uses nvidia. */
START_TEST(unloads_a_module_after_those_that_use_it)
{
	struct handover wishes = begin()->handover;

	wishes.display = DISPLAY_UNBIND;
	wishes.rules = (struct rules){ 1, { "driver:blob=unload" } };
	machine_start();
	machine_pci(.address = "0000:00:03.0", .driver = "blob", .class = 0x030000);
	fake_symlink("../../../../module/blob", "/sys/bus/pci/drivers/blob/module");
	fake_file("", "/sys/module/blob/holders/blob_modeset");
	fake_file("", "/sys/module/blob_modeset/holders/blob_drm");
	fake_file("(S) dummy device\n", "/sys/class/vtconsole/vtcon0/name");
	fake_file("(M) frame buffer device\n", "/sys/class/vtconsole/vtcon1/name");
	fake_file("1\n", "/sys/class/vtconsole/vtcon1/bind");
	run_devices(&wishes);
	ck_assert_str_eq(fake_log(), "write /sys/class/vtconsole/vtcon1/bind 0\n"
				     "unload blob_drm\n"
				     "unload blob_modeset\n"
				     "unload blob\n");
	assert_said("unloaded");
}
END_TEST

START_TEST(lets_go_of_devices_of_other_buses)
{
	machine_start();
	machine_other("xen", "vif-0", "vif");
	machine_occupant("net", "eth0", "vif-0");
	run_devices(NULL);
	ck_assert_str_eq(fake_log(),
			 "write /sys/bus/xen/devices/vif-0/driver/unbind vif-0\n");
	assert_said("1 devices at rest, 0 kept by policy, 0 left running");
}
END_TEST

START_TEST(keeps_bus_mastering_on_for_who_says_so)
{
	struct handover wishes = begin()->handover;

	wishes.rules = (struct rules){ 1, { "driver:nvme=keep-bus-master" } };
	machine_start();
	machine_pci(.address = "0000:00:03.0", .driver = "nvme", .class = 0x010802,
		    .is_bus_master = true, .keeps_bus_master = true);
	run_devices(&wishes);
	ck_assert(machine_is_bus_master("0000:00:03.0"));
	assert_said("1 devices at rest, 0 kept by policy, 0 left running");
}
END_TEST

/* Nobody may read its config space either: the kernel lets nobody while it resets. */
START_TEST(goes_on_after_a_reset_that_hangs)
{
	machine_start();
	machine_pci(.address = "0000:00:03.0", .driver = "nvme", .class = 0x010802,
		    .is_bus_master = true, .resets = "flr\n");
	machine_pci(.address = "0000:00:04.0", .driver = "nvme", .class = 0x010802,
		    .is_bus_master = true, .resets = "flr\n");
	begin();
	output_catch();
	ck_assert_int_eq(devices_unbind(&teardown), 0);
	for (size_t i = 0; i < teardown.device_plan.n; i++)
		teardown.device_plan.op[i].timeout_ms = 2000;
	fake_hang("write " PCI "0000:00:03.0/reset 1", FAKE_ALWAYS);
	ck_assert_int_eq(devices_reset(&teardown), 0);
	ck_assert_int_eq(devices_verify(&teardown), 0);
	teardown_report(&teardown);
	said = output_caught();
	ck_assert(teardown.is_hung && report_of("0000:00:03.0")->is_hung);
	ck_assert(!report_of("0000:00:03.0")->state.is_readable);
	ck_assert(report_of("0000:00:04.0")->is_reset);
	assert_said("1 devices at rest, 0 kept by policy, 1 left running");
}
END_TEST

START_TEST(resets_nothing_under_a_driver_that_did_not_let_go)
{
	machine_start();
	machine_pci(.address = "0000:00:03.0", .driver = "nvme", .class = 0x010802,
		    .resets = "flr\n");
	fake_fail("write " PCI "0000:00:03.0/driver/unbind", EIO, FAKE_ALWAYS);
	run_devices(NULL);
	ck_assert_int_eq(fake_count("write " PCI "0000:00:03.0/reset"), 0);
	assert_said("0 devices at rest, 0 kept by policy, 1 left running");
}
END_TEST

START_TEST(does_not_unbind_a_card_whose_virtual_functions_hang)
{
	machine_start();
	machine_pci(.address = "0000:00:03.0", .driver = "igb", .class = 0x020000,
		    .n_vfs = 2);
	machine_pci(.address = "0000:00:03.1", .driver = "igb", .class = 0x020000);
	fake_hang("write " PCI "0000:00:03.0/sriov_numvfs", FAKE_ALWAYS);
	run_devices(NULL);
	ck_assert_int_eq(fake_count("write " PCI "0000:00:03.0/"), 1);
	ck_assert_int_eq(fake_count("write " PCI "0000:00:03.1/driver/unbind"), 1);
	assert_said("1 devices at rest, 0 kept by policy, 1 left running");
}
END_TEST

/* A driver with suppress_bind_attrs has no such file. */
START_TEST(does_not_take_a_driver_that_forbids_it_for_gone)
{
	machine_start();
	machine_other("platform", "glued", "glue");
	machine_occupant("net", "eth0", "glued");
	fake_fail("write /sys/bus/platform/devices/glued/driver/unbind", ENOENT,
		  FAKE_ALWAYS);
	run_devices(NULL);
	assert_said("cannot unbind glued");
	assert_said("0 devices at rest, 0 kept by policy, 1 left running");
}
END_TEST

START_TEST(unbinds_what_it_cannot_unload)
{
	struct handover wishes = begin()->handover;

	wishes.rules = (struct rules){ 1, { "driver:blob=unload" } };
	machine_start();
	machine_pci(.address = "0000:00:03.0", .driver = "blob", .class = 0x120000);
	machine_pci(.address = "0000:00:04.0", .driver = "blob", .class = 0x120000);
	fake_symlink("../../../../module/blob", "/sys/bus/pci/drivers/blob/module");
	fake_fail("unload blob", EWOULDBLOCK, FAKE_ALWAYS);
	wishes.parallel = PARALLEL_AUTO;
	run_devices(&wishes);
	ck_assert_int_eq(fake_count("write " PCI), 2);
	assert_said("2 devices at rest, 0 kept by policy, 0 left running");
}
END_TEST

START_TEST(clears_bus_mastering_in_config_space_where_the_kernel_will_not)
{
	machine_start();
	machine_pci(.address = "0000:00:03.0", .class = 0x010400, .is_bus_master = true);
	fake_fail("write " PCI "0000:00:03.0/enable", EINVAL, FAKE_ALWAYS);
	run_devices(NULL);
	assert_log("pci command", "pci command 0000:00:03.0 0003\n");
	ck_assert(!machine_is_bus_master("0000:00:03.0"));
}
END_TEST

START_TEST(reports_what_is_not_at_rest)
{
	machine_start();
	machine_pci(.address = "0000:00:03.0", .driver = "e1000", .class = 0x020000,
		    .has_msi = true, .is_pending = true);
	machine_pci(.address = "0000:00:04.0", .driver = "e1000", .class = 0x020000,
		    .is_gone = true);
	fake_ignore("write " PCI "0000:00:03.0/driver/unbind", FAKE_ALWAYS);
	run_devices(NULL);
	assert_said("MSI, transactions pending");
	assert_said("does not answer");
	assert_said("0 devices at rest, 0 kept by policy, 2 left running");
}
END_TEST

START_TEST(begins_nothing_when_the_time_is_up)
{
	machine_start();
	machine_pci(.address = "0000:00:03.0", .driver = "e1000", .class = 0x020000,
		    .is_bus_master = true);
	machine_pci(.address = "0000:00:04.0", .class = 0x010400, .is_bus_master = true);
	run_devices_until(clock_ms(), NULL);
	ck_assert_int_eq(fake_count("write " PCI "0000:00:03.0/"), 0);
	ck_assert(!machine_is_bus_master("0000:00:04.0"));
	assert_said("no time left");
	assert_said("1 devices at rest, 0 kept by policy, 1 left running");
}
END_TEST

START_TEST(leaves_to_its_driver_what_comes_too_late)
{
	machine_start();
	machine_pci(.address = "0000:00:03.0", .driver = "e1000", .class = 0x020000);
	machine_pci(.address = "0000:00:04.0", .driver = "e1000", .class = 0x020000);
	fake_hang("write " PCI "0000:00:03.0", FAKE_ALWAYS);
	run_devices_until(clock_ms() + 200, NULL);
	ck_assert_int_eq(fake_count("write " PCI "0000:00:04.0/"), 0);
	ck_assert(teardown.is_hung);
	assert_said("no time left");
	assert_said("0 devices at rest, 0 kept by policy, 2 left running");
}
END_TEST

/* The kernel calls the .shutdown of what is left bound; RAID firmware takes its time. */
START_TEST(knows_how_long_drivers_left_bound_may_take_at_the_jump)
{
	struct handover wishes = begin()->handover;

	ck_assert_int_eq(rules_add(&wishes.rules, "driver:e1000=deadline:7"), 0);
	machine_start();
	machine_pci(.address = "0000:00:03.0", .driver = "e1000", .class = 0x020000);
	machine_pci(.address = "0000:00:04.0", .driver = "megaraid_sas",
		    .class = 0x010400);
	machine_pci(.address = "0000:00:05.0", .driver = "ahci", .class = 0x010601);
	run_devices_until(clock_ms(), &wishes);
	ck_assert_uint_eq(devices_longest_bound_ms(&teardown), 185000);
	fake_fail("write " PCI "0000:00:03.0/driver/unbind", EIO, FAKE_ALWAYS);
	run_devices(&wishes);
	ck_assert_uint_eq(devices_longest_bound_ms(&teardown), 7000);
	ck_assert_int_eq(rules_add(&wishes.rules, "driver:e1000=keep"), 0);
	run_devices(&wishes);
	ck_assert_uint_eq(devices_longest_bound_ms(&teardown), 7000);
}
END_TEST

START_TEST(leaves_the_jump_its_time_where_no_rule_says_more)
{
	machine_start();
	machine_pci(.address = "0000:00:05.0", .driver = "ahci", .class = 0x010601);
	ck_assert_uint_eq(devices_longest_bound_ms(begin()), 0);
	run_devices_until(clock_ms(), NULL);
	ck_assert_uint_eq(devices_longest_bound_ms(&teardown), 0);
}
END_TEST

/* Those of different slots; the order in the log is nobody's promise then. */
START_TEST(unbinds_independent_devices_at_once)
{
	struct handover wishes = begin()->handover;
	uint64_t start;

	wishes.parallel = PARALLEL_AUTO;
	wishes.unbind_ms = 3000;
	machine_start();
	machine_pci(.address = "0000:00:03.0", .driver = "e1000", .class = 0x020000);
	machine_pci(.address = "0000:00:04.0", .driver = "e1000", .class = 0x020000);
	machine_pci(.address = "0000:00:05.0", .driver = "e1000", .class = 0x020000);
	fake_hang("write " PCI, FAKE_ALWAYS);
	start = clock_ms();
	run_devices(&wishes);
	ck_assert_uint_lt(clock_ms() - start, 3 * 3000);
	ck_assert_msg(fake_count("write " PCI) == 3, "%s\n%s", fake_log(), said);
	assert_said("3 left running");
}
END_TEST

/* --- the guardian --- */

START_TEST(restarts_the_machine_when_the_time_is_up)
{
	struct guardian guardian = { 0 };

	machine_start();
	output_catch();
	ck_assert_int_eq(guardian_start(&guardian, 50), 0);
	clock_sleep_ms(
		2900); /* two seconds of them are the kernel's, to write and remount */
	said = output_caught();
	assert_log("sysrq b", "sysrq b\n");
	ck_assert_ptr_eq(strstr(fake_log(), "sysrq s\nkill -1 STOP\nsysrq u\n"
					    "sysrq b\nreboot restart\n"),
			 strstr(fake_log(), "sysrq"));
	ck_assert_ptr_nonnull(strstr(fake_log(), "sysrq"));
	assert_said("the time is up");
}
END_TEST

START_TEST(replaces_the_guardian_before)
{
	struct guardian guardian = { 0 };

	machine_start();
	ck_assert_int_eq(guardian_start(&guardian, 50), 0);
	ck_assert_int_eq(guardian_start(&guardian, 60000), 0);
	clock_sleep_ms(300);
	ck_assert_int_eq(fake_count("sysrq"), 0);
	ck_assert_int_eq(kill(guardian.pid, SIGKILL), 0);
}
END_TEST

/* A guardian too many ends the machine, one too few hangs it: the old one stays. */
START_TEST(keeps_the_guardian_where_no_other_can_be_started)
{
	struct guardian guardian = { 0 };
	pid_t before;

	machine_start();
	ck_assert_int_eq(guardian_start(&guardian, 60000), 0);
	before = guardian.pid;
	fake_fail_forks();
	output_catch();
	ck_assert_int_eq(guardian_start(&guardian, 60000), -EAGAIN);
	said = output_caught();
	assert_said("cannot start the guardian");
	ck_assert_int_eq(guardian.pid, before);
	ck_assert_int_eq(kill(guardian.pid, SIGKILL), 0); /* it was there */
	ck_assert_int_eq(waitpid(guardian.pid, NULL, 0), guardian.pid);
}
END_TEST

static struct guardian shared;

static int start_another(const void *argument)
{
	(void)argument;
	return guardian_start(&shared, 1000);
}

/* What it has stopped stays stopped, and filesystems are read-only. */
START_TEST(does_not_take_the_word_from_a_guardian_on_the_way_home)
{
	machine_start();
	output_catch();
	ck_assert_int_eq(guardian_start(&shared, 50), 0);
	clock_sleep_ms(500);
	ck_assert_int_eq(child_run(start_another, NULL, 500), -ETIMEDOUT);
	clock_sleep_ms(2500);
	said = output_caught();
	assert_said("the time is up");
	ck_assert_int_ge(fake_count("reboot restart"), 1);
	ck_assert_int_eq(kill(shared.pid, SIGKILL), 0);
}
END_TEST

UNIT_MAIN("teardown", runs_hooks_around_the_teardown_in_their_order,
	  runs_hooks_before_the_first_hop_and_after_the_second,
	  goes_on_after_a_hook_that_fails_or_hangs, ends_what_hooks_leave_running,
	  takes_no_time_of_the_teardown_for_hooks, puts_a_rich_machine_to_rest_in_order,
	  does_nothing_to_a_machine_at_rest,
	  leaves_devices_alone_before_an_ordinary_reboot,
	  only_makes_filesystems_read_only_where_the_jump_is_abrupt,
	  goes_home_where_an_abrupt_jump_would_lose_data,
	  asks_processes_to_end_before_it_kills, kills_what_ignores_sigterm,
	  hangs_up_on_terminals_only, meets_who_forks_while_being_killed,
	  goes_on_without_what_cannot_be_killed, thaws_between_sigterm_and_sigkill,
	  thaws_though_a_device_cannot_be_resumed,
	  resumes_at_once_what_may_stand_on_each_other,
	  spares_storage_daemons_but_not_our_waiter,
	  ends_storage_daemons_when_the_storage_is_let_go,
	  ends_storage_daemons_that_hold_what_is_left,
	  kills_storage_daemons_that_do_not_end, sends_no_signal_where_nobody_runs,
	  enters_the_stage_through_private_mounts, does_not_go_on_outside_the_stage,
	  does_not_pivot_a_rootfs, spares_the_stage_of_a_rootfs_and_what_it_stands_on,
	  mounts_what_a_rootfs_lacks, unmounts_newest_first,
	  spares_what_the_init_stands_on, lets_go_of_a_loop_whose_file_lies_on_lvm,
	  stops_raid_after_what_stands_on_it, does_not_take_a_loop_in_use_for_detached,
	  unmounts_by_force_what_waits_for_a_server, uses_no_force_before_something_hangs,
	  unmounts_lazily_only_what_the_kernel_makes_up, makes_read_only_what_stays_busy,
	  asks_sysrq_where_a_filesystem_does_not_turn_read_only,
	  goes_home_when_a_filesystem_cannot_be_frozen, does_not_try_a_hung_unmount_twice,
	  goes_on_where_writing_everything_out_hangs, takes_data_on_its_way_for_no_hang,
	  does_not_wait_for_data_that_stays_where_it_is,
	  goes_on_with_a_swap_area_that_stays, unbinds_deepest_first,
	  keeps_bridges_displays_and_serial_ports, keeps_bus_mastering_of_what_it_keeps,
	  clears_bus_mastering_of_what_has_no_driver,
	  unbinds_virtual_functions_before_their_own, takes_what_vanished_for_at_rest,
	  takes_a_driver_that_oopses_for_hung, clears_bus_mastering_that_a_driver_left_on,
	  leaves_alone_what_fell_off_its_bus, goes_on_after_a_driver_that_hangs,
	  reports_what_became_of_each_device, restarts_the_machine_when_the_time_is_up,
	  replaces_the_guardian_before,
	  does_not_take_the_word_from_a_guardian_on_the_way_home,
	  keeps_the_guardian_where_no_other_can_be_started,
	  resets_what_the_kernel_can_reset_safely,
	  takes_a_reset_that_fails_for_no_reason_against_the_jump,
	  never_touches_a_device_again_that_hangs, ends_the_virtual_functions_of_a_card,
	  unloads_a_module_after_those_that_use_it, lets_go_of_devices_of_other_buses,
	  keeps_bus_mastering_on_for_who_says_so, reports_what_is_not_at_rest,
	  begins_nothing_when_the_time_is_up, leaves_to_its_driver_what_comes_too_late,
	  unbinds_independent_devices_at_once, goes_on_after_a_reset_that_hangs,
	  resets_nothing_under_a_driver_that_did_not_let_go,
	  does_not_unbind_a_card_whose_virtual_functions_hang,
	  does_not_take_a_driver_that_forbids_it_for_gone, unbinds_what_it_cannot_unload,
	  clears_bus_mastering_in_config_space_where_the_kernel_will_not,
	  knows_how_long_drivers_left_bound_may_take_at_the_jump,
	  leaves_the_jump_its_time_where_no_rule_says_more)
