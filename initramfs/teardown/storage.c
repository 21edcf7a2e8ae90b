// SPDX-License-Identifier: GPL-2.0-or-later
#include "stages.h"

#include <errno.h>

#include "deadline.h"
#include "initramfs/inventory/memory.h"
#include "pivot/base/acts.h"
#include "pivot/base/child.h"
#include "pivot/base/log.h"
#include "pivot/base/macros.h"

static int sync_all(const void *argument)
{
	(void)argument;
	act_sync();
	return 0;
}

struct writeout {
	struct teardown *teardown;
	uint64_t bytes; /* the least seen so far */
};

/* While data gets to the disks nothing hangs: the deadline of all starts anew, too. */
static bool has_written(void *data)
{
	struct writeout *writeout = data;
	struct teardown *teardown = writeout->teardown;
	uint64_t bytes;

	if (memory_read_unwritten(teardown->root, &bytes) < 0 || bytes >= writeout->bytes)
		return false;
	writeout->bytes = bytes;
	(void)deadline_start(teardown);
	return true;
}

static void write_out(struct teardown *teardown)
{
	struct writeout writeout = { .teardown = teardown, .bytes = UINT64_MAX };

	if (memory_read_unwritten(teardown->root, &writeout.bytes) < 0)
		writeout.bytes = 0;
	if (child_run_while(sync_all, NULL, teardown->handover.detach_ms, has_written,
			    &writeout) < 0)
		(void)log_warn(0, "writing everything to the disks hangs");
}

/* What stands on what need not be known: what is held goes in a later pass. */
static int release_pass(struct teardown *teardown, size_t *did)
{
	int (*const layers[])(struct teardown *, size_t *) = {
		swaps_off,
		mounts_detach,
		blocks_release,
	};
	int left = 0;

	for (size_t i = 0; i < array_size(layers); i++) {
		int r = layers[i](teardown, did);

		if (r < 0)
			return r;
		left += r;
	}
	return left;
}

static int release_all(struct teardown *teardown)
{
	size_t did;
	int left;

	do {
		did = 0;
		left = release_pass(teardown, &did);
	} while (did > 0 && left > 0);
	return left;
}

/* What is left mounted takes no more writes; or negative errno, logged. */
static int freeze(struct teardown *teardown)
{
	int r = mounts_freeze(teardown);

	if (r < 0)
		return r;
	write_out(teardown);
	(void)processes_end_spared(teardown);
	return r > 0 ? log_refuse(-EBUSY, "filesystems that can still be written to: %d",
				  r)
		     : 0;
}

int storage_release(struct teardown *teardown)
{
	int left, r;

	write_out(teardown); /* so that unmounting is short, and its deadline fair */
	if (teardown->handover.extent == EXTENT_ABRUPT)
		return freeze(teardown);
	left = release_all(teardown);
	if (left > 0 && processes_end_spared(teardown))
		left = release_all(teardown);
	if (left < 0)
		return left;
	r = freeze(teardown);
	if (r == 0 && left > 0)
		(void)log_warn(0, "not let go: %d mounts, swap areas or block devices",
			       left);
	return r;
}
