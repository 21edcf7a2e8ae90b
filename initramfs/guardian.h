/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <sys/types.h>

/*
 * The last word: a process that holds no lock and waits for none, with its memory locked
 * and sysrq-trigger open. When the time is up it restarts the machine, which brings the
 * old distro back, whatever hangs.
 */

/* Starts one in place of *guardian (0: of none). 0, or negative errno, logged. */
int guardian_start(pid_t *guardian, unsigned int timeout_ms);
