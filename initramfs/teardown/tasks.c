// SPDX-License-Identifier: GPL-2.0-or-later
#include "tasks.h"

#include <errno.h>

#include "deadline.h"

enum { AT_ONCE = 16 };

struct device_report *task_report(struct teardown *teardown, const struct op *op)
{
	return &teardown->reports[op->device - teardown->devices.device];
}

/* None is started after the deadline; the last of them has its own time. */
static void allow_longest(struct teardown *teardown, const struct job *jobs, size_t n)
{
	unsigned int longest = 0;

	for (size_t i = 0; i < n; i++)
		if (jobs[i].timeout_ms > longest)
			longest = jobs[i].timeout_ms;
	deadline_allow(teardown, longest);
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
	allow_longest(teardown, jobs, n);
	/* what writes one register is worth its while even then */
	child_run_all(jobs, n, at_once,
		      stage == TEARDOWN_BUS_MASTERS ? UINT64_MAX : teardown->end_ms);
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
