// SPDX-License-Identifier: GPL-2.0-or-later

/* Does the target's command line fit? */

#include <string.h>

#include "checks.h"
#include "pivot/kexec/load.h"

void check_command_line(const struct preflight *p, struct findings *findings)
{
	size_t n = p->tree->command_line ? strlen(p->tree->command_line) : 0;
	/* a loader of our own leaves all of it to the target */
	bool is_own = p->loaders & (1U << LOADER_GATHER | 1U << LOADER_LOAD);
	size_t max = 0;

	if (p->kernel)
		max = is_own ? p->kernel->command_line_max
			     : kernel_command_line_room(p->kernel);
	if (p->kernel && n > max)
		find_refusal(findings, "command-line",
			     "the command line has %zu bytes, the kernel takes %zu: "
			     "shorten it with --command-line",
			     n, max);
}
