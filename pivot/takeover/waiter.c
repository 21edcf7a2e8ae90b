// SPDX-License-Identifier: GPL-2.0-or-later
#include "takeover.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "initramfs/inventory/processes.h"
#include "pivot/base/acts.h"
#include "pivot/base/clock.h"
#include "pivot/base/log.h"
#include "pivot/base/macros.h"
#include "pivot/base/read.h"

/*
 * A login session's cgroup is killed with the session (KillUserProcesses=, or a service
 * that stops). The root cgroup belongs to nobody and leaves nothing to clean up. Without
 * cgroups there is nothing to leave.
 */
static void leave_cgroup(const char *root)
{
	static const char *const roots[] = {
		"/sys/fs/cgroup/cgroup.procs",	       /* v2 */
		"/sys/fs/cgroup/unified/cgroup.procs", /* hybrid: what systemd goes by */
		"/sys/fs/cgroup/systemd/cgroup.procs", /* hybrid, v1 */
	};

	for (size_t i = 0; i < array_size(roots); i++) {
		int r = read_exists(root, "%s", roots[i]) ? act_write(roots[i], "0") : 0;

		if (r < 0)
			(void)log_warn(r, "cannot leave the session's cgroup ('%s')",
				       roots[i]);
	}
}

static int open_device(const char *root, const char *device, int flags)
{
	char path[PATH_MAX];

	return read_path(path, sizeof(path), root, "%s", device) < 0
		       ? -1
		       : open(path, flags | O_CLOEXEC);
}

/* The caller's ssh session ends only when nobody holds its pipes and terminal. */
static void leave_terminal(const char *root)
{
	int null = open_device(root, "/dev/null", O_RDWR);

	for (int fd = 0; null >= 0 && fd <= 2; fd++)
		(void)dup2(null, fd); /* cannot fail for these */
	log_set_kmsg(open_device(root, "/dev/kmsg", O_WRONLY));
	if (null > 2)
		(void)close(null);
}

static void wait_for_end(int pipe_fd)
{
	char byte;

	while (read(pipe_fd, &byte, 1) < 0 && errno == EINTR)
		;
}

int waiter_start(const char *root, char *program)
{
	int ready[2];
	pid_t pid;

	if (pipe2(ready, O_CLOEXEC) < 0)
		return log_err(-errno, "cannot make a pipe");
	pid = fork();
	if (pid < 0)
		(void)log_err(-errno, "cannot start the process that waits");
	if (pid != 0) {
		(void)close(ready[1]);
		if (pid > 0)
			wait_for_end(ready[0]); /* it is on its own before we return */
		(void)close(ready[0]);
		return pid < 0 ? -EAGAIN : pid;
	}
	(void)close(ready[0]);
	(void)setsid(); /* a new child leads no group: cannot fail */
	(void)!chdir("/");
	leave_cgroup(root);
	/* systemd's final kill spares who wears an '@'; our init knows it by its name */
	program[0] = '@';
	(void)prctl(PR_SET_NAME, TOOL_NAME);
	leave_terminal(root);
	(void)close(ready[1]);
	return 0;
}

int waiter_delay(unsigned int seconds)
{
	const uint64_t end = clock_ms() + (uint64_t)seconds * 1000;
	uint64_t now;
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	while ((now = clock_ms()) < end) {
		const struct timespec left = {
			.tv_sec = (time_t)((end - now) / 1000),
			.tv_nsec = (long)((end - now) % 1000) * 1000000L,
		};

		/* SIGSTOP and SIGCONT end it early, with EINTR: that is no order */
		if (sigtimedwait(&set, NULL, &left) > 0)
			return -ECANCELED;
	}
	return 0;
}

pid_t waiter_find(const char *root)
{
	return processes_find_waiter(root, getpid());
}
