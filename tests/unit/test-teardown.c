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
#include "pivot/base/clock.h"
#include "unit.h"

#define PCI "/sys/bus/pci/devices/"

static struct teardown teardown;
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
			.target = "a test",
		},
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
		    .driver = "e1000e", .class = 0x020000, .is_bus_master = true);
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
	"write /sys/bus/pci/devices/0000:00:1b.0/enable 0\n";
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
	ck_assert_str_eq(fake_log(), "sync\nsync\n");
}
END_TEST

START_TEST(leaves_devices_alone_before_an_ordinary_reboot)
{
	rich_machine();
	ck_assert_int_eq(run(teardown_storage), 0);
	assert_log("write|link", "");
	ck_assert_int_eq(fake_count("umount /oldroot\n"), 1);
}
END_TEST

/* --- processes --- */

START_TEST(asks_processes_to_end_before_it_kills)
{
	machine_start();
	machine_process(.pid = 100, .name = "cron");
	ck_assert_int_eq(run(processes_end), 0);
	ck_assert_str_eq(fake_log(), "kill 100 TERM\n"
				     "kill 100 CONT = ESRCH\n");
	assert_said("running: 1 (cron)");
}
END_TEST

START_TEST(kills_what_ignores_sigterm)
{
	machine_start();
	machine_process(.pid = 100, .name = "stubborn", .ignores = "TERM");
	ck_assert_int_eq(run(processes_end), 0);
	ck_assert_str_eq(fake_log(), "kill 100 TERM\nkill 100 CONT\nkill 100 KILL\n");
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
	ck_assert_str_eq(fake_log(), "");
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
	ck_assert_int_eq(rename(next, text), 0);
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
	if (t->guardian > 0)
		(void)kill(t->guardian, SIGKILL);
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
	ck_assert_int_eq(teardown.guardian, 0);
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

/* --- network, disks --- */

START_TEST(takes_links_down)
{
	machine_start();
	machine_link("lo", "0x49\n");
	machine_link("eth0", "0x1003\n");
	machine_link("eth1", "0x1002\n");
	fake_file("", "/sys/class/net/bonding_masters");
	ck_assert_int_eq(run(network_down), 0);
	ck_assert_str_eq(fake_log(), "link down eth0\n");
	assert_said("eth0 is down");
}
END_TEST

START_TEST(tries_no_other_link_after_one_that_hangs)
{
	machine_start();
	machine_link("eth0", "0x1003\n");
	machine_link("eth1", "0x1003\n");
	fake_hang("link down", 1); /* whichever is first: the other waits for its lock */
	ck_assert_int_eq(run(network_down), 0);
	ck_assert_int_eq(fake_count("link down"), 1);
	assert_said("cannot take eth");
}
END_TEST

/* --- devices --- */

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

static const struct device_report *report_of(const char *address)
{
	for (size_t i = 0; i < teardown.n_devices; i++)
		if (strcmp(teardown.devices[i].address, address) == 0)
			return &teardown.devices[i];
	ck_abort_msg("no report of %s", address);
}

START_TEST(keeps_bridges_displays_and_serial_ports)
{
	static const char *const kept[] = { "0000:00:02.0", "0000:00:1c.0",
					    "0000:00:1f.0", "0000:00:16.3" };

	rich_machine();
	ck_assert_int_eq(run(devices_unbind), 0);
	for (size_t i = 0; i < array_size(kept); i++)
		ck_assert(report_of(kept[i])->is_kept);
	assert_log("write", "write " PCI "0000:01:00.0/driver/unbind 0000:01:00.0\n"
			    "write " PCI "0000:00:1f.2/driver/unbind 0000:00:1f.2\n"
			    "write " PCI "0000:00:14.0/driver/unbind 0000:00:14.0\n");
}
END_TEST

START_TEST(keeps_bus_mastering_of_what_it_keeps)
{
	rich_machine();
	ck_assert_int_eq(run(bus_masters_clear), 0);
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
	ck_assert_int_eq(run(bus_masters_clear), 0);
	ck_assert_str_eq(fake_log(), "write " PCI "0000:00:1b.0/enable 1\n"
				     "write " PCI "0000:00:1b.0/enable 0\n");
	ck_assert(!machine_is_bus_master("0000:00:1b.0"));
	assert_said("cleared bus mastering of 0000:00:1b.0 (multimedia)");
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
	ck_assert(!report_of("0000:00:03.0")->is_bus_master);
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
	assert_log("write", "write " PCI "0000:00:03.0/driver/unbind 0000:00:03.0\n"
			    "write " PCI "0000:00:03.0/enable 1\n"
			    "write " PCI "0000:00:03.0/enable 0\n");
	ck_assert(!report_of("0000:00:03.0")->is_bus_master);
}
END_TEST

START_TEST(leaves_alone_what_fell_off_its_bus)
{
	machine_start();
	machine_pci(.address = "0000:00:03.0", .class = 0x020000, .is_gone = true);
	ck_assert_int_eq(run(teardown_run), 0);
	assert_log("write", "");
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
	assert_said("cannot unbind 0000:00:03.0 (network, e1000)");
}
END_TEST

/* clang-format off */
static const char rich_report[] =
"      0000:01:00.0  network, e1000e          unbound         # ms  at rest\n"
"pivot-kexec:       0000:00:1f.2  storage, ahci            unbound         # ms  at rest\n"
"pivot-kexec:       0000:00:14.0  usb, xhci_hcd            not unbound     # ms  STILL A BUS MASTER: Input/output error\n"
"pivot-kexec:       0000:00:00.0  bridge                   keep            # ms  left as it is\n"
"pivot-kexec:       0000:00:16.3  carries the console      keep            # ms  left as it is\n"
"pivot-kexec:       0000:00:1c.0  bridge                   keep            # ms  left as it is\n"
"pivot-kexec:       0000:00:1f.0  bridge                   keep            # ms  left as it is\n"
"pivot-kexec:       0000:00:02.0  display                  keep            # ms  left as it is\n"
"pivot-kexec:       0000:00:1b.0  multimedia, no driver    clear           # ms  at rest\n"
"pivot-kexec: 3 devices at rest, 5 kept by policy, 1 left running\n";
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

/* --- the guardian --- */

START_TEST(restarts_the_machine_when_the_time_is_up)
{
	pid_t guardian = 0;

	machine_start();
	output_catch();
	ck_assert_int_eq(guardian_start(&guardian, 50), 0);
	clock_sleep_ms(
		2900); /* two seconds of them are the kernel's, to write and remount */
	said = output_caught();
	assert_log("sysrq b", "sysrq b\n");
	ck_assert_ptr_eq(
		strstr(fake_log(), "sysrq s\nsysrq u\nsysrq b\nreboot restart\n"),
		strstr(fake_log(), "sysrq"));
	ck_assert_ptr_nonnull(strstr(fake_log(), "sysrq"));
	assert_said("the time is up");
}
END_TEST

START_TEST(replaces_the_guardian_before)
{
	pid_t guardian = 0;

	machine_start();
	ck_assert_int_eq(guardian_start(&guardian, 50), 0);
	ck_assert_int_eq(guardian_start(&guardian, 60000), 0);
	clock_sleep_ms(300);
	ck_assert_int_eq(fake_count("sysrq"), 0);
	ck_assert_int_eq(kill(guardian, SIGKILL), 0);
}
END_TEST

/* A guardian too many ends the machine, one too few hangs it: the old one stays. */
START_TEST(keeps_the_guardian_where_no_other_can_be_started)
{
	pid_t guardian = 0, before;

	machine_start();
	ck_assert_int_eq(guardian_start(&guardian, 60000), 0);
	before = guardian;
	fake_fail_forks();
	output_catch();
	ck_assert_int_eq(guardian_start(&guardian, 60000), -EAGAIN);
	said = output_caught();
	assert_said("cannot start the guardian");
	ck_assert_int_eq(guardian, before);
	ck_assert_int_eq(kill(guardian, SIGKILL), 0); /* it was there */
	ck_assert_int_eq(waitpid(guardian, NULL, 0), guardian);
}
END_TEST

UNIT_MAIN("teardown", puts_a_rich_machine_to_rest_in_order,
	  does_nothing_to_a_machine_at_rest,
	  leaves_devices_alone_before_an_ordinary_reboot,
	  asks_processes_to_end_before_it_kills, kills_what_ignores_sigterm,
	  hangs_up_on_terminals_only, meets_who_forks_while_being_killed,
	  goes_on_without_what_cannot_be_killed,
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
	  goes_on_with_a_swap_area_that_stays, takes_links_down,
	  tries_no_other_link_after_one_that_hangs, unbinds_deepest_first,
	  keeps_bridges_displays_and_serial_ports, keeps_bus_mastering_of_what_it_keeps,
	  clears_bus_mastering_of_what_has_no_driver,
	  unbinds_virtual_functions_before_their_own, takes_what_vanished_for_at_rest,
	  takes_a_driver_that_oopses_for_hung, clears_bus_mastering_that_a_driver_left_on,
	  leaves_alone_what_fell_off_its_bus, goes_on_after_a_driver_that_hangs,
	  reports_what_became_of_each_device, restarts_the_machine_when_the_time_is_up,
	  replaces_the_guardian_before, keeps_the_guardian_where_no_other_can_be_started)
