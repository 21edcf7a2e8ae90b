/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Work that can hang runs in a child with a deadline. A child stuck in the kernel cannot
 * be killed: it is left behind, and the work goes on without it. SIGCHLD must be blocked.
 */

#include <stdbool.h>

/*
 * Runs work(argument) in a child. What it returned (0 or negative errno), -ETIMEDOUT, or
 * -EINTR where it was killed, as by an oops. Where no child can be made it runs here: the
 * guardian covers a hang.
 */
int child_run(int (*work)(const void *argument), const void *argument,
	      unsigned int timeout_ms);

/* The same; the time starts anew whenever has_progress(data), asked every second, says
 * so. */
int child_run_while(int (*work)(const void *argument), const void *argument,
		    unsigned int timeout_ms, bool (*has_progress)(void *data),
		    void *data);

/* Reaps what has ended; PID 1 inherits every orphan. */
void child_reap(void);
