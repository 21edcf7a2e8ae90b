// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <string.h>

#include "pivot/base/log.h"
#include "pivot/base/macros.h"
#include "stages.h"

enum { NAMES_BYTES = 512 };

/* What of it still runs, "bus mastering, MSI"; "" where it is at rest. */
static const char *unrest(const struct device *d, const struct device_report *report,
			  char *text, size_t size)
{
	const struct pci_state *state = &report->state;
	const struct {
		bool is_on;
		const char *name;
	} signs[] = {
		{ report->is_hung, "hangs" },
		{ report->error < 0 && !report->is_hung, "its driver" },
		{ !state->is_readable, "does not answer" },
		{ state->is_bus_master && !report->fate.policy.keeps_bus_master,
		  "bus mastering" },
		{ state->has_msi, "MSI" },
		{ state->has_msix, "MSI-X" },
		{ state->is_pending, "transactions pending" },
	};
	/* config space is all there is to look at, and only PCI has it */
	size_t n = is_verifiable(d, report) && !report->is_gone ? array_size(signs) : 2;

	text[0] = '\0';
	for (size_t i = 0; i < n; i++) {
		size_t used = strlen(text);

		if (signs[i].is_on)
			(void)snprintf(text + used, size - used, "%s%s", used ? ", " : "",
				       signs[i].name);
	}
	return text;
}

static void report_line(const struct device *d, const struct device_report *report,
			const char *signs)
{
	const char *state = signs[0] ? signs : "at rest";
	char what[32];

	if (report->fate.keep_reason)
		state = report->fate.keep_reason;
	(void)snprintf(what, sizeof(what), "%s%s", report->what,
		       report->is_reset ? ", reset" : "");
	log_info("      %-12s  %-14s %5u ms  %-13s  %s", d->name, what, report->ms, state,
		 report->detail);
}

/* "0000:00:02.0 display, ": bridges are many, and only counted. */
static void name_kept(const struct device *d, const struct device_report *report,
		      char *names)
{
	size_t used = strlen(names);

	if (!d->is_bridge)
		(void)snprintf(names + used, NAMES_BYTES - used, "%s%s %s",
			       used ? ", " : "", d->name, report->fate.keep_reason);
}

void teardown_report(const struct teardown *teardown)
{
	size_t at_rest = 0, kept = 0, bridges = 0, running = 0, used;
	char names[NAMES_BYTES] = "", text[128];

	for (size_t i = 0; i < teardown->devices.n; i++) {
		const struct device *d = &teardown->devices.device[i];
		const struct device_report *report = &teardown->reports[i];
		const char *signs;

		if (!report->detail[0])
			continue;
		signs = unrest(d, report, text, sizeof(text));
		if (report->fate.keep_reason) {
			kept++;
			bridges += d->is_bridge;
			name_kept(d, report, names);
		} else if (signs[0]) {
			running++;
		} else {
			at_rest++;
		}
		report_line(d, report, signs);
	}
	used = strlen(names);
	if (bridges > 0)
		(void)snprintf(names + used, sizeof(names) - used, "%s%zu bridge%s",
			       used ? ", " : "", bridges, bridges == 1 ? "" : "s");
	log_notice("%zu devices at rest, %zu kept by policy%s%s%s, %zu left running",
		   at_rest, kept, kept ? " (" : "", names, kept ? ")" : "", running);
}
