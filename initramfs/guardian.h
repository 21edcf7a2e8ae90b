/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <sys/types.h>

/*
 * The last word: a process that holds no lock and waits for none, with its memory locked
 * and sysrq-trigger open. When the time is up it restarts the machine, which brings the
 * old distro back, whatever hangs.
 */

/* Starts one, in place of the one before. Its pid, or negative errno. */
pid_t guardian_start(unsigned int timeout_ms);

/* The pid of the running one, 0 without. */
pid_t guardian_pid(void);
