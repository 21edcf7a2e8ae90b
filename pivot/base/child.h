/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Work that can hang runs in a child with a deadline. A child stuck in the kernel cannot
 * be killed: it is left behind, and the work goes on without it. SIGCHLD must be blocked,
 * and not ignored.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Runs work(argument) in a child. What it returned (0 or negative errno), -ETIMEDOUT, or
 * -EINTR where it was killed, as by an oops; work that returns one of these itself is
 * told as -EIO. Where no child can be made it runs here, without a deadline: in the init
 * the guardian covers a hang.
 */
int child_run(int (*work)(const void *argument), const void *argument,
	      unsigned int timeout_ms);

/* The same; the time starts anew whenever has_progress(data), asked every second, says
 * so. */
int child_run_while(int (*work)(const void *argument), const void *argument,
		    unsigned int timeout_ms, bool (*has_progress)(void *data),
		    void *data);

/* Had it its time, or was it killed, so that nobody knows how far it came? */
bool child_is_in_doubt(int result);

enum job_state { JOB_WAITING, JOB_RUNNING, JOB_DONE };

/* One piece of such work among several. */
struct job {
	int (*work)(const void *argument);
	const void *argument;
	const char *name;  /* what it is about, for people */
	const char *lane;  /* jobs of one lane run one after another, in order */
	const void *owner; /* what it works on: once it is stuck, nobody touches it again;
				 NULL: nothing */
	unsigned int timeout_ms;
	enum job_state state;
	pid_t pid;
	uint64_t started_ms;
	bool is_late;	 /* that was said */
	bool is_stuck;	 /* had its time, or was killed: what it works on stays locked */
	int result;	 /* as child_run() gives it; -ECANCELED where its owner is stuck,
			    -ETIME where it was not started any more */
	unsigned int ms; /* that it took */
};

/*
 * Runs all of them, at most at_once together and each with its own deadline; they start
 * in order as far as their lanes allow, and none from end_ms (by clock_ms()) on. One that
 * hangs holds up nobody: its lane goes on.
 */
void child_run_all(struct job *jobs, size_t n, size_t at_once, uint64_t end_ms);

/* Reaps what has ended; PID 1 inherits every orphan. */
void child_reap(void);
