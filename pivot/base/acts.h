/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Every call by which the tool or the init changes the machine. Nothing else does; the
 * tests link a fake in place of acts.c that writes a log. All return 0 or negative errno
 * and log nothing: the caller knows what the act was for.
 */

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct kexec_segment; /* linux/kexec.h */
struct progress;

/* mount(2), umount2(2), mkdir(2), rmdir(2); paths are those of the calling process. */
int act_mount(const char *source, const char *target, const char *type,
	      unsigned long flags, const char *options);
int act_umount(const char *path, int flags);
int act_mkdir(const char *path, mode_t mode);
int act_rmdir(const char *path);
int act_symlink(const char *target, const char *path);

/* A new file with n bytes in it; -EEXIST where there is one. And its end. */
int act_create(const char *path, mode_t mode, const void *data, size_t n);
int act_unlink(const char *path);

/*
 * A new file, for root only, with what stands in another from offset at on, which needs
 * no page cache any more. -ENODATA where it ends early. progress may be NULL.
 */
int act_copy(int from, uint64_t at, uint64_t bytes, const char *path,
	     struct progress *progress);

/* Makes new_root the root and old_root, below it, the place of the old one; enters it. */
int act_pivot_root(const char *new_root, const char *old_root);

/* Joins the mount namespace of another process: its /proc/PID/ns/mnt as a file. */
int act_enter_mounts(int namespace_fd);

/* One write(2) of the text, to a file that is there: an attribute of sysfs,
 * sysrq-trigger. */
int act_write(const char *path, const char *text);

/* The Command register in a PCI function's config space; -EPERM in lockdown. */
int act_pci_command(const char *address, unsigned int value);

/* sysrq-trigger, opened (a descriptor or negative errno) and used: 'b' restarts the
 * machine at once, 'u' makes filesystems read-only. Source:
 * Documentation/admin-guide/sysrq. */
int act_sysrq_open(void);
void act_sysrq(int sysrq_fd, char key);

/* kill(2); pid -1 is everything but the caller and PID 1. */
int act_kill(pid_t pid, int signal);

int act_swapoff(const char *path);
int act_dm_remove(const char *name);	 /* DM_DEV_REMOVE; source: linux/dm-ioctl.h */
int act_dm_resume(const char *name);	 /* DM_DEV_SUSPEND without DM_SUSPEND_FLAG */
int act_md_stop(const char *device);	 /* STOP_ARRAY; source: linux/raid/md_u.h */
int act_loop_detach(const char *device); /* LOOP_CLR_FD; source: linux/loop.h */
int act_unload_module(const char *name); /* delete_module(2), without waiting */
/* finit_module(2) of a file, with its parameters, "" for none; -EEXIST: it is there. */
int act_load_module(const char *path, const char *parameters);
void act_sync(void);

/*
 * An interface, by its index: clears IFF_UP; deletes it, and what stands on it with it.
 * -ENODEV where it is gone, -EOPNOTSUPP where its kind is not deleted so. Source:
 * rtnetlink(7).
 */
int act_link_down(unsigned int index);
int act_link_delete(unsigned int index);

/*
 * A watchdog, by its device, which only one can have open; opening it starts it. Source:
 * Documentation/watchdog/watchdog-api.rst.
 *
 *	stop	does not succeed where nowayout is set: then it was fed
 *
 *	arm	sets its timeout in seconds, feeds it and leaves it armed; where it does
 *		not take that, or seconds is 0: 600, 300, 255 or 60, if it takes one
 *
 *	open	a descriptor or negative errno, for feed
 */
int act_watchdog_stop(const char *device);
int act_watchdog_arm(const char *device, unsigned int seconds);
int act_watchdog_open(const char *device);
void act_watchdog_feed(int fd);

/* kexec_file_load(2). initrd_fd -1: no initrd. */
int act_kexec_file_load(int kernel_fd, int initrd_fd, const char *command_line);

/* kexec_load(2): segments for the physical memory, entered at an address in them. */
int act_kexec_load(uint64_t entry, const struct kexec_segment *segments, size_t n);
int act_kexec_unload(void);
int act_kexec_unload_crash(void); /* the kernel for a panic */

/* reboot(2) with a LINUX_REBOOT_CMD_...; returns only where it failed. */
int act_reboot(unsigned int command);

/*
 * Runs a program to its end; said is the beginning of what it printed. 0; its exit code,
 * or 128 and the signal that killed it; or -errno where it could not be executed.
 */
int act_execute(const char *path, const char *const argv[], char *said, size_t size);

/*
 * Runs a script by the stage's shell, with one argument, to its end. 0; its exit code, or
 * 128 and the signal that killed it; or -errno where there is no process for it.
 */
int act_run_script(const char *path, const char *argument);

/*
 * Turns a process into another program: from outside, with ptrace(2), it is made to call
 * execve(2). Where execve fails it goes on as if nothing had been.
 */
int act_make_exec(pid_t pid, const char *path, const char *const argv[]);

/* Would it be let? Stops the process for a moment. 0 or negative errno. */
int act_can_make_exec(pid_t pid);
