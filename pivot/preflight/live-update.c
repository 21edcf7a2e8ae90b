// SPDX-License-Identifier: GPL-2.0-or-later

/*
 * Sessions of the live update orchestrator: what somebody wants to be preserved across a
 * kexec. A session ends when the process that holds it ends. Source:
 * kernel/liveupdate/luo_session.c, luo_session_getfile(), luo_session_release().
 */

#include <stdio.h>
#include <string.h>

#include "checks.h"
#include "initramfs/inventory/processes.h"
#include "pivot/base/read.h"

static bool holds_session(const char *root, const struct process *process)
{
	static const char session[] = "anon_inode:[luo_session]";
	char folder[32], target[sizeof(session) + 128];
	struct dir dir;

	(void)snprintf(folder, sizeof(folder), "/proc/%d/fd", process->pid);
	dir_for_each (&dir, name, root, folder) {
		if (read_link(target, sizeof(target), root, "%s/%s", folder, name) < 0 ||
		    strncmp(target, session, strlen(session)) != 0)
			continue;
		dir_done(&dir);
		return true;
	}
	return false;
}

void check_live_update(const struct preflight *p, struct findings *findings)
{
	static struct processes processes;

	if (!read_exists(p->root, "/sys/class/misc/liveupdate"))
		return;
	processes_read(p->root, -1, &processes);
	for (size_t i = 0; i < processes.n; i++)
		if (holds_session(p->root, &processes.process[i]))
			find_warning(findings, "live-update",
				     "process %d (%s) holds a live-update session, which "
				     "ends with it: nothing of it reaches the target; "
				     "finish the session first",
				     processes.process[i].pid, processes.process[i].name);
}
