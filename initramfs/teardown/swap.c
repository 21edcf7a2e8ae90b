// SPDX-License-Identifier: GPL-2.0-or-later
#include "stages.h"

#include <errno.h>

#include "initramfs/inventory/blocks.h"
#include "pivot/base/acts.h"
#include "pivot/base/child.h"
#include "pivot/base/log.h"

static int swap_off(const void *path)
{
	return act_swapoff(path);
}

int swaps_off(struct teardown *teardown, size_t *did)
{
	static struct swaps swaps;
	int left = 0, r = swaps_read(teardown->root, &swaps);

	if (r < 0)
		return log_err(r, "cannot read /proc/swaps");
	for (size_t i = 0; i < swaps.n; i++) {
		r = child_run(swap_off, swaps.path[i], teardown->handover.detach_ms);
		if (r < 0) {
			left++;
			continue;
		}
		(*did)++;
		log_info("      swap off: %s", swaps.path[i]);
	}
	return left;
}
