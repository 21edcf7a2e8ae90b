// SPDX-License-Identifier: GPL-2.0-or-later
#include "human.h"

#include <stdio.h>

const char *human_bytes(uint64_t bytes, char buf[HUMAN_BYTES])
{
	static const char units[] = "KMGTPE";
	double value = (double)bytes / 1024;
	int unit = 0;

	if (bytes < 1024) {
		(void)snprintf(buf, HUMAN_BYTES, "%u bytes", (unsigned int)bytes);
		return buf;
	}
	for (; value >= 1024 && units[unit + 1]; unit++)
		value /= 1024;
	(void)snprintf(buf, HUMAN_BYTES, value < 10 ? "%.1f %ciB" : "%.0f %ciB", value,
		       units[unit]);
	return buf;
}
