/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Operations on devices, each in a child of its own, those of different lanes at once. */

#include "pivot/base/child.h"
#include "teardown.h"

struct task {
	struct teardown *teardown;
	const struct op *op;
};

/*
 * work() gets a struct task; done() what came of it, the time and a hang being in the
 * report already, -ETIME where the deadline of all was over. Skipped are devices that
 * are kept, and those that hang: who touches them would hang, too.
 *
 * Why it is safe: the kernel locks each device for itself, and its drivers have to bear
 * that others come and go. What devices do share is the bridge above them, and the card
 * they are functions of: these are one lane.
 */
void tasks_run(struct teardown *teardown, const struct plan *plan,
	       enum teardown_stage stage, int (*work)(const void *task),
	       void (*done)(struct teardown *teardown, const struct op *op,
			    const struct job *job));

struct device_report *task_report(struct teardown *teardown, const struct op *op);
