// SPDX-License-Identifier: GPL-2.0-or-later

/* Do the command lines fit? */

#include <string.h>

#include "checks.h"
#include "pivot/kexec/load.h"

/* A loader of our own leaves all of it to the kernel. */
static void check_length(const struct kernel_image *kernel, const char *line, bool is_own,
			 const char *whose, struct findings *findings)
{
	size_t n = line ? strlen(line) : 0;
	size_t max = is_own ? kernel->command_line_max : kernel_command_line_room(kernel);

	if (n > max)
		find_refusal(findings, "command-line",
			     "the command line%s has %zu bytes, the kernel takes %zu: "
			     "shorten it%s",
			     whose, n, max, whose[0] ? "" : " with --command-line");
}

void check_command_line(const struct preflight *p, struct findings *findings)
{
	bool is_own = p->loaders & (1U << LOADER_GATHER | 1U << LOADER_LOAD);

	if (!p->kernel)
		return;
	check_length(p->kernel, p->tree->command_line, is_own || p->middle, "", findings);
	if (p->middle)
		check_length(
			p->first_kernel, p->first->command_line, is_own,
			" of the running kernel, of which the middle kernel gets parts,",
			findings);
}
