// SPDX-License-Identifier: GPL-2.0-or-later
#include "acts.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/dm-ioctl.h>
#include <linux/kexec.h>
#include <linux/loop.h>
#include <linux/major.h>
#include <linux/pci_regs.h>
#include <linux/raid/md_u.h>
#include <linux/watchdog.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cleanup.h"
#include "file.h"
#include "macros.h"
#include "progress.h"

static int result(long r)
{
	return r < 0 ? -errno : 0;
}

int act_mount(const char *source, const char *target, const char *type,
	      unsigned long flags, const char *options)
{
	return result(mount(source, target, type, flags, options));
}

int act_umount(const char *path, int flags)
{
	return result(umount2(path, flags));
}

int act_mkdir(const char *path, mode_t mode)
{
	return result(mkdir(path, mode));
}

int act_rmdir(const char *path)
{
	return result(rmdir(path));
}

int act_symlink(const char *target, const char *path)
{
	return result(symlink(target, path));
}

static int create(const char *path, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);

	return fd < 0 ? -errno : fd;
}

int act_create(const char *path, mode_t mode, const void *data, size_t n)
{
	auto_close int fd = create(path, mode);

	return fd < 0 ? fd : file_write_all(fd, data, n);
}

int act_unlink(const char *path)
{
	return result(unlink(path));
}

int act_copy(int from, uint64_t at, uint64_t bytes, const char *path,
	     struct progress *progress)
{
	static char buffer[1 << 20];
	auto_close int fd = create(path, 0600);
	int r = fd < 0 ? fd : 0;

	(void)posix_fadvise(from, (off_t)at, (off_t)bytes, POSIX_FADV_SEQUENTIAL);
	while (r == 0 && bytes > 0) {
		size_t n = bytes < sizeof(buffer) ? (size_t)bytes : sizeof(buffer);
		ssize_t got = file_read_at(from, buffer, n, (off_t)at);

		if (got <= 0)
			return got < 0 ? (int)got : -ENODATA;
		r = file_write_all(fd, buffer, (size_t)got);
		(void)posix_fadvise(from, (off_t)at, got, POSIX_FADV_DONTNEED);
		at += (uint64_t)got;
		bytes -= (uint64_t)got;
		progress_add(progress, (uint64_t)got);
	}
	return r;
}

int act_pivot_root(const char *new_root, const char *old_root)
{
	if (syscall(SYS_pivot_root, new_root, old_root) < 0)
		return -errno;
	return result(chdir("/"));
}

int act_enter_mounts(int namespace_fd)
{
	return result(setns(namespace_fd, CLONE_NEWNS));
}

int act_write(const char *path, const char *text)
{
	auto_close int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return -errno;
	return result(write(fd, text, strlen(text)));
}

int act_pci_command(const char *address, unsigned int value)
{
	const unsigned char bytes[] = { (unsigned char)value,
					(unsigned char)(value >> 8) };
	char path[96];
	auto_close int fd = -1;

	(void)snprintf(path, sizeof(path), "/sys/bus/pci/devices/%.32s/config", address);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	return result(pwrite(fd, bytes, sizeof(bytes), PCI_COMMAND));
}

int act_sysrq_open(void)
{
	int fd = open("/proc/sysrq-trigger", O_WRONLY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

void act_sysrq(int sysrq_fd, char key)
{
	(void)!write(sysrq_fd, &key, 1); /* nobody is left who could do better */
}

int act_kill(pid_t pid, int signal)
{
	return result(kill(pid, signal));
}

int act_swapoff(const char *path)
{
	return result(swapoff(path));
}

static int dm_ioctl(unsigned int request, const char *name)
{
	auto_close int fd = open("/dev/mapper/control", O_RDWR | O_CLOEXEC);
	struct dm_ioctl dm = {
		.version = { DM_VERSION_MAJOR, 0, 0 },
		.data_size = sizeof(dm),
	};

	if (fd < 0)
		return -errno;
	if (strlen(name) >= sizeof(dm.name))
		return -ENAMETOOLONG;
	strcpy(dm.name, name);
	return result(ioctl(fd, request, &dm));
}

int act_dm_remove(const char *name)
{
	return dm_ioctl((unsigned int)DM_DEV_REMOVE, name);
}

int act_dm_resume(const char *name)
{
	return dm_ioctl((unsigned int)DM_DEV_SUSPEND, name);
}

static int simple_ioctl(const char *device, unsigned int request)
{
	auto_close int fd = open(device, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return -errno;
	return result(ioctl(fd, request, 0));
}

int act_md_stop(const char *device)
{
	return simple_ioctl(device, STOP_ARRAY);
}

int act_loop_detach(const char *device)
{
	return simple_ioctl(device, LOOP_CLR_FD);
}

int act_unload_module(const char *name)
{
	return result(syscall(SYS_delete_module, name, O_NONBLOCK));
}

int act_load_module(const char *path, const char *parameters)
{
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : result(syscall(SYS_finit_module, fd, parameters, 0));
}

int act_watchdog_open(const char *device)
{
	int fd = open(device, O_WRONLY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

void act_watchdog_feed(int fd)
{
	(void)!write(fd, "", 1); /* who waits for it will see */
}

int act_watchdog_stop(const char *device)
{
	auto_close int fd = act_watchdog_open(device);
	int options = WDIOS_DISABLECARD, r;

	if (fd < 0)
		return fd;
	r = result(ioctl(fd, WDIOC_SETOPTIONS, &options));
	/* then the last close stops it, too: for drivers that know one way only */
	return write(fd, "V", 1) < 0 && r == 0 ? -errno : r;
}

static int watchdog_set_timeout(int fd, unsigned int seconds)
{
	int wanted = (int)seconds;

	return ioctl(fd, WDIOC_SETTIMEOUT, &wanted);
}

static void watchdog_set_longest(int fd)
{
	static const unsigned int seconds[] = { 600, 300, 255, 60 };
	int now = 0;

	(void)ioctl(fd, WDIOC_GETTIMEOUT, &now); /* not known: 0 */
	for (size_t i = 0; i < array_size(seconds) && (int)seconds[i] > now; i++)
		if (watchdog_set_timeout(fd, seconds[i]) == 0)
			return;
}

int act_watchdog_arm(const char *device, unsigned int seconds)
{
	auto_close int fd = act_watchdog_open(device);

	if (fd < 0)
		return fd;
	if (seconds == 0 || watchdog_set_timeout(fd, seconds) < 0)
		watchdog_set_longest(fd);
	return result(write(fd, "", 1));
}

void act_sync(void)
{
	sync();
}

int act_kexec_file_load(int kernel_fd, int initrd_fd, const char *command_line)
{
	unsigned long flags = initrd_fd < 0 ? KEXEC_FILE_NO_INITRAMFS : 0;

	return result(syscall(SYS_kexec_file_load, kernel_fd, initrd_fd,
			      strlen(command_line) + 1, command_line, flags));
}

int act_kexec_load(uint64_t entry, const struct kexec_segment *segments, size_t n)
{
	return result(syscall(SYS_kexec_load, entry, n, segments,
			      (unsigned long)KEXEC_ARCH_X86_64));
}

static int unload(unsigned long file_flags, unsigned long flags)
{
	if (syscall(SYS_kexec_file_load, -1, -1, 0UL, NULL,
		    KEXEC_FILE_UNLOAD | file_flags) == 0)
		return 0;
	/* a kernel without kexec_file_load(2) */
	return result(syscall(SYS_kexec_load, 0UL, 0UL, NULL, flags));
}

int act_kexec_unload(void)
{
	return unload(0, 0);
}

int act_kexec_unload_crash(void)
{
	return unload(KEXEC_FILE_ON_CRASH, KEXEC_ON_CRASH);
}

int act_reboot(unsigned int command)
{
	return result(syscall(SYS_reboot, 0xfee1dead, 0x28121969, command, NULL));
}
