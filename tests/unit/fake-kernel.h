/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What the kernel does when it is asked, on the files of the fake root: what is held
 * cannot be let go, and what was let go is not listed any more. 0 or negative errno.
 */

#include <stdint.h>
#include <sys/types.h>

int kernel_mount(const char *source, const char *target, const char *type);
int kernel_bind(const char *source, const char *target);
int kernel_rmdir(const char *path);
int kernel_create(const char *path, const void *data, size_t n);
int kernel_symlink(const char *target, const char *path);
int kernel_unlink(const char *path);
int kernel_copy(int from, uint64_t at, uint64_t bytes, const char *path);
int kernel_umount(const char *path, int flags);
int kernel_remount_read_only(const char *path);
void kernel_emergency_read_only(void);
int kernel_pivot_root(const char *new_root, const char *old_root);

int kernel_swapoff(const char *path);
int kernel_dm_remove(const char *name);
int kernel_dm_resume(const char *name);
int kernel_md_stop(const char *device);	    /* "/dev/md0" */
int kernel_loop_detach(const char *device); /* "/dev/loop0" */

/* A write(2) to an attribute of sysfs or procfs. */
int kernel_write(const char *path, const char *text);

/* Interfaces by their index; "?" for the name of one that is not there. What stands on a
 * deleted one goes with it. One with a file fallback stays, one with no_ops is refused.
 */
const char *kernel_link_name(unsigned int index);
int kernel_link_down(unsigned int index);
int kernel_unload_module(const char *name);
int kernel_pci_command(const char *address, unsigned int value);
int kernel_link_delete(unsigned int index);

/* "/dev/watchdog0", once it has a state; see machine_watchdog(). */
int kernel_watchdog_stop(const char *device);
int kernel_watchdog_arm(const char *device, unsigned int seconds);

/* A process of the fake /proc; PID 1 does not mind. */
int kernel_kill(pid_t pid, int signal);
