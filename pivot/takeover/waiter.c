// SPDX-License-Identifier: GPL-2.0-or-later
#include "takeover.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
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
#include "step.h"

enum { CANCEL_TIMEOUT_MS = 120000 }; /* its steps have deadlines of their own */

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

struct start {
	const char *root;
	char *program;
	pid_t caller;
	int (*work)(void *data);
	void *data;
	int life[2]; /* the waiter's pid; then it hangs up with its end */
	int go[2];   /* a byte: it is known, and may go on */
};

/* Whoever could not learn of it undoes everything itself. */
static void wait_for_go(const struct start *start)
{
	char byte;

	(void)close(start->life[0]);
	(void)close(start->go[1]);
	if (read(start->go[0], &byte, 1) != 1)
		_exit(1);
	(void)close(start->go[0]);
}

/* Nothing that may hang is left to do for the waiter itself: it is born as it will be. */
static int begin(const void *argument)
{
	const struct start *start = argument;
	pid_t pid;

	if (getpid() == start->caller) /* no process could be made for this */
		return -EAGAIN;
	(void)setsid(); /* a new child leads no group: cannot fail */
	(void)!chdir("/");
	leave_cgroup(start->root);
	/* systemd's final kill spares who wears an '@'; our init knows it by its name */
	start->program[0] = '@';
	(void)prctl(PR_SET_NAME, TOOL_NAME);
	leave_terminal(start->root);
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0) {
		wait_for_go(start);
		_exit(start->work(start->data));
	}
	return write(start->life[1], &pid, sizeof(pid)) == sizeof(pid) ? 0 : -EPIPE;
}

static void close_pair(const int pair[2])
{
	(void)close(pair[0]);
	(void)close(pair[1]);
}

int waiter_start(const char *root, char *program, int (*work)(void *data), void *data,
		 struct waiter *ret)
{
	struct start start = { .root = root,
			       .program = program,
			       .caller = getpid(),
			       .work = work,
			       .data = data };
	int r;

	if (pipe2(start.life, O_CLOEXEC) < 0)
		return log_err(-errno, "cannot make a pipe");
	if (pipe2(start.go, O_CLOEXEC) < 0) {
		r = -errno;
		close_pair(start.life);
		return log_err(r, "cannot make a pipe");
	}
	r = step_run("starting the process that waits", begin, &start, STEP_TIMEOUT_MS);
	(void)close(start.life[1]);
	if (r == 0 &&
	    (read(start.life[0], &ret->pid, sizeof(ret->pid)) != sizeof(ret->pid) ||
	     write(start.go[1], "", 1) != 1))
		r = -EPIPE;
	close_pair(start.go);
	if (r < 0) {
		(void)close(start.life[0]);
		return log_err(r, "cannot start the process that waits");
	}
	ret->life_fd = start.life[0];
	return 0;
}

int waiter_cancel(const struct waiter *waiter)
{
	struct pollfd life = { .fd = waiter->life_fd };

	(void)act_kill(waiter->pid, SIGTERM); /* it may have ended already */
	(void)act_kill(waiter->pid, SIGCONT); /* a stopped one must run to undo */
	return poll(&life, 1, CANCEL_TIMEOUT_MS) > 0 ? 0 : -ETIMEDOUT;
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
