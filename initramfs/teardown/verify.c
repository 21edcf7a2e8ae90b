// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "pivot/base/log.h"
#include "stages.h"

bool is_verifiable(const struct device *device, const struct device_report *report)
{
	return strcmp(device->bus, "pci") == 0 && report->detail[0] &&
	       !report->fate.keep_reason && !report->is_hung;
}

/* A reset, or a device's own mind, may have turned it on again. */
int devices_verify(struct teardown *teardown)
{
	(void)bus_masters_clear_all(teardown);
	for (size_t i = 0; i < teardown->devices.n; i++) {
		const struct device *d = &teardown->devices.device[i];
		struct device_report *report = &teardown->reports[i];

		if (!is_verifiable(d, report))
			continue;
		(void)pci_wait_idle(teardown->root, d->name);
		report->is_gone = pci_read_state(teardown->root, d->name,
						 &report->state) == -ENOENT;
	}
	return 0;
}
