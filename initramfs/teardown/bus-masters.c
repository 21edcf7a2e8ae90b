// SPDX-License-Identifier: GPL-2.0-or-later
#include <linux/pci_regs.h>
#include <stdio.h>

#include "pivot/base/acts.h"
#include "pivot/base/log.h"
#include "stages.h"
#include "tasks.h"

enum { DISABLE_MAX = 8 };

static bool is_bus_master(const char *root, const char *address)
{
	struct pci_state state;

	return pci_read_state(root, address, &state) == 0 && state.is_bus_master;
}

/* The register itself, where the kernel will not: not in lockdown. */
static int clear_in_config(const char *root, const char *address)
{
	struct pci_state state;
	int r = pci_read_state(root, address, &state);

	return r < 0 ? r : act_pci_command(address, state.command & ~PCI_COMMAND_MASTER);
}

/*
 * Disabling a device clears its bus mastering; it works without a driver, and in
 * lockdown, where writing to 'config' does not. The kernel counts: a driver that went
 * without disabling its device (i801_smbus) leaves the count at one, so it may take
 * several. It cannot be enabled first where its BARs were never assigned.
 */
static int disable(const void *argument)
{
	const struct task *task = argument;
	const char *root = task->teardown->root, *address = task->op->device->name;
	char path[96];
	int r;

	(void)snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/enable", address);
	r = act_write(path, "1");
	for (int i = 0; r == 0 && i < DISABLE_MAX; i++) {
		r = act_write(path, "0");
		if (!is_bus_master(root, address))
			return 0;
	}
	return clear_in_config(root, address);
}

static void disable_done(struct teardown *teardown, const struct op *op,
			 const struct job *job)
{
	struct device_report *report = task_report(teardown, op);

	if (job->result < 0)
		(void)log_warn(job->result, "cannot clear bus mastering of %s",
			       op->object);
	else
		log_info("      cleared bus mastering of %s", op->object);
	if (!report->what[0])
		report->what = "cleared";
}

size_t bus_masters_clear_all(struct teardown *teardown)
{
	static struct plan plan;

	plan.n = 0;
	for (size_t i = 0; i < teardown->devices.n; i++) {
		const struct device *d = &teardown->devices.device[i];
		const struct device_report *report = &teardown->reports[i];
		struct op *op;

		/* config space of one that hangs may not even be read; and a driver that
		 * is still there wants to shut its device down */
		if (!is_verifiable(d, report) || report->error < 0 ||
		    report->fate.policy.keeps_bus_master ||
		    !is_bus_master(teardown->root, d->name))
			continue;
		op = plan_add(&plan, TEARDOWN_BUS_MASTERS, OP_CLEAR, d->name,
			      "stayed on");
		if (!op)
			break;
		op->device = d;
		op->lane = d->lane;
		op->timeout_ms = teardown->handover.unbind_ms;
	}
	tasks_run(teardown, &plan, TEARDOWN_BUS_MASTERS, disable, disable_done);
	return plan.n;
}

int bus_masters_clear(struct teardown *teardown)
{
	(void)bus_masters_clear_all(teardown); /* verified once more later */
	return 0;
}
