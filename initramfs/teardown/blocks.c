// SPDX-License-Identifier: GPL-2.0-or-later
#include "stages.h"

#include <stdio.h>

#include "initramfs/inventory/blocks.h"
#include "pivot/base/acts.h"
#include "pivot/base/child.h"
#include "pivot/base/log.h"

static int release(const void *argument)
{
	const struct block *block = argument;
	char node[48];

	(void)snprintf(node, sizeof(node), "/dev/%s", block->device);
	switch (block->kind) {
	case BLOCK_DM:
		return act_dm_remove(block->detail);
	case BLOCK_MD:
		return act_md_stop(node);
	case BLOCK_LOOP:
		return act_loop_detach(node);
	}
	return 0;
}

int blocks_release(struct teardown *teardown, size_t *did)
{
	static struct blocks blocks;
	int left = 0, r = blocks_read(teardown->root, &blocks);

	if (r < 0)
		return log_err(r, "cannot read the block devices");
	for (size_t i = 0; i < blocks.n; i++) {
		const struct block *b = &blocks.block[i];

		r = child_run(release, b, teardown->handover.detach_ms);
		/*
		 * LOOP_CLR_FD of a device in use succeeds too, and it then goes with its
		 * last user; md takes a moment. Only what is gone counts, else the passes
		 * would never end.
		 */
		if (r < 0 || block_is_active(teardown->root, b)) {
			left++;
			continue;
		}
		(*did)++;
		log_info("      released %s (%s)", b->device, b->detail);
	}
	return left + blocks.has_more;
}
