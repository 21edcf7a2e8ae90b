/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What the tool does to the machine runs in a child with a deadline, as in the init: who
 * waits for it lives on to undo it, whether it hangs or somebody kills it. SIGCHLD must
 * be blocked.
 */

#include <stdbool.h>

/*
 * What work(argument) returned, which it has logged; or -ETIMEDOUT or -EINTR, logged: it
 * had its time, or was killed, and how far it came is not known.
 */
int step_run(const char *what, int (*work)(const void *argument), const void *argument,
	     unsigned int timeout_ms);

/* The same, and again, a few times, where it did not come to its end. */
int step_insist(const char *what, int (*work)(const void *argument), const void *argument,
		unsigned int timeout_ms);

/* Is it not known how far the step came? */
bool step_is_in_doubt(int result);
