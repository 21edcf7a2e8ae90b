// SPDX-License-Identifier: GPL-2.0-or-later

/* Which loaders there is any sense in trying. */

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

unsigned int preflight_loaders(const char *root, int choice)
{
	unsigned int loaders = (1U << LOADERS) - 1;

	if (choice >= 0)
		return 1U << choice;
	if (kexec_is_locked_down(root))
		return 1U << LOADER_FILE;
	/* the others bring page tables of their own, which lack the bit */
	if (memory_is_encrypted(root))
		return 1U << LOADER_FILE | 1U << LOADER_KEXEC_TOOLS;
	if (!preflight_may_gather(root))
		loaders &= ~(1U << LOADER_GATHER);
	return loaders;
}
