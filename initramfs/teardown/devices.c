// SPDX-License-Identifier: GPL-2.0-or-later
#include "stages.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "initramfs/child.h"
#include "initramfs/inventory/pci.h"
#include "initramfs/plan.h"
#include "pivot/base/acts.h"
#include "pivot/base/clock.h"
#include "pivot/base/log.h"

static int unbind(const void *address)
{
	char path[96];

	/* through the device, since a driver may be called anything */
	(void)snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/driver/unbind",
		       (const char *)address);
	return act_write(path, address);
}

static struct device_report *report_add(struct teardown *teardown, const struct op *op)
{
	struct device_report *report = &teardown->devices[teardown->n_devices];

	if (teardown->n_devices == PCI_MAX)
		return NULL;
	teardown->n_devices++;
	(void)snprintf(report->address, sizeof(report->address), "%.23s", op->object);
	(void)snprintf(report->detail, sizeof(report->detail), "%s", op->reason);
	return report;
}

static void run_unbind(struct teardown *teardown, const struct op *op,
		       struct device_report *report)
{
	uint64_t start = clock_ms();

	report->error = child_run(unbind, op->object, teardown->handover.unbind_ms);
	report->ms = (unsigned int)(clock_ms() - start);
	if (report->error == -ENOENT) /* gone, as a VF goes with its PF */
		report->error = 0;
	report->what = report->error == 0 ? "unbound" : "not unbound";
	/* stuck, or killed by an oops in the driver: the device stays locked either way
	 */
	report->is_hung = report->error == -ETIMEDOUT || report->error == -EINTR;
	teardown->is_hung |= report->is_hung;
	if (report->error < 0)
		(void)log_warn(report->error, "cannot unbind %s (%s)", op->object,
			       op->reason);
}

static void run_op(struct teardown *teardown, const struct op *op)
{
	struct device_report *report = report_add(teardown, op);

	if (!report)
		return;
	report->what = op_name(op->kind);
	report->is_kept = op->kind == OP_KEEP;
	if (op->kind == OP_UNBIND)
		run_unbind(teardown, op, report);
}

int devices_unbind(struct teardown *teardown)
{
	static struct pci pci;
	static struct plan plan;
	int r = pci_read(teardown->root, &pci);

	if (r < 0)
		return log_err(r, "cannot read the PCI devices");
	if (pci.has_more)
		(void)log_warn(0, "more than %d PCI functions: the rest is left alone",
			       PCI_MAX);
	plan.n = 0;
	plan_devices(&pci, &plan);
	for (size_t i = 0; i < plan.n; i++)
		run_op(teardown, &plan.op[i]);
	return 0;
}
