// SPDX-License-Identifier: GPL-2.0-or-later

/*
 * The stages of the teardown against a machine that acts as the kernel would. The order
 * of what was done is the log of tests/unit/fake-acts.h.
 */

#include "initramfs/teardown/teardown.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

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

/* Deadlines are short: what hangs here hangs for good. */
static struct teardown *begin(void)
{
	teardown = (struct teardown){
		.root = fake_root(),
		.handover = {
			.grace_ms = 100,
			.unbind_ms = 300,
			.detach_ms = 300,
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
	machine_pci(.address = "0000:00:1b.0", .class = 0x040300, .is_bus_master = true);
}

static void rich_machine(void)
{
	machine_start();
	rich_storage();
	rich_devices();
	machine_process(310, "postgres", "");
	machine_process(311, "bash", "TERM");
	machine_task(2, "kthreadd", 'S', 0x208040);
	machine_link("lo", "0x9\n");
	machine_link("enp1s0", "0x1003\n");
	machine_link("enp2s0", "0x1002\n");
	machine_disk("0:0:0:0");
}

/* clang-format off */
static const char rich_log[] =
	/* processes */
	"kill all TERM\n"
	"kill all HUP\n"
	"kill all CONT = ESRCH\n"
	/* storage: what is held at first goes in a later pass */
	"swapoff /oldroot/swapfile\n"
	"umount /oldroot/var/lib/docker/overlay2/1/merged\n"
	"umount /oldroot/mnt/usb\n"
	"umount /oldroot/mnt\n"
	"umount /oldroot/srv/disk\n"
	"umount /oldroot/srv = EBUSY\n"
	"umount -f /oldroot/srv = EBUSY\n"
	"umount /oldroot/boot/efi\n"
	"umount /oldroot/proc/sys/fs/binfmt_misc\n"
	"umount /oldroot/run/netns/blue\n"
	"umount /oldroot/run/netns\n"
	"umount /oldroot/run\n"
	"umount /oldroot/dev\n"
	"umount /oldroot = EBUSY\n"
	"umount -f /oldroot = EBUSY\n"
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
	ck_assert_str_eq(fake_log(), "sync\n");
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
	machine_process(100, "cron", "");
	ck_assert_int_eq(run(processes_end), 0);
	ck_assert_str_eq(fake_log(), "kill all TERM\n"
				     "kill all HUP = ESRCH\n"
				     "kill all CONT = ESRCH\n");
	assert_said("running: 1 (cron)");
}
END_TEST

START_TEST(kills_what_ignores_sigterm)
{
	machine_start();
	machine_process(100, "stubborn", "TERM HUP");
	ck_assert_int_eq(run(processes_end), 0);
	assert_log("kill", "kill all TERM\nkill all HUP\nkill all CONT\nkill all KILL\n");
	ck_assert(!fake_exists("/proc/100"));
	assert_said("SIGTERM in 0 s: 1 (stubborn)");
}
END_TEST

START_TEST(goes_on_without_what_cannot_be_killed)
{
	machine_start();
	machine_process(100, "stuck", "TERM HUP KILL");
	ck_assert_int_eq(run(processes_end), 0);
	assert_said("cannot be killed: 1 (stuck)");
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
	(void)snprintf(stage, sizeof(stage), "%s/run/initramfs", fake_root());
	fake_fail("pivot_root", EINVAL, FAKE_ALWAYS);
	begin()->stage_path = stage;
	output_catch();
	ck_assert_int_eq(root_enter(&teardown), -EINVAL);
	said = output_caught();
	assert_said("the root: Invalid argument");
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
	fake_fail("umount -f /oldroot/image", EBUSY, 200);
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
	fake_fail("umount /oldroot/nfs", EBUSY, FAKE_ALWAYS);
	ck_assert_int_eq(run(storage_release), 0);
	assert_log("umount", "umount -f /oldroot/nfs\n");
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
	fake_fail("umount -f /oldroot", EBUSY, FAKE_ALWAYS);
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
	fake_fail("umount -f /oldroot", EBUSY, FAKE_ALWAYS);
	ck_assert_int_eq(run(storage_release), 0);
	assert_log("remount|sync", "remount ro /oldroot\nsync\n");
	assert_said("cannot unmount '/oldroot' (ext4 on /dev/vda1): made it read-only");
	assert_said("2 mounts, swap areas or block devices remain, read-only");
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
	assert_log("write|sync", "write /proc/sysrq-trigger u\nsync\n");
	assert_said("1 filesystems can still be written to: forcing them read-only");
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
	assert_said("1 filesystems cannot be put to rest");
	assert_log("sync|link", "sync\n"); /* nothing after the storage */
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
	ck_assert_int_eq(run(storage_release), 0);
	ck_assert_int_eq(fake_count("umount /oldroot/nfs"), 1);
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

START_TEST(goes_on_after_a_link_that_hangs)
{
	machine_start();
	machine_link("eth0", "0x1003\n");
	machine_link("eth1", "0x1003\n");
	fake_hang("link down eth0", FAKE_ALWAYS);
	ck_assert_int_eq(run(network_down), 0);
	assert_log("link down eth1", "link down eth1\n");
	assert_said("cannot take eth0 down");
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
"pivot-kexec:       0000:00:16.3  serial port              keep            # ms  left as it is\n"
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
	machine_start();
	output_catch();
	ck_assert_int_gt(guardian_start(50), 0);
	clock_sleep_ms(900);
	said = output_caught();
	ck_assert_int_ge(fake_count("sysrq b"), 1);
	assert_said("the time is up");
}
END_TEST

START_TEST(replaces_the_guardian_before)
{
	machine_start();
	ck_assert_int_gt(guardian_start(50), 0);
	ck_assert_int_gt(guardian_start(60000), 0);
	clock_sleep_ms(900);
	ck_assert_int_eq(fake_count("sysrq"), 0);
}
END_TEST

UNIT_MAIN("teardown", restarts_the_machine_when_the_time_is_up,
	  replaces_the_guardian_before, puts_a_rich_machine_to_rest_in_order,
	  does_nothing_to_a_machine_at_rest,
	  leaves_devices_alone_before_an_ordinary_reboot,
	  asks_processes_to_end_before_it_kills, kills_what_ignores_sigterm,
	  goes_on_without_what_cannot_be_killed, sends_no_signal_where_nobody_runs,
	  enters_the_stage_through_private_mounts, does_not_go_on_outside_the_stage,
	  unmounts_newest_first, spares_what_the_init_stands_on,
	  lets_go_of_a_loop_whose_file_lies_on_lvm, stops_raid_after_what_stands_on_it,
	  does_not_take_a_loop_in_use_for_detached,
	  unmounts_by_force_what_waits_for_a_server,
	  unmounts_lazily_only_what_the_kernel_makes_up, makes_read_only_what_stays_busy,
	  asks_sysrq_where_a_filesystem_does_not_turn_read_only,
	  goes_home_when_a_filesystem_cannot_be_frozen, does_not_try_a_hung_unmount_twice,
	  goes_on_where_writing_everything_out_hangs, goes_on_with_a_swap_area_that_stays,
	  takes_links_down, goes_on_after_a_link_that_hangs, unbinds_deepest_first,
	  keeps_bridges_displays_and_serial_ports, keeps_bus_mastering_of_what_it_keeps,
	  clears_bus_mastering_of_what_has_no_driver,
	  clears_bus_mastering_that_a_driver_left_on, leaves_alone_what_fell_off_its_bus,
	  goes_on_after_a_driver_that_hangs, reports_what_became_of_each_device)
