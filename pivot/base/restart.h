/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The last word: restarts the machine by sysrq (an act_sysrq_open()), without
 * waiting for anything that hangs; and where the kernel has no sysrq, by
 * reboot(2). Everything but the caller, its parent and PID 1 is stopped, and goes on
 * where the machine goes on. 0 or negative errno.
 */
int restart_machine(int sysrq_fd);

/* The same of sysrq alone: filesystems read-only, a moment for that, restart. Comes back
 * where the kernel has no sysrq. */
void restart_by_sysrq(int sysrq_fd);
