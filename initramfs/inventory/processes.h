/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Who runs. Source: proc_pid_stat(5). */

#include <stddef.h>
#include <sys/types.h>

/*
 * Counts the processes of user space that are alive, PID 1 and the given one aside.
 * As many of their names as fit go into names, separated by blanks. Reads /proc/PID/stat
 * only: other files there wait for locks that a stuck process may hold.
 */
size_t processes_count(const char *root, pid_t except, char *names, size_t names_size);
