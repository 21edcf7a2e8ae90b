/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What the tool does to the machine runs in a child with a deadline, as in the init: who
 * waits for it lives on to undo it, whether it hangs or somebody kills it. Where
 * no child can be made it runs here, without.
 */

/* Before any step: signals wait, and a child's end is told, whatever was inherited. */
void step_hold_signals(void);

/*
 * What work(argument) returned, which it has logged; or, logged, one that
 * child_is_in_doubt(): it had its time, or was killed.
 */
int step_run(const char *what, int (*work)(const void *argument), const void *argument,
	     unsigned int timeout_ms);

/*
 * The same, and again, a few times, until it is done. Where it never was, one that was in
 * doubt is what it gives.
 */
int step_insist(const char *what, int (*work)(const void *argument), const void *argument,
		unsigned int timeout_ms);
