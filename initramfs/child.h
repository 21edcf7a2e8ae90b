/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Work that can hang runs in a child with a deadline. A child stuck in the kernel cannot
 * be killed: it is left behind, and the work goes on without it.
 */

/*
 * Runs work(argument) in a child. What it returned (0 or negative errno), or -ETIMEDOUT.
 * Where no child can be made it runs here: the guardian covers a hang. SIGCHLD must be
 * blocked.
 */
int child_run(int (*work)(const void *argument), const void *argument,
	      unsigned int timeout_ms);

/* Reaps what has ended; PID 1 inherits every orphan. */
void child_reap(void);
