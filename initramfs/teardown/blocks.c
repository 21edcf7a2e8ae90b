// SPDX-License-Identifier: GPL-2.0-or-later
#include "stages.h"

#include <stdio.h>

#include "initramfs/child.h"
#include "initramfs/inventory/blocks.h"
#include "pivot/base/acts.h"
#include "pivot/base/log.h"
#include "pivot/base/read.h"

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

/* LOOP_CLR_FD of a device in use succeeds too: it then goes with its last user. */
static bool is_still_there(const struct teardown *teardown, const struct block *block)
{
	return block->kind == BLOCK_LOOP &&
	       read_exists(teardown->root, "/sys/block/%s/loop/backing_file",
			   block->device);
}

int blocks_release(const struct teardown *teardown, size_t *did)
{
	static struct blocks blocks;
	int left = 0, r = blocks_read(teardown->root, &blocks);

	if (r < 0)
		return log_err(r, "cannot read the block devices");
	for (size_t i = 0; i < blocks.n; i++) {
		const struct block *b = &blocks.block[i];

		r = child_run(release, b, teardown->handover.detach_ms);
		if (r < 0 || is_still_there(teardown, b)) {
			left++;
			continue;
		}
		(*did)++;
		log_info("      released %s (%s)", b->device, b->detail);
	}
	return left + blocks.has_more;
}
