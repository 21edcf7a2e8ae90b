// SPDX-License-Identifier: GPL-2.0-or-later

/*
 * Processes that no signal ends: what they have open may not unmount. Everybody who reads
 * from a disk waits like that for a moment, so that only who sits in one and the same
 * wait for a second counts. Read are stat and status, which take no lock that a stuck
 * process may hold. Source: proc_pid_stat(5), fs/proc/array.c.
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "checks.h"
#include "initramfs/inventory/processes.h"
#include "pivot/base/clock.h"
#include "pivot/base/parse.h"
#include "pivot/base/read.h"

enum { STUCK_MAX = 64, NAMED_MAX = 8, LOOKS = 3, LOOK_EVERY_MS = 1000 };

struct stuck {
	const struct process *process;
	char thread[16];
	uint64_t switches; /* how often it has given its processor away */
};

static char state_of(const char *root, pid_t pid, const char *thread)
{
	char stat[512], *end;
	ssize_t n =
		read_text(stat, sizeof(stat), root, "/proc/%d/task/%s/stat", pid, thread);

	if (n < 0 && n != -EFBIG)
		return '?';
	end = strrchr(stat, ')'); /* the name may hold anything */
	return end && end[1] == ' ' ? end[2] : '?';
}

static uint64_t switches_of(const char *root, pid_t pid, const char *thread)
{
	char path[64], text[24];
	uint64_t switches;

	(void)snprintf(path, sizeof(path), "/proc/%d/task/%s/status", pid, thread);
	return read_field(text, sizeof(text), root, path, "voluntary_ctxt_switches") ==
				       0 &&
			       parse_u64(text, 10, UINT64_MAX, &switches) == 0
		       ? switches
		       : 0;
}

/* The first of its threads that waits so: one is enough to hold what it has open. */
static bool is_waiting(const char *root, const struct process *process, struct stuck *ret)
{
	char folder[32];
	struct dir dir;

	(void)snprintf(folder, sizeof(folder), "/proc/%d/task", process->pid);
	dir_for_each (&dir, name, root, folder) {
		if (strlen(name) >= sizeof(ret->thread) ||
		    state_of(root, process->pid, name) != 'D')
			continue;
		ret->process = process;
		strcpy(ret->thread, name);
		ret->switches = switches_of(root, process->pid, name);
		dir_done(&dir);
		return true;
	}
	return false;
}

static bool is_still_waiting(const char *root, const struct stuck *stuck)
{
	pid_t pid = stuck->process->pid;

	return state_of(root, pid, stuck->thread) == 'D' &&
	       switches_of(root, pid, stuck->thread) == stuck->switches;
}

/* Leaves out who has moved on since; how many are left. */
static size_t keep_waiting(const char *root, struct stuck *stuck, size_t n)
{
	size_t left = 0;

	for (size_t i = 0; i < n; i++)
		if (is_still_waiting(root, &stuck[i]))
			stuck[left++] = stuck[i];
	return left;
}

static void report(const struct stuck *stuck, size_t n, struct findings *findings)
{
	for (size_t i = 0; i < n && i < NAMED_MAX; i++) {
		const struct process *process = stuck[i].process;

		find_warning(
			findings, "stuck-process",
			"process %d (%s) waits in the kernel and cannot be ended (state "
			"D): what it has open may not unmount, and this machine may end "
			"in a restart; see what it waits for: 'cat /proc/%d/task/%s/stack'",
			process->pid, process->name, process->pid, stuck[i].thread);
	}
	if (n > NAMED_MAX)
		find_warning(findings, "stuck-process",
			     "and %zu more processes wait in the kernel (state D)",
			     n - NAMED_MAX);
}

void check_stuck_processes(const struct preflight *p, struct findings *findings)
{
	static struct processes processes;
	static struct stuck stuck[STUCK_MAX];
	size_t n = 0;

	processes_read(p->root, -1, &processes);
	for (size_t i = 0; i < processes.n && n < STUCK_MAX; i++)
		n += is_waiting(p->root, &processes.process[i], &stuck[n]);
	for (int look = 0; look < LOOKS && n > 0; look++) {
		clock_sleep_ms(LOOK_EVERY_MS);
		n = keep_waiting(p->root, stuck, n);
	}
	report(stuck, n, findings);
}
