// SPDX-License-Identifier: GPL-2.0-or-later

/* Which loaders there is any sense in trying. */

#include <stddef.h>

#include "checks.h"
#include "memory-encryption.h"
#include "pivot/base/read.h"
#include "pivot/kexec/load.h"

/* To load, to unload, and to load again at the end: kernel/kexec_core.c,
 * kexec_load_permitted(), counts each. */
enum { LOADS_TO_GATHER = 3 };

bool preflight_may_gather(const char *root)
{
	uint64_t left;

	/* -1, no limit, is no number to the parser; nor is there any before Linux 6.3 */
	return read_u64(&left, 10, root, "/proc/sys/kernel/kexec_load_limit_reboot") <
		       0 ||
	       left >= LOADS_TO_GATHER;
}

unsigned int preflight_loaders(const char *root, int choice, const char **ret_why)
{
	const unsigned int all = (1U << LOADERS) - 1;

	*ret_why = "--loader names another";
	if (choice >= 0)
		return 1U << choice;
	*ret_why = "the running kernel is in lockdown, which forbids kexec_load";
	if (kexec_is_locked_down(root))
		return 1U << LOADER_FILE;
	/* the others bring page tables of their own, which lack the bit */
	*ret_why = "memory is encrypted, which their page tables know nothing of";
	if (memory_is_encrypted(root))
		return 1U << LOADER_FILE | 1U << LOADER_KEXEC_TOOLS;
	*ret_why = "kernel.kexec_load_limit_reboot leaves less than the three loads it "
		   "takes";
	if (!preflight_may_gather(root))
		return all & ~(1U << LOADER_GATHER);
	*ret_why = NULL;
	return all;
}
