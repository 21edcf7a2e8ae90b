// SPDX-License-Identifier: GPL-2.0-or-later
#include "processes.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "pivot/base/parse.h"
#include "pivot/base/read.h"

enum { PF_KTHREAD = 0x00200000 }; /* linux/sched.h */

/* Behind the name. Source: proc_pid_stat(5). */
enum { FIELD_STATE = 0, FIELD_TERMINAL = 4, FIELD_FLAGS = 6, FIELDS = 7 };

/* "12 (a name) S 1 12 12 0 -1 4194560 ...": the name may hold anything. */
static bool parse_stat(char *stat, struct process *ret)
{
	char *name = strchr(stat, '('), *end = strrchr(stat, ')'), *save = NULL;
	char *field[FIELDS] = { 0 };
	uint64_t flags;

	if (!name || !end || end < name)
		return false;
	for (int i = 0; i < FIELDS; i++)
		field[i] = strtok_r(i == 0 ? end + 1 : NULL, " ", &save);
	if (!field[FIELD_FLAGS] ||
	    parse_u64(field[FIELD_FLAGS], 10, UINT32_MAX, &flags) < 0)
		return false;
	*end = '\0';
	(void)snprintf(ret->name, sizeof(ret->name), "%s", name + 1);
	ret->has_terminal = strcmp(field[FIELD_TERMINAL], "0") != 0;
	return !strchr("ZX", field[FIELD_STATE][0]) && !(flags & PF_KTHREAD);
}

static bool process_read(const char *root, const char *pid, struct process *ret)
{
	char stat[512];
	ssize_t n = read_text(stat, sizeof(stat), root, "/proc/%s/stat", pid);

	return (n >= 0 || n == -EFBIG) && parse_stat(stat, ret);
}

void processes_read(const char *root, pid_t except, struct processes *ret)
{
	struct dir dir;

	ret->n = 0;
	ret->has_more = false;
	dir_for_each (&dir, entry, root, "/proc") {
		struct process *process = &ret->process[ret->n];
		uint64_t pid;

		if (parse_u64(entry, 10, INT32_MAX, &pid) < 0 || pid == 1 ||
		    (pid_t)pid == except)
			continue;
		if (ret->n == PROCESSES_MAX) {
			ret->has_more = true;
			dir_done(&dir);
			break;
		}
		process->pid = (pid_t)pid;
		if (process_read(root, entry, process))
			ret->n++;
	}
}

/*
 * The real user, as /proc/PID/status has it first: the owner of /proc/PID is root's for
 * anybody's process that may not be dumped, and the effective one for a setuid program.
 */
static bool is_root_s(const char *root, const struct process *process)
{
	char path[32], uid[16];

	(void)snprintf(path, sizeof(path), "/proc/%d/status", process->pid);
	return read_field(uid, sizeof(uid), root, path, "Uid") == 0 &&
	       strcmp(uid, "0") == 0;
}

/* Anybody may put an '@' there: of users' processes it says nothing. */
static bool wears_at(const char *root, const struct process *process)
{
	char start[2];
	ssize_t n;

	if (!is_root_s(root, process))
		return false;
	n = read_text(start, sizeof(start), root, "/proc/%d/cmdline", process->pid);
	return (n > 0 || n == -EFBIG) && start[0] == '@';
}

bool process_is_storage_daemon(const char *root, const struct process *process)
{
	return strcmp(process->name, TOOL_NAME) != 0 && wears_at(root, process);
}

pid_t processes_find_waiter(const char *root, pid_t except)
{
	struct process process;
	struct dir dir;
	uint64_t pid;

	dir_for_each (&dir, entry, root, "/proc") {
		if (parse_u64(entry, 10, INT32_MAX, &pid) < 0 || (pid_t)pid == except)
			continue;
		process.pid = (pid_t)pid;
		if (process_read(root, entry, &process) &&
		    strcmp(process.name, TOOL_NAME) == 0 && wears_at(root, &process)) {
			dir_done(&dir);
			return process.pid;
		}
	}
	return 0;
}
