// SPDX-License-Identifier: GPL-2.0-or-later
#include "stages.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "initramfs/child.h"
#include "initramfs/inventory/pci.h"
#include "initramfs/plan.h"
#include "pivot/base/acts.h"
#include "pivot/base/log.h"

enum { DISABLE_MAX = 8 };

struct function_at {
	const char *root, *address;
};

/*
 * Disabling a device clears its bus mastering; it works without a driver, and in
 * lockdown, where writing to 'config' does not. The kernel counts: a driver that went
 * without disabling its device (i801_smbus) leaves the count at one, so it may take
 * several.
 */
static int disable(const void *argument)
{
	const struct function_at *at = argument;
	char path[96];
	int r;

	(void)snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/enable", at->address);
	r = act_write(path, "1");
	for (int i = 0; r == 0 && i < DISABLE_MAX; i++) {
		r = act_write(path, "0");
		if (pci_read_bus_master(at->root, at->address) == 0)
			return 0;
	}
	return r < 0 ? r : -EBUSY;
}

static struct device_report *report_find(struct teardown *teardown, const char *address)
{
	for (size_t i = 0; i < teardown->n_devices; i++)
		if (strcmp(teardown->devices[i].address, address) == 0)
			return &teardown->devices[i];
	return NULL;
}

static void clear(const struct teardown *teardown, const struct pci_function *f)
{
	const struct function_at at = { teardown->root, f->address };
	int r = child_run(disable, &at, teardown->handover.unbind_ms);

	if (r < 0)
		(void)log_warn(r, "cannot clear bus mastering of %s", f->address);
	else
		log_info("      cleared bus mastering of %s (%s)", f->address,
			 pci_class_name(f->class));
}

int bus_masters_clear(struct teardown *teardown)
{
	static struct pci pci;
	int r = pci_read(teardown->root, &pci);

	if (r < 0)
		return log_err(r, "cannot read the PCI devices");
	for (size_t i = 0; i < pci.n; i++) {
		const struct pci_function *f = &pci.function[i];
		struct device_report *report = report_find(teardown, f->address);

		/* one that hangs is locked: clearing it would hang, too */
		if (f->is_bus_master && !plan_keep_reason(&pci, f) &&
		    !(report && report->is_hung))
			clear(teardown, f);
		if (report)
			report->is_bus_master =
				pci_read_bus_master(teardown->root, f->address) == 1;
	}
	return 0;
}
