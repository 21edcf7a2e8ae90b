// SPDX-License-Identifier: GPL-2.0-or-later
#include "report.h"

#include <stdio.h>
#include <string.h>

#include "pivot/base/log.h"
#include "pivot/base/macros.h"
#include "stages.h"

enum { NAMES_BYTES = 512 };

/* What of it still runs, "bus mastering, MSI"; "" where it is at rest. */
static void describe_unrest(const struct device *d, const struct device_report *report,
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
}

bool report_entry(const struct teardown *teardown, size_t i, struct report_entry *ret)
{
	const struct device *d = &teardown->devices.device[i];
	const struct device_report *report = &teardown->reports[i];
	const char *keep_reason = report->fate.keep_reason;

	if (!report->detail[0])
		return false;
	*ret = (struct report_entry){ .device = d, .report = report };
	describe_unrest(d, report, ret->text, sizeof(ret->text));
	if (keep_reason)
		ret->state = REPORT_KEPT;
	else
		ret->state = ret->text[0] ? REPORT_RUNNING : REPORT_AT_REST;
	if (ret->state != REPORT_RUNNING)
		(void)snprintf(ret->text, sizeof(ret->text), "%s",
			       keep_reason ?: "at rest");
	return true;
}

void report_line(const struct report_entry *entry, char line[REPORT_LINE_BYTES])
{
	const struct device_report *report = entry->report;
	char what[32];

	(void)snprintf(what, sizeof(what), "%s%s%s", report->what,
		       report->is_reset && report->what[0] ? ", " : "",
		       report->is_reset ? "reset" : "");
	(void)snprintf(line, REPORT_LINE_BYTES, "%-12s  %-14s %5u ms  %-13s  %s",
		       entry->device->name, what, report->ms, entry->text,
		       report->detail);
}

void report_count(const struct teardown *teardown, size_t ret[REPORT_STATES])
{
	struct report_entry entry;

	for (int i = 0; i < REPORT_STATES; i++)
		ret[i] = 0;
	for (size_t i = 0; i < teardown->devices.n; i++)
		if (report_entry(teardown, i, &entry))
			ret[entry.state]++;
}

/* "0000:00:02.0 display, 2 bridges": bridges are many, and only counted. */
static void name_kept(const struct teardown *teardown, char names[NAMES_BYTES])
{
	size_t bridges = 0, used = 0;
	struct report_entry entry;

	names[0] = '\0';
	for (size_t i = 0; i < teardown->devices.n && used < NAMES_BYTES; i++) {
		if (!report_entry(teardown, i, &entry) || entry.state != REPORT_KEPT)
			continue;
		if (entry.device->is_bridge)
			bridges++;
		else
			used += (size_t)snprintf(names + used, NAMES_BYTES - used,
						 "%s%s %s", used ? ", " : "",
						 entry.device->name, entry.text);
	}
	if (bridges > 0 && used < NAMES_BYTES)
		(void)snprintf(names + used, NAMES_BYTES - used, "%s%zu bridge%s",
			       used ? ", " : "", bridges, bridges == 1 ? "" : "s");
}

void report_verdict(const struct teardown *teardown, char line[REPORT_LINE_BYTES])
{
	size_t n[REPORT_STATES];
	char names[NAMES_BYTES];

	if (teardown->handover.extent == EXTENT_ABRUPT) {
		(void)snprintf(line, REPORT_LINE_BYTES,
			       "the devices are left to the middle kernel");
		return;
	}
	report_count(teardown, n);
	name_kept(teardown, names);
	(void)snprintf(line, REPORT_LINE_BYTES,
		       "%zu devices at rest, %zu kept by policy%s%s%s, %zu left running",
		       n[REPORT_AT_REST], n[REPORT_KEPT], names[0] ? " (" : "", names,
		       names[0] ? ")" : "", n[REPORT_RUNNING]);
}

void teardown_report(const struct teardown *teardown)
{
	char line[REPORT_LINE_BYTES];
	struct report_entry entry;

	for (size_t i = 0; i < teardown->devices.n; i++) {
		if (!report_entry(teardown, i, &entry))
			continue;
		report_line(&entry, line);
		log_info("      %s", line);
	}
	report_verdict(teardown, line);
	log_notice("%s", line);
}
