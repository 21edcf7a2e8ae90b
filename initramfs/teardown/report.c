// SPDX-License-Identifier: GPL-2.0-or-later
#include "teardown.h"

#include <string.h>

#include "pivot/base/log.h"

static const char *state(const struct device_report *device)
{
	if (device->is_kept)
		return "left as it is";
	return device->is_bus_master ? "STILL A BUS MASTER" : "at rest";
}

void teardown_report(const struct teardown *teardown)
{
	size_t kept = 0, running = 0;

	for (size_t i = 0; i < teardown->n_devices; i++) {
		const struct device_report *d = &teardown->devices[i];

		kept += d->is_kept;
		running += !d->is_kept && (d->is_bus_master || d->error < 0);
		log_info("      %-12s  %-24s %-11s %5u ms  %s%s%s", d->address, d->detail,
			 d->what, d->ms, state(d), d->error < 0 ? ": " : "",
			 d->error < 0 ? strerror(-d->error) : "");
	}
	log_notice("%zu devices at rest, %zu kept by policy, %zu left running",
		   teardown->n_devices - kept - running, kept, running);
}
