// SPDX-License-Identifier: GPL-2.0-or-later

/*
 * A fault at any act. This file is linked beside acts.c (ld --wrap): every call of an act
 * comes here first, in the tool and in the init. Which act is faulty, and how, is said
 * from outside by the NIS domain name, which uname(2) reads without a file, in any root,
 * before and after an exec:
 *
 *	faults [list] [PROGRAM:HASH:TIME:KIND]...
 *
 * and to the init of a middle kernel by its environment, with commas (middle-faulty.c).
 *
 *	list	say every act in the kernel log
 *	PROGRAM	tool, init, or middle: the init in a middle kernel
 *	HASH	FNV-1a of the act as it is listed, such as "umount /srv/lvm 8", in hex
 *	TIME	which of the same acts of the program and its children; 0: each of them
 *	KIND	an errno as a number; hang; kill; slow; lost (not done, and not said);
 *		corrupt (a byte of the target's initrd in the stage is another one)
 *
 * An act is named by what it does and not by its number: children act at the same time.
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/reboot.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "pivot/base/acts.h"
#include "pivot/base/clock.h"
#include "pivot/base/macros.h"
#include "pivot/kexec/payload.h"

enum { FAULTS_MAX = 3, SLOW_MS = 5000 };

struct fault {
	uint32_t hash;
	unsigned int time;
	char kind[8];
};

static struct {
	const char *program;
	bool is_listing;
	unsigned int n;
	struct fault fault[FAULTS_MAX];
	atomic_uint *seen; /* by each fault; shared with all children */
} faults;

static void read_fault(const char *word)
{
	struct fault *fault = &faults.fault[faults.n];
	char program[8];

	if (faults.n < FAULTS_MAX &&
	    sscanf(word, "%7[^:]:%8x:%u:%7s", program, &fault->hash, &fault->time,
		   fault->kind) == 4 &&
	    strcmp(program, faults.program) == 0)
		faults.n++;
}

static void read_words(char *words)
{
	char *rest = NULL, *word = strtok_r(words, " ,", &rest);

	for (; word; word = strtok_r(NULL, " ,", &rest))
		if (strcmp(word, "list") == 0)
			faults.is_listing = true;
		else
			read_fault(word);
	faults.seen = mmap(NULL, sizeof(atomic_uint) * FAULTS_MAX, PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (faults.seen == MAP_FAILED)
		faults.n = 0;
}

__attribute__((constructor)) static void read_faults(void)
{
	const bool is_init = strcmp(FAULTS_PROGRAM, "init") == 0;
	char *words = is_init && getpid() == 1 ? getenv("faults") : NULL;
	struct utsname name;

	faults.program = words ? "middle" : FAULTS_PROGRAM;
	if (words)
		read_words(words);
	else if (uname(&name) == 0 && strncmp(name.domainname, "faults ", 7) == 0)
		read_words(name.domainname + 7);
}

/* An open one would keep its /dev from being unmounted. */
static void say(const char *what, const char *act)
{
	static const char *const logs[] = { "/dev/kmsg", "/oldroot/dev/kmsg" };
	char line[512];
	int n = snprintf(line, sizeof(line), "<2>pivot-fault: %s %s %.400s\n", what,
			 faults.program, act);
	int fd = -1;

	for (size_t i = 0; fd < 0 && i < array_size(logs); i++)
		fd = open(logs[i], O_WRONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return;
	(void)!write(fd, line, (size_t)n); /* then it does not count as hit */
	(void)close(fd);
}

static uint32_t hash(const char *text)
{
	uint32_t value = 0x811c9dc5;

	for (; *text; text++)
		value = (value ^ (unsigned char)*text) * 0x01000193;
	return value;
}

__attribute__((noreturn)) static void hang(void)
{
	sigset_t all;

	(void)sigfillset(&all);
	(void)sigprocmask(SIG_BLOCK, &all, NULL);
	for (;;)
		(void)pause();
}

/* In the page that was told to the kernel: a file in memory is written to where it is. */
static void corrupt(void)
{
	int fd = open(PAYLOAD_FOLDER "/initrd", O_RDWR | O_CLOEXEC);
	off_t middle = fd < 0 ? 0 : lseek(fd, 0, SEEK_END) / 2;
	char byte;

	if (fd < 0)
		return; /* then it lands, and shows in that */
	if (pread(fd, &byte, 1, middle) == 1) {
		byte = (char)~byte;
		(void)!pwrite(fd, &byte, 1, middle);
	}
	(void)close(fd);
}

/* 0: go on with the act. Negative: fail with it. Positive: pretend that it was done. */
static int happen(const struct fault *fault, const char *act)
{
	char what[32];

	(void)snprintf(what, sizeof(what), "hit %s", fault->kind);
	say(what, act);
	if (strcmp(fault->kind, "hang") == 0)
		hang();
	if (strcmp(fault->kind, "kill") == 0) {
		(void)kill(getpid(), SIGKILL);
		_exit(137); /* PID 1 cannot be killed: its end is a panic */
	}
	if (strcmp(fault->kind, "slow") == 0) {
		clock_sleep_ms(SLOW_MS);
		return 0;
	}
	if (strcmp(fault->kind, "corrupt") == 0) {
		corrupt();
		return 0;
	}
	return strcmp(fault->kind, "lost") == 0 ? 1 : -atoi(fault->kind);
}

__attribute__((format(printf, 1, 2))) static int fault(const char *format, ...)
{
	char act[400];
	va_list args;
	int r = 0;

	if (!faults.is_listing && faults.n == 0)
		return 0;
	va_start(args, format);
	(void)vsnprintf(act, sizeof(act), format, args);
	va_end(args);
	for (char *c = act; *c; c++)
		if ((unsigned char)*c < ' ' || (unsigned char)*c > '~')
			*c = '?';
	if (faults.is_listing)
		say("act", act);
	for (unsigned int i = 0; i < faults.n && r == 0; i++) {
		const struct fault *f = &faults.fault[i];
		unsigned int time;

		if (hash(act) != f->hash)
			continue;
		time = atomic_fetch_add(&faults.seen[i], 1) + 1;
		if (f->time == 0 || f->time == time)
			r = happen(f, act);
	}
	return r;
}

static int real(int r)
{
	return r > 0 ? 0 : r; /* lost */
}

/*
 * FAULTY(name, (parameters), (arguments), what it is called in the list): each act of
 * acts.h, once. The link fails where one is missing.
 */
#define FAULTY(name, parameters, arguments, ...)                   \
	typeof(name) __real_##name, __wrap_##name;                 \
	int __wrap_##name parameters                               \
	{                                                          \
		int r = fault(__VA_ARGS__);                        \
                                                                   \
		return r != 0 ? real(r) : __real_##name arguments; \
	}

#define FAULTY_VOID(name, parameters, arguments, ...) \
	typeof(name) __real_##name, __wrap_##name;    \
	void __wrap_##name parameters                 \
	{                                             \
		if (fault(__VA_ARGS__) == 0)          \
			__real_##name arguments;      \
	}

FAULTY(act_mount,
       (const char *source, const char *target, const char *type, unsigned long flags,
	const char *options),
       (source, target, type, flags, options), "mount %s %s %s %#lx", source ?: "-",
       target, type ?: "-", flags)
FAULTY(act_umount, (const char *path, int flags), (path, flags), "umount %s %d", path,
       flags)
FAULTY(act_mkdir, (const char *path, mode_t mode), (path, mode), "mkdir %s", path)
FAULTY(act_rmdir, (const char *path), (path), "rmdir %s", path)
FAULTY(act_symlink, (const char *target, const char *path), (target, path), "symlink %s",
       path)
FAULTY(act_create, (const char *path, mode_t mode, const void *data, size_t n),
       (path, mode, data, n), "create %s", path)
FAULTY(act_copy,
       (int from, uint64_t at, uint64_t bytes, const char *path,
	struct progress *progress),
       (from, at, bytes, path, progress), "copy %s", path)
FAULTY(act_unlink, (const char *path), (path), "unlink %s", path)
FAULTY(act_pivot_root, (const char *new_root, const char *old_root), (new_root, old_root),
       "pivot_root %s %s", new_root, old_root)
FAULTY(act_enter_mounts, (int namespace_fd), (namespace_fd), "enter_mounts")
FAULTY(act_write, (const char *path, const char *text), (path, text), "write %s %s", path,
       text)
FAULTY(act_pci_command, (const char *address, unsigned int value), (address, value),
       "pci_command %s %#x", address, value)
FAULTY(act_sysrq_open, (void), (), "sysrq_open")
FAULTY_VOID(act_sysrq, (int sysrq_fd, char key), (sysrq_fd, key), "sysrq %c", key)

static const char *whom(pid_t pid)
{
	return pid == -1 ? "all" : pid == 1 ? "pid-1" : "another";
}

FAULTY(act_kill, (pid_t pid, int signal), (pid, signal), "kill %s %d", whom(pid), signal)
FAULTY(act_swapoff, (const char *path), (path), "swapoff %s", path)
FAULTY(act_dm_remove, (const char *name), (name), "dm_remove %s", name)
FAULTY(act_dm_resume, (const char *name), (name), "dm_resume %s", name)
FAULTY(act_md_stop, (const char *device), (device), "md_stop %s", device)
FAULTY(act_loop_detach, (const char *device), (device), "loop_detach %s", device)
FAULTY(act_unload_module, (const char *name), (name), "unload_module %s", name)
FAULTY(act_load_module, (const char *path, const char *parameters), (path, parameters),
       "load_module %s", path)
FAULTY_VOID(act_sync, (void), (), "sync")
FAULTY(act_link_down, (unsigned int index), (index), "link_down %u", index)
FAULTY(act_link_delete, (unsigned int index), (index), "link_delete %u", index)
FAULTY(act_watchdog_stop, (const char *device), (device), "watchdog_stop %s", device)
FAULTY(act_watchdog_arm, (const char *device, unsigned int seconds), (device, seconds),
       "watchdog_arm %s %u", device, seconds)
FAULTY(act_watchdog_open, (const char *device), (device), "watchdog_open %s", device)
FAULTY_VOID(act_watchdog_feed, (int fd), (fd), "watchdog_feed")
FAULTY(act_kexec_file_load, (int kernel_fd, int initrd_fd, const char *command_line),
       (kernel_fd, initrd_fd, command_line), "kexec_file_load")
FAULTY(act_kexec_load, (uint64_t entry, const struct kexec_segment *segments, size_t n),
       (entry, segments, n), "kexec_load %zu", n)
FAULTY(act_kexec_unload, (void), (), "kexec_unload")
FAULTY(act_kexec_unload_crash, (void), (), "kexec_unload_crash")

static const char *reboot_name(unsigned int command)
{
	return command == LINUX_REBOOT_CMD_KEXEC     ? "kexec"
	       : command == LINUX_REBOOT_CMD_RESTART ? "restart"
						     : "off";
}

FAULTY(act_reboot, (unsigned int command), (command), "reboot %s", reboot_name(command))
FAULTY(act_run_script, (const char *path, const char *argument), (path, argument),
       "run %s %s", path, argument)
FAULTY(act_execute, (const char *path, const char *const argv[], char *said, size_t size),
       (path, argv, said, size), "execute %s %s", path, argv[1])
FAULTY(act_make_exec, (pid_t pid, const char *path, const char *const argv[]),
       (pid, path, argv), "make_exec %s %s", whom(pid), path)
FAULTY(act_can_make_exec, (pid_t pid), (pid), "can_make_exec %s", whom(pid))
