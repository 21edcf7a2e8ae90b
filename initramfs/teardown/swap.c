// SPDX-License-Identifier: GPL-2.0-or-later
#include "stages.h"

#include <errno.h>
#include <string.h>

#include "initramfs/inventory/blocks.h"
#include "pivot/base/acts.h"
#include "pivot/base/child.h"
#include "pivot/base/log.h"
#include "pivot/base/read.h"

/* What was swapped out comes back page by page, which may take long. */
struct swapping {
	const char *root;
	char text[2048]; /* of /proc/swaps, as it was */
};

static int swap_off(const void *path)
{
	return act_swapoff(path);
}

static bool is_emptying(void *data)
{
	struct swapping *swapping = data;
	char text[sizeof(swapping->text)];

	if (read_text(text, sizeof(text), swapping->root, "/proc/swaps") < 0 ||
	    strcmp(text, swapping->text) == 0)
		return false;
	strcpy(swapping->text, text);
	return true;
}

int swaps_off(struct teardown *teardown, size_t *did)
{
	struct swapping swapping = { .root = teardown->root };
	static struct swaps swaps;
	int left = 0, r = swaps_read(teardown->root, &swaps);

	if (r < 0)
		return log_err(r, "cannot read /proc/swaps");
	for (size_t i = 0; i < swaps.n; i++) {
		(void)is_emptying(&swapping);
		r = child_run_while(swap_off, swaps.path[i], teardown->handover.detach_ms,
				    is_emptying, &swapping);
		if (r < 0) {
			left++;
			continue;
		}
		(*did)++;
		log_info("      swap off: %s", swaps.path[i]);
	}
	return left;
}
