// SPDX-License-Identifier: GPL-2.0-or-later

/* What will not unmount, and what a root on the network means. */

#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fake-machine.h"
#include "fake-preflight.h"
#include "fake-root.h"
#include "pivot/base/clock.h"
#include "pivot/base/macros.h"
#include "unit.h"

static struct fake_preflight *const f = &fake_preflight;

static void thread(pid_t pid, pid_t tid, char state, const char *switches)
{
	char text[128];

	(void)snprintf(text, sizeof(text), "%d (a) b) %c 1 1 1 0 -1 0 0 0\n", tid, state);
	fake_file(text, "/proc/%d/task/%d/stat", pid, tid);
	(void)snprintf(text, sizeof(text), "voluntary_ctxt_switches:\t%s\n", switches);
	fake_file(text, "/proc/%d/task/%d/status", pid, tid);
}

/* What opens it waits for ever, as if its server were gone. */
static void hanging_mount(const char *path)
{
	char full[PATH_MAX];

	(void)snprintf(full, sizeof(full), "%s%s", fake_root(), path);
	ck_assert_int_eq(mkfifo(full, 0600), 0);
	machine_mount(path, "nfs4", "server:/export", "rw");
}

/* A disk as /sys shows it: device is where it stands in /sys/devices. */
static void disk(const char *name, const char *device)
{
	char target[PATH_MAX];

	(void)snprintf(target, sizeof(target), "../../devices/%s/%s", device, name);
	fake_symlink(target, "/sys/class/block/%s", name);
	(void)snprintf(target, sizeof(target), "/sys/devices/%s/%s", device, name);
	fake_directory(target);
}

START_TEST(warns_of_a_thread_that_is_stuck_in_the_kernel)
{
	preflight_start();
	machine_process(.pid = 310, .name = "cp");
	thread(310, 310, 'S', "7");
	thread(310, 311, 'D', "7");
	preflight_expect(FINDING_WARN, "stuck-process", "process 310 (cp)");
}
END_TEST

/* As everybody does who reads a lot from a disk. */
START_TEST(leaves_who_waits_now_and_then_aside)
{
	preflight_start();
	machine_process(.pid = 310, .name = "cp");
	thread(310, 310, 'D', "7");
	if (fork() == 0) {
		clock_sleep_ms(300);
		thread(310, 310, 'D', "8");
		_exit(0);
	}
	preflight_expect_no("stuck-process");
}
END_TEST

START_TEST(does_not_wait_where_nobody_does)
{
	uint64_t start = clock_ms();

	preflight_start();
	machine_process(.pid = 310, .name = "cp");
	thread(310, 310, 'S', "7");
	preflight_expect_no("stuck-process");
	ck_assert_uint_lt(clock_ms() - start, 900);
}
END_TEST

/* Idle kernel threads wait so, and nobody need end them. */
START_TEST(leaves_kernel_threads_and_zombies_aside)
{
	preflight_start();
	machine_task(40, "kthread", 'D', 0x200000);
	thread(40, 40, 'D', "7");
	machine_task(41, "zombie", 'Z', 0x400000);
	thread(41, 41, 'D', "7");
	preflight_expect_no("stuck-process");
}
END_TEST

START_TEST(warns_of_a_server_that_does_not_answer)
{
	uint64_t start = clock_ms();

	preflight_start();
	fake_directory("/srv");
	fake_directory("/srv/good");
	hanging_mount("/srv/a");
	hanging_mount("/srv/b");
	machine_mount("/srv/good", "nfs", "server:/good", "rw");
	ck_assert_uint_eq(preflight_run(), 0);
	ck_assert_ptr_nonnull(strstr(f->said, "'/srv/a' (nfs4 on server:/export) does "
					      "not answer"));
	ck_assert_ptr_nonnull(strstr(f->said, "'/srv/b'"));
	ck_assert_ptr_null(strstr(f->said, "/srv/good"));
	ck_assert_uint_lt(clock_ms() - start, 5500); /* both at once */
}
END_TEST

START_TEST(asks_servers_whatever_the_caller_did_with_sigchld)
{
	uint64_t start = clock_ms();

	preflight_start();
	(void)signal(SIGCHLD, SIG_IGN);
	fake_directory("/srv");
	machine_mount("/srv", "nfs", "server:/good", "rw");
	preflight_expect_no("filesystem-hangs");
	ck_assert_uint_lt(clock_ms() - start, 2500);
	ck_assert(signal(SIGCHLD, SIG_DFL) == SIG_IGN);
}
END_TEST

START_TEST(warns_of_a_filesystem_that_fails)
{
	preflight_start();
	machine_mount("/srv/gone", "nfs", "server:/gone", "rw");
	preflight_expect(FINDING_WARN, "filesystem-fails", "'/srv/gone'");
}
END_TEST

/* A local filesystem is never touched, nor what is covered by one. */
START_TEST(asks_only_what_is_on_the_network_and_on_top)
{
	preflight_start();
	machine_mount("/srv/local", "ext4", "/dev/vda1", "rw");
	machine_mount("/srv/auto", "autofs", "systemd-1", "rw");
	fake_directory("/srv");
	hanging_mount("/srv/covered");
	machine_mount("/srv/covered", "tmpfs", "tmpfs", "rw");
	ck_assert_uint_eq(preflight_run(), 0);
	ck_assert_str_eq(f->said, "");
}
END_TEST

START_TEST(says_what_a_root_on_nfs_means)
{
	preflight_start();
	fake_directory("/srv");
	machine_mount("/", "nfs", "server:/root", "rw");
	preflight_expect(FINDING_WARN, "network-root", "the root is on NFS");
	ck_assert_ptr_nonnull(strstr(f->said, "--takeover=seize"));
	f->preflight.takeover = TAKEOVER_SEIZE;
	preflight_expect(FINDING_NOTE, "network-root", "the root is on NFS");
}
END_TEST

START_TEST(knows_a_root_on_iscsi_below_lvm_and_a_partition)
{
	preflight_start();
	machine_mount("/", "ext4", "/dev/mapper/vg-root", "rw");
	machine_dm("dm-0", "vg-root\n");
	disk("dm-0", "virtual/block");
	fake_file("", "/sys/class/block/dm-0/slaves/sda2");
	disk("sda", "platform/host5/session1/target5:0:0/5:0:0:1/block");
	disk("sda2", "platform/host5/session1/target5:0:0/5:0:0:1/block/sda");
	preflight_expect(FINDING_WARN, "network-root", "the root is on iSCSI");
}
END_TEST

START_TEST(knows_a_root_on_nbd)
{
	preflight_start();
	machine_mount("/", "ext4", "/dev/nbd0p1", "rw");
	disk("nbd0", "virtual/block");
	disk("nbd0p1", "virtual/block/nbd0");
	preflight_expect(FINDING_WARN, "network-root", "-systemd-mark");
}
END_TEST

START_TEST(knows_a_root_on_nvme_over_tcp)
{
	preflight_start();
	machine_mount("/", "ext4", "/dev/nvme0n1p2", "rw");
	disk("nvme0n1", "virtual/nvme-fabrics/ctl/nvme0");
	disk("nvme0n1p2", "virtual/nvme-fabrics/ctl/nvme0/nvme0n1");
	fake_file("tcp\n", "/sys/class/nvme/nvme0/transport");
	preflight_expect(FINDING_WARN, "network-root", "NVMe over TCP");
	fake_file("pcie\n", "/sys/class/nvme/nvme0/transport");
	preflight_expect_no("network-root");
}
END_TEST

START_TEST(knows_it_by_the_controllers_of_a_multipath_disk)
{
	preflight_start();
	machine_mount("/", "btrfs", "/dev/nvme1n1", "rw");
	disk("nvme1n1", "virtual/nvme-subsystem/nvme-subsys1");
	fake_file("rdma\n", "/sys/class/nvme-subsystem/nvme-subsys1/nvme4/transport");
	preflight_expect(FINDING_WARN, "network-root", "NVMe over RDMA");
	fake_file("pcie\n", "/sys/class/nvme-subsystem/nvme-subsys1/nvme4/transport");
	preflight_expect_no("network-root");
}
END_TEST

START_TEST(takes_local_roots_for_what_they_are)
{
	static const char *const sources[] = { "/dev/vda1",  "/dev/root", "/dev/mapper/x",
					       "zroot/root", "",	  "/dev/md0p1" };

	preflight_start();
	disk("vda", "pci0000:00/0000:00:03.0/virtio1/block");
	disk("vda1", "pci0000:00/0000:00:03.0/virtio1/block/vda");
	disk("md0", "virtual/block");
	disk("md0p1", "virtual/block/md0");
	fake_file("", "/sys/class/block/md0/slaves/vda1");
	/* a circle, which no kernel makes */
	fake_file("", "/sys/class/block/vda/slaves/md0");
	for (size_t i = 0; i < array_size(sources); i++) {
		machine_mount("/", "ext4", sources[i], "rw");
		preflight_expect_no("network-root");
	}
}
END_TEST

START_TEST(warns_of_a_suspended_dm_device)
{
	preflight_start();
	machine_dm("dm-3", "vg-data\n");
	fake_file("0\n", "/sys/block/dm-3/dm/suspended");
	preflight_expect_no("dm-suspended");
	fake_file("1\n", "/sys/block/dm-3/dm/suspended");
	preflight_expect(FINDING_WARN, "dm-suspended", "dmsetup resume vg-data");
}
END_TEST

START_TEST(notes_an_array_that_is_busy)
{
	preflight_start();
	machine_md("md0", "raid1\n");
	fake_file("idle\n", "/sys/block/md0/md/sync_action");
	preflight_expect_no("md-busy");
	fake_file("resync\n", "/sys/block/md0/md/sync_action");
	preflight_expect(FINDING_NOTE, "md-busy", "md0 is busy (resync)");
}
END_TEST

START_TEST(notes_what_nobody_lets_go_of_by_name)
{
	preflight_start();
	fake_file("ONLINE\n", "/proc/spl/kstat/zfs/tank/state");
	fake_file("", "/proc/spl/kstat/zfs/arcstats");
	fake_directory("/sys/fs");
	fake_directory("/sys/fs/bcache");
	fake_file("", "/sys/fs/bcache/register");
	fake_file("", "/sys/fs/bcache/3f1c2d4e-0000-4000-8000-0123456789ab/stop");
	fake_file("", "/sys/block/drbd0/size");
	ck_assert_uint_eq(preflight_run(), 0);
	ck_assert_ptr_nonnull(strstr(f->noted, "zpool import -f tank"));
	ck_assert_ptr_nonnull(strstr(f->noted, "bcache set 3f1c2d4e-"));
	ck_assert_ptr_nonnull(strstr(f->noted, "drbd0"));
	ck_assert_uint_eq(f->findings.n, 2 + 3); /* and the memory */
}
END_TEST

UNIT_MAIN("preflight of storage", warns_of_a_thread_that_is_stuck_in_the_kernel,
	  leaves_who_waits_now_and_then_aside, does_not_wait_where_nobody_does,
	  leaves_kernel_threads_and_zombies_aside, warns_of_a_server_that_does_not_answer,
	  asks_servers_whatever_the_caller_did_with_sigchld,
	  warns_of_a_filesystem_that_fails, asks_only_what_is_on_the_network_and_on_top,
	  says_what_a_root_on_nfs_means, knows_a_root_on_iscsi_below_lvm_and_a_partition,
	  knows_a_root_on_nbd, knows_a_root_on_nvme_over_tcp,
	  knows_it_by_the_controllers_of_a_multipath_disk,
	  takes_local_roots_for_what_they_are, warns_of_a_suspended_dm_device,
	  notes_an_array_that_is_busy, notes_what_nobody_lets_go_of_by_name)
