// SPDX-License-Identifier: GPL-2.0-or-later

/* Does the target's command line fit? */

#include <string.h>

#include "checks.h"

void check_command_line(const struct preflight *p, struct findings *findings)
{
	size_t n = p->tree->command_line ? strlen(p->tree->command_line) : 0;
	size_t max = p->kernel ? kernel_command_line_room(p->kernel) : 0;

	if (p->kernel && n > max)
		find_refusal(findings, "command-line",
			     "the command line has %zu bytes, the kernel takes %zu: "
			     "shorten it with --command-line",
			     n, max);
}
