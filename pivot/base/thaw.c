// SPDX-License-Identifier: GPL-2.0-or-later
#include "thaw.h"

#include <stdint.h>
#include <string.h>

#include "acts.h"
#include "child.h"
#include "clock.h"
#include "log.h"
#include "read.h"

enum { SUSPENDED_MAX = 64, NAME_BYTES = 128, TIMEOUT_MS = 5000, SETTLE_MS = 200 };

struct suspended {
	size_t n;
	char name[SUSPENDED_MAX][NAME_BYTES]; /* DM_NAME_LEN */
};

/* <root>/sys/block; see drivers/md/dm-sysfs.c. */
static void suspended_read(const char *root, struct suspended *ret)
{
	struct dir dir;
	uint64_t is_suspended;

	ret->n = 0;
	dir_for_each (&dir, device, root, "/sys/block") {
		if (ret->n == SUSPENDED_MAX) {
			dir_done(&dir);
			break;
		}
		if (read_u64(&is_suspended, 10, root, "/sys/block/%s/dm/suspended",
			     device) == 0 &&
		    is_suspended &&
		    read_text(ret->name[ret->n], NAME_BYTES, root,
			      "/sys/block/%s/dm/name", device) > 0)
			ret->n++;
	}
}

static int resume(const void *argument)
{
	return act_dm_resume(argument);
}

/*
 * All at once: one that thaws the filesystem on it writes to what it stands on, which may
 * be suspended, too.
 */
static void resume_all(const struct suspended *suspended)
{
	static struct job jobs[SUSPENDED_MAX];

	for (size_t i = 0; i < suspended->n; i++)
		jobs[i] = (struct job){
			.work = resume,
			.argument = suspended->name[i],
			.name = suspended->name[i],
			.lane = suspended->name[i],
			.timeout_ms = TIMEOUT_MS,
		};
	child_run_all(jobs, suspended->n, suspended->n, UINT64_MAX);
	for (size_t i = 0; i < suspended->n; i++)
		if (jobs[i].result < 0)
			(void)log_warn(jobs[i].result, "cannot resume '%s'",
				       jobs[i].name);
		else
			log_info("      resumed %s", jobs[i].name);
}

static int sysrq_thaw(const void *argument)
{
	(void)argument;
	return act_write("/proc/sysrq-trigger", "j");
}

void thaw_all(const char *root)
{
	static struct suspended suspended;

	suspended_read(root, &suspended);
	resume_all(&suspended);
	(void)child_run(sysrq_thaw, NULL, TIMEOUT_MS); /* a kernel without sysrq */
	clock_sleep_ms(SETTLE_MS); /* it is done by a worker, which nobody can ask */
}
