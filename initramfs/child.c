// SPDX-License-Identifier: GPL-2.0-or-later
#include "child.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pivot/base/acts.h"
#include "pivot/base/clock.h"

enum { LOOK_EVERY_MS = 1000 };

void child_reap(void)
{
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
}

/* Sleeps until a child ends or ms have passed. */
static void wait_for_sigchld(uint64_t ms)
{
	const struct timespec timeout = {
		.tv_sec = (time_t)(ms / 1000),
		.tv_nsec = (long)(ms % 1000) * 1000000L,
	};
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGCHLD);
	(void)sigtimedwait(&set, NULL, &timeout); /* the caller looks for itself */
}

static int wait_for(pid_t child, unsigned int timeout_ms,
		    bool (*has_progress)(void *data), void *data)
{
	uint64_t deadline = clock_ms() + timeout_ms;

	for (;;) {
		uint64_t now, ms;
		int status;
		pid_t r = waitpid(child, &status, WNOHANG);

		if (r == child)
			return WIFEXITED(status) ? -WEXITSTATUS(status) : -EINTR;
		if (r < 0 && errno != EINTR)
			return -errno;
		now = clock_ms();
		if (has_progress && has_progress(data))
			deadline = now + timeout_ms;
		if (now >= deadline)
			return -ETIMEDOUT;
		ms = deadline - now;
		wait_for_sigchld(has_progress && ms > LOOK_EVERY_MS ? LOOK_EVERY_MS : ms);
	}
}

int child_run_while(int (*work)(const void *argument), const void *argument,
		    unsigned int timeout_ms, bool (*has_progress)(void *data), void *data)
{
	pid_t child = fork();
	int r;

	if (child < 0)
		return work(argument);
	if (child == 0)
		_exit(-work(argument)); /* every errno fits into a status */
	r = wait_for(child, timeout_ms, has_progress, data);
	if (r == -ETIMEDOUT)
		(void)act_kill(child, SIGKILL); /* of use only if it is not stuck */
	return r;
}

int child_run(int (*work)(const void *argument), const void *argument,
	      unsigned int timeout_ms)
{
	return child_run_while(work, argument, timeout_ms, NULL, NULL);
}
