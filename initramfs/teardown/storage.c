// SPDX-License-Identifier: GPL-2.0-or-later
#include "stages.h"

#include <errno.h>

#include "initramfs/child.h"
#include "pivot/base/acts.h"
#include "pivot/base/log.h"
#include "pivot/base/macros.h"

static int sync_all(const void *argument)
{
	(void)argument;
	act_sync();
	return 0;
}

/* What stands on what need not be known: what is held goes in a later pass. */
static int release_pass(const struct teardown *teardown, size_t *did)
{
	int (*const layers[])(const struct teardown *, size_t *) = {
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

int storage_release(struct teardown *teardown)
{
	size_t did;
	int left, r;

	do {
		did = 0;
		left = release_pass(teardown, &did);
		if (left < 0)
			return left;
	} while (did > 0 && left > 0);
	r = mounts_freeze(teardown);
	if (r < 0)
		return r;
	if (child_run(sync_all, NULL, teardown->handover.detach_ms) < 0)
		(void)log_warn(0, "writing everything to the disks hangs");
	if (r > 0)
		return log_err(-EBUSY, "%d filesystems cannot be put to rest", r);
	if (left > 0)
		(void)log_warn(0,
			       "%d mounts, swap areas or block devices remain, read-only",
			       left);
	return 0;
}
