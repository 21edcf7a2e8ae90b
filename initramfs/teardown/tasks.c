// SPDX-License-Identifier: GPL-2.0-or-later
#include "tasks.h"

#include <errno.h>
#include <string.h>

#include "initramfs/guardian.h"

enum { AT_ONCE = 16 };

struct device_report *task_report(struct teardown *teardown, const struct op *op)
{
	return &teardown->reports[op->device - teardown->devices.device];
}

/* How long it may take at most: those of a lane one after another. */
static unsigned int longest_ms(const struct job *jobs, size_t n, size_t at_once)
{
	unsigned int longest = 0;

	for (size_t i = 0; i < n; i++) {
		unsigned int ms = 0;

		for (size_t j = 0; j < n; j++)
			if (at_once == 1 || strcmp(jobs[j].lane, jobs[i].lane) == 0)
				ms += jobs[j].timeout_ms;
		longest = ms > longest ? ms : longest;
	}
	return longest;
}

/* Each device has its own time; the deadline of all is for what nobody foresees. */
static void extend_deadline(struct teardown *teardown, const struct job *jobs, size_t n,
			    size_t at_once)
{
	if (n > 0)
		(void)guardian_start(&teardown->guardian,
				     teardown->handover.deadline_ms +
					     longest_ms(jobs, n, at_once));
}

void tasks_run(struct teardown *teardown, const struct plan *plan,
	       enum teardown_stage stage, int (*work)(const void *task),
	       void (*done)(struct teardown *teardown, const struct op *op,
			    const struct job *job))
{
	static struct task tasks[PLAN_MAX];
	static struct job jobs[PLAN_MAX];
	size_t at_once = teardown->handover.parallel == PARALLEL_NEVER ? 1 : AT_ONCE;
	size_t n = 0;

	for (size_t i = 0; i < plan->n; i++) {
		const struct op *op = &plan->op[i];

		if (op->stage != stage || op->kind == OP_KEEP ||
		    task_report(teardown, op)->is_hung)
			continue;
		tasks[n] = (struct task){ teardown, op };
		jobs[n] = (struct job){
			.work = work,
			.argument = &tasks[n],
			.name = op->object,
			.lane = op->lane,
			.owner = op->device,
			.timeout_ms = op->timeout_ms,
		};
		n++;
	}
	extend_deadline(teardown, jobs, n, at_once);
	child_run_all(jobs, n, at_once);
	for (size_t i = 0; i < n; i++) {
		struct device_report *report = task_report(teardown, tasks[i].op);

		report->is_hung |= jobs[i].is_stuck;
		teardown->is_hung |= jobs[i].is_stuck;
		if (jobs[i].result == -ECANCELED)
			continue;
		report->ms += jobs[i].ms;
		done(teardown, tasks[i].op, &jobs[i]);
	}
}
