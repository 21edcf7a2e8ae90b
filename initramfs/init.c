// SPDX-License-Identifier: GPL-2.0-or-later

/*
 * PID 1 of the stage. main() is the list of phases. Past the first of them there is no
 * exit: every way ends in the target or, by a reboot, in the old distro.
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/reboot.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "guardian.h"
#include "handover.h"
#include "middle.h"
#include "pivot/base/acts.h"
#include "pivot/base/child.h"
#include "pivot/base/clock.h"
#include "pivot/base/log.h"
#include "pivot/base/macros.h"
#include "pivot/base/read.h"
#include "pivot/base/restart.h"
#include "target.h"
#include "teardown/deadline.h"
#include "teardown/stages.h"

enum {
	REBOOT_TIMEOUT_MS = 30000,
	LOAD_TIMEOUT_MS = 120000,
	JUMP_TIMEOUT_MS = 60000,
	HUNG_JUMP_TIMEOUT_MS = 20000, /* of use only where the lock comes free */
	SYNC_TIMEOUT_MS = 10000,
	SETTLE_MS = 1000,
	FILES_MAX = 65536, /* pages are pinned in pipes */
};

/* How systemd-shutdown calls us: "/shutdown VERB --log-level=..."; see
 * systemd-shutdown(8). */
static const struct verb {
	const char *name;
	unsigned int reboot_command;
} verbs[] = {
	{ "kexec", LINUX_REBOOT_CMD_KEXEC },
	{ "reboot", LINUX_REBOOT_CMD_RESTART },
	{ "poweroff", LINUX_REBOOT_CMD_POWER_OFF },
	{ "halt", LINUX_REBOOT_CMD_HALT },
};

static const struct verb *verb_find(const char *name)
{
	for (size_t i = 0; i < array_size(verbs); i++)
		if (name && strcmp(verbs[i].name, name) == 0)
			return &verbs[i];
	return &verbs[0]; /* "seize", or what a later systemd may say */
}

static bool is_in_memory(const char *path)
{
	struct statfs fs;

	return statfs(path, &fs) == 0 && ((unsigned long)fs.f_type == TMPFS_MAGIC ||
					  (unsigned long)fs.f_type == RAMFS_MAGIC);
}

/* What a seized PID 1 leaves us must not stay: masks, ignored signals, files, limits. */
static void reset_process(void)
{
	const struct rlimit unlimited = { RLIM_INFINITY, RLIM_INFINITY };
	const struct rlimit files = { FILES_MAX, FILES_MAX };
	sigset_t set;

	(void)alarm(0);
	for (int signal = 1; signal < NSIG; signal++)
		(void)sigaction(signal, &(struct sigaction){ .sa_handler = SIG_DFL },
				NULL);
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGCHLD); /* child.c waits for it */
	(void)sigprocmask(SIG_SETMASK, &set, NULL);
	(void)setrlimit(RLIMIT_MEMLOCK, &unlimited);
	(void)setrlimit(RLIMIT_NPROC, &unlimited);
	(void)setrlimit(RLIMIT_FSIZE, &unlimited);
	(void)setrlimit(RLIMIT_NOFILE, &files);
	/* what was swapped out cannot come back when the disk has no driver any more */
	(void)mlockall(MCL_CURRENT | MCL_FUTURE);
	(void)umask(022);
	(void)chdir("/");
	if (syscall(SYS_close_range, 0, ~0U, 0) < 0) /* Linux 5.9 */
		for (int fd = 0; fd < 65536; fd++)
			(void)close(fd);
}

static void open_console(void)
{
	int fd = open("/dev/console", O_RDWR | O_NOCTTY);

	if (fd < 0)
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd < 2)
		fd = dup(fd);
}

static void prepare_kernel(void)
{
	/* should PID 1 or the kernel die here, home is a reboot away */
	(void)act_write("/proc/sys/kernel/panic", "10");
	/* every line, on every console, without the limit of ten lines in five seconds */
	(void)act_write("/proc/sys/kernel/printk", "7");
	(void)act_write("/proc/sys/kernel/printk_devkmsg", "on\n"); /* not without it */
	log_set_kmsg(open("/dev/kmsg", O_WRONLY | O_CLOEXEC | O_NOCTTY));
	log_set_level(LOG_LEVEL_DEBUG);
}

/* Before anything that may hang. */
static int guard(struct teardown *teardown, const char *stage_path)
{
	teardown->root = "";
	teardown->stage_path = stage_path;
	teardown->handover = handover_default();
	return deadline_start(teardown);
}

/* 0, or why the jump must not happen. */
static int take_handover(struct teardown *teardown)
{
	const char *stage_path = teardown->stage_path;
	int r;

	if (!is_in_memory(stage_path ?: "/"))
		return log_refuse(-ENOTSUP, "the stage is not in memory");
	r = handover_read(stage_path ?: "", &teardown->handover);
	if (r < 0)
		return log_err(r, "the handover is damaged");
	return deadline_start(teardown);
}

/* Where drivers are left bound the kernel first calls their .shutdown. */
static unsigned int jump_ms(const struct teardown *teardown)
{
	if (teardown->is_hung)
		return HUNG_JUMP_TIMEOUT_MS;
	return JUMP_TIMEOUT_MS + devices_longest_bound_ms(teardown);
}

/* Checking and placing gigabytes takes a second; this is for what nobody foresees. */
static int load(struct teardown *teardown)
{
	if (teardown->is_hung && teardown->handover.on_hang == ON_HANG_REBOOT)
		return log_refuse(-EDEADLK,
				  "a device hangs, and the kernel would wait for it");
	if (teardown->has_failed_hook &&
	    teardown->handover.on_hook_failure == HOOK_FAILURE_REBOOT)
		return log_refuse(-ECANCELED, "a hook failed");
	if (!target_is_here())
		return 0;
	(void)guardian_start(&teardown->guardian, LOAD_TIMEOUT_MS);
	return target_load(teardown);
}

static int jump(struct teardown *teardown)
{
	uint64_t loaded = 0;
	int r = target_is_here() ? target_look_again() : 0;

	if (r < 0)
		return r;
	r = read_u64(&loaded, 10, "", "/sys/kernel/kexec_loaded");
	if (r < 0 || !loaded)
		return log_refuse(-ENOENT, "no kernel is loaded: somebody unloaded it");
	log_notice("jumping into %s%s", teardown->handover.target,
		   teardown->is_hung ? ", though a device hangs" : "");
	(void)guardian_start(&teardown->guardian, jump_ms(teardown));
	return log_err(act_reboot(LINUX_REBOOT_CMD_KEXEC), "the kernel does not jump");
}

static int sync_all(const void *argument)
{
	(void)argument;
	act_sync();
	return 0;
}

/* The one way out. Nothing after it: the guardian has the last word. */
__attribute__((noreturn)) static void leave(struct teardown *teardown,
					    unsigned int reboot_command)
{
	int sysrq = act_sysrq_open();

	(void)guardian_start(&teardown->guardian,
			     REBOOT_TIMEOUT_MS + devices_longest_bound_ms(teardown));
	(void)child_run(sync_all, NULL, SYNC_TIMEOUT_MS);
	clock_sleep_ms(SETTLE_MS); /* for the reason to get out of a serial port */
	if (teardown->is_hung)	   /* sysrq takes no lock */
		restart_by_sysrq(sysrq);
	(void)log_err(act_reboot(reboot_command), "the kernel does not reboot");
	for (;;)
		(void)pause();
}

int main(int argc, char **argv)
{
	static struct teardown teardown; /* too large for a stack */
	const bool is_seized = argc > 2 && strcmp(argv[1], "seize") == 0;
	const bool is_middle =
		strcmp(argv[0], "/init") == 0; /* by a kernel that starts */
	const struct verb *verb = verb_find(argc > 1 && !is_middle ? argv[1] : NULL);
	int r;

	if (getpid() != 1) /* the tool starts us so, to see whether the kernel lets it */
		return argc > 1 && strcmp(argv[1], "probe") == 0 ? 0 : 1;
	reset_process();
	if (is_middle)
		(void)root_mount_own(""); /* nobody would hear what it says */
	open_console();
	r = guard(&teardown, is_seized ? argv[2] : NULL);
	prepare_kernel();
	log_notice("in control as PID 1 (%s)", is_middle   ? "of the middle kernel"
					       : is_seized ? "seized"
							   : verb->name);
	if (r == 0 && is_middle)
		r = root_mount_own(""); /* once more where anything is missing */
	if (r == 0)
		r = take_handover(&teardown);
	if (r == 0 && is_middle != (teardown.handover.hop == HOP_MIDDLE))
		r = log_refuse(-EINVAL, "the stage is not made for this");
	if (verb->reboot_command != LINUX_REBOOT_CMD_KEXEC)
		teardown.handover.watchdog_s = 0; /* there is no target to wait for */
	else if (r == 0)
		r = target_open(teardown.stage_path);
	if (r < 0 || verb->reboot_command != LINUX_REBOOT_CMD_KEXEC) {
		teardown.handover.n_hooks = 0; /* they are for a jump */
		(void)teardown_storage(&teardown);
		if (r == 0)
			leave(&teardown, verb->reboot_command);
	}
	if (r == 0 && is_middle) {
		middle_bind(teardown.root, &(struct middle_times)MIDDLE_TIMES);
		/* a driver that hung takes no time from those that are to let go */
		r = deadline_start(&teardown);
	}
	if (r == 0)
		r = teardown_run(&teardown);
	if (r == 0) {
		teardown_report(&teardown);
		r = load(&teardown);
	}
	if (r == 0)
		r = jump(&teardown);
	(void)log_err(0, "cannot jump: rebooting into the old system");
	leave(&teardown, LINUX_REBOOT_CMD_RESTART);
}
