// SPDX-License-Identifier: GPL-2.0-or-later
#include "processes.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "pivot/base/parse.h"
#include "pivot/base/read.h"

enum { PF_KTHREAD = 0x00200000 }; /* linux/sched.h */

/* "12 (a name) S 1 12 12 0 -1 4194560 ...": the name may hold anything. */
static bool parse_stat(char *stat, struct process *ret)
{
	char *name = strchr(stat, '('), *end = strrchr(stat, ')');
	unsigned long flags;
	int terminal;
	char state;

	if (!name || !end || end < name ||
	    sscanf(end + 1, " %c %*d %*d %*d %d %*d %lu", &state, &terminal, &flags) != 3)
		return false;
	*end = '\0';
	(void)snprintf(ret->name, sizeof(ret->name), "%s", name + 1);
	ret->has_terminal = terminal != 0;
	return state != 'Z' && state != 'X' && !(flags & PF_KTHREAD);
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

bool process_is_storage_daemon(const char *root, const struct process *process)
{
	char start[2];
	ssize_t n =
		read_text(start, sizeof(start), root, "/proc/%d/cmdline", process->pid);

	return (n > 0 || n == -EFBIG) && start[0] == '@' &&
	       strcmp(process->name, "pivot-kexec") != 0;
}
