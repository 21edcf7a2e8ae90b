// SPDX-License-Identifier: GPL-2.0-or-later
#include "step.h"

#include <errno.h>
#include <signal.h>

#include "pivot/base/child.h"
#include "pivot/base/clock.h"
#include "pivot/base/log.h"

enum { TRIES = 3, BETWEEN_TRIES_MS = 200 };

/* Nothing may end this process and leave half of it behind: no Ctrl-C, no lost pipe. */
void step_hold_signals(void)
{
	sigset_t set;

	(void)sigfillset(&set);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	/* a parent that ignores it hands that on: no child could be waited for */
	(void)sigaction(SIGCHLD, &(struct sigaction){ .sa_handler = SIG_DFL }, NULL);
}

int step_run(const char *what, int (*work)(const void *argument), const void *argument,
	     unsigned int timeout_ms)
{
	int r = child_run(work, argument, timeout_ms);

	if (r == -ETIMEDOUT)
		return log_refuse(r, "%s: no end within %u s", what, timeout_ms / 1000);
	if (child_is_in_doubt(r))
		return log_refuse(r, "%s: the process that did it was killed", what);
	return r;
}

int step_insist(const char *what, int (*work)(const void *argument), const void *argument,
		unsigned int timeout_ms)
{
	int r = step_run(what, work, argument, timeout_ms);

	for (int i = 1; i < TRIES && r < 0; i++) {
		int again;

		clock_sleep_ms(BETWEEN_TRIES_MS);
		again = step_run(what, work, argument, timeout_ms);
		if (again == 0 || !child_is_in_doubt(r))
			r = again;
	}
	return r;
}
