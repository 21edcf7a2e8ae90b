/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What the kernel does when it is asked, on the files of the fake root: what is held
 * cannot be let go, and what was let go is not listed any more. 0 or negative errno.
 */

#include <sys/types.h>

int kernel_mount(const char *source, const char *target, const char *type);
int kernel_bind(const char *source, const char *target);
int kernel_rmdir(const char *path);
int kernel_umount(const char *path, int flags);
int kernel_remount_read_only(const char *path);
void kernel_emergency_read_only(void);
int kernel_pivot_root(const char *new_root, const char *old_root);

int kernel_swapoff(const char *path);
int kernel_dm_remove(const char *name);
int kernel_md_stop(const char *device);	    /* "/dev/md0" */
int kernel_loop_detach(const char *device); /* "/dev/loop0" */

/* A write(2) to an attribute of sysfs or procfs. */
int kernel_write(const char *path, const char *text);
int kernel_link_down(const char *name);

/* A process of the fake /proc; PID 1 does not mind. */
int kernel_kill(pid_t pid, int signal);
