/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Makes move again what somebody has stopped and is not going to start: a snapshot's tool
 * that was ended half way, a guest agent between freeze and thaw. No signal ends who
 * waits for it, and a frozen filesystem is unmounted in name only.
 *
 * Resumes suspended device-mapper devices, then has the kernel thaw all filesystems,
 * those of other mount namespaces and those that are mounted nowhere any more included.
 * Logs; takes some seconds at most, and goes on by itself where that is not enough.
 * SIGCHLD must be blocked; see child.h.
 */
void thaw_all(const char *root);
