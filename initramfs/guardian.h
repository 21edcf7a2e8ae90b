/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdatomic.h>
#include <sys/types.h>

/*
 * The last word: a process that holds no lock and waits for none, with its memory locked
 * and sysrq-trigger open. When the time is up it restarts the machine, which brings the
 * old distro back, whatever hangs.
 */
struct guardian {
	pid_t pid;	  /* 0: there is none */
	int number;	  /* the first one is 1 */
	atomic_int *turn; /* shared with it: the number of the one that has the word */
};

/*
 * Starts one in place of the one before. 0, or negative errno, logged. Where the one
 * before has begun to restart the machine it does not come back.
 */
int guardian_start(struct guardian *guardian, unsigned int timeout_ms);
