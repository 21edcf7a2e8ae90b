// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>

#include "pivot/base/acts.h"
#include "pivot/base/log.h"
#include "stages.h"
#include "tasks.h"

/*
 * The kernel saves config space before and restores it after: bus mastering is off by
 * now, and stays so.
 */
static int reset(const void *argument)
{
	const struct task *task = argument;
	const struct op *op = task->op;
	const struct device_report *report = task_report(task->teardown, op);
	char path[96];
	int r;

	if (report->error < 0)
		return 0; /* its driver still uses it */
	(void)pci_wait_idle(task->teardown->root, op->object);
	(void)snprintf(path, sizeof(path), "/sys/bus/pci/devices/%.24s/reset_method",
		       op->object);
	r = act_write(path, report->fate.reset);
	if (r < 0)
		return r;
	(void)snprintf(path, sizeof(path), "/sys/bus/pci/devices/%.24s/reset",
		       op->object);
	return act_write(path, "1");
}

static void reset_done(struct teardown *teardown, const struct op *op,
		       const struct job *job)
{
	struct device_report *report = task_report(teardown, op);

	report->is_reset = job->result == 0 && report->error == 0;
	/* gone with its PF; or no time left, for what is at rest all the same */
	if (job->result < 0 && job->result != -ENOENT && job->result != -ETIME)
		(void)log_warn(job->result, "cannot reset %s (%s)", op->object,
			       op->reason);
}

int devices_reset(struct teardown *teardown)
{
	tasks_run(teardown, &teardown->device_plan, TEARDOWN_RESETS, reset, reset_done);
	return 0; /* its driver let go of it, and its bus mastering is off */
}
