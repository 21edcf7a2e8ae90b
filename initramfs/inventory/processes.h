/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Who runs. Source: proc_pid_stat(5). */

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum { PROCESSES_MAX = 2048 };

/* Our own waiter, and every other process of the tool. */
#define TOOL_NAME "pivot-kexec"

struct process {
	pid_t pid;
	bool has_terminal;
	char name[20];
};

struct processes {
	size_t n;
	bool has_more;
	struct process process[PROCESSES_MAX];
};

/*
 * The processes of user space that are alive, PID 1 and the given one aside. Reads
 * /proc/PID/stat only: other files there wait for locks that a stuck process may hold.
 */
void processes_read(const char *root, pid_t except, struct processes *ret);

/*
 * Does it ask to be spared while storage is in use, as mdmon and nbd-client do, by an '@'
 * at the beginning of its command line? Only root's may. Our own waiter wears it too, and
 * does not count. May wait for a lock. Source: systemd's ROOT_STORAGE_DAEMONS.
 */
bool process_is_storage_daemon(const char *root, const struct process *process);

/* Our own, root's, that waits for the takeover, or 0. May wait for a lock of one of ours.
 */
pid_t processes_find_waiter(const char *root, pid_t except);
