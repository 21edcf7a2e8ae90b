// SPDX-License-Identifier: GPL-2.0-or-later
#include "stages.h"

#include <stdio.h>
#include <string.h>

#include "initramfs/child.h"
#include "initramfs/inventory/pci.h"
#include "initramfs/plan.h"
#include "pivot/base/acts.h"
#include "pivot/base/log.h"

/*
 * Enabling and disabling a device clears its bus mastering on the way; it works without a
 * driver, and in lockdown, where writing to 'config' does not.
 */
static int toggle_enable(const void *address)
{
	char path[96];
	int r;

	(void)snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/enable",
		       (const char *)address);
	r = act_write(path, "1");
	return r < 0 ? r : act_write(path, "0");
}

static struct device_report *report_find(struct teardown *teardown, const char *address)
{
	for (size_t i = 0; i < teardown->n_devices; i++)
		if (strcmp(teardown->devices[i].address, address) == 0)
			return &teardown->devices[i];
	return NULL;
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

		if (f->is_bus_master && !plan_keep_reason(&pci, f)) {
			r = child_run(toggle_enable, f->address,
				      teardown->handover.unbind_ms);
			if (r < 0)
				(void)log_warn(r, "cannot clear bus mastering of %s",
					       f->address);
			else
				log_info("      cleared bus mastering of %s (%s)",
					 f->address, pci_class_name(f->class));
		}
		if (report)
			report->is_bus_master =
				pci_read_bus_master(teardown->root, f->address) == 1;
	}
	return 0;
}
