/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What the report says, line by line: on the console, and as files for the target. */

#include "teardown.h"

enum report_state { REPORT_AT_REST, REPORT_KEPT, REPORT_RUNNING, REPORT_STATES };

/* One device, and what became of it. */
struct report_entry {
	const struct device *device;
	const struct device_report *report;
	enum report_state state;
	char text[128]; /* "at rest", why it was kept, or what of it still runs */
};

/* The i-th device of the inventory. false where there was nothing to do with it. */
bool report_entry(const struct teardown *teardown, size_t i, struct report_entry *ret);

enum { REPORT_LINE_BYTES = 768 };

/* One line, without its end: a device; all of them together. */
void report_line(const struct report_entry *entry, char line[REPORT_LINE_BYTES]);
void report_verdict(const struct teardown *teardown, char line[REPORT_LINE_BYTES]);

/* How many devices there are of each state. */
void report_count(const struct teardown *teardown, size_t ret[REPORT_STATES]);
