// SPDX-License-Identifier: GPL-2.0-or-later
#include "acts.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/dm-ioctl.h>
#include <linux/kexec.h>
#include <linux/loop.h>
#include <linux/major.h>
#include <linux/raid/md_u.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cleanup.h"

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

int act_dm_remove(const char *name)
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
	return result(ioctl(fd, (unsigned int)DM_DEV_REMOVE, &dm));
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

int act_link_down(const char *name)
{
	auto_close int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = { 0 };

	if (fd < 0) /* a kernel without IPv4 */
		fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (strlen(name) >= sizeof(request.ifr_name))
		return -ENAMETOOLONG;
	strcpy(request.ifr_name, name);
	if (ioctl(fd, SIOCGIFFLAGS, &request) < 0)
		return -errno;
	request.ifr_flags = (short)(request.ifr_flags & ~IFF_UP);
	return result(ioctl(fd, SIOCSIFFLAGS, &request));
}

void act_sync(void)
{
	sync();
}

int act_kexec_load(int kernel_fd, int initrd_fd, const char *command_line)
{
	unsigned long flags = initrd_fd < 0 ? KEXEC_FILE_NO_INITRAMFS : 0;

	return result(syscall(SYS_kexec_file_load, kernel_fd, initrd_fd,
			      strlen(command_line) + 1, command_line, flags));
}

int act_kexec_unload(void)
{
	if (syscall(SYS_kexec_file_load, -1, -1, 0UL, NULL, KEXEC_FILE_UNLOAD) == 0)
		return 0;
	/* a kernel without kexec_file_load(2) */
	return result(syscall(SYS_kexec_load, 0UL, 0UL, NULL, 0UL));
}

int act_reboot(unsigned int command)
{
	return result(syscall(SYS_reboot, 0xfee1dead, 0x28121969, command, NULL));
}
