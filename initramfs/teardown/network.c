// SPDX-License-Identifier: GPL-2.0-or-later
#include "stages.h"

#include <errno.h>

#include "initramfs/child.h"
#include "initramfs/inventory/links.h"
#include "pivot/base/acts.h"
#include "pivot/base/log.h"

static int take_down(const void *name)
{
	return act_link_down(name);
}

int network_down(struct teardown *teardown)
{
	static struct links links;
	int r = links_read_up(teardown->root, &links);

	if (r < 0)
		(void)log_warn(r, "cannot read the network interfaces");
	for (size_t i = 0; i < links.n; i++) {
		r = child_run(take_down, links.name[i], teardown->handover.unbind_ms);
		if (r < 0)
			(void)log_warn(r, "cannot take %s down", links.name[i]);
		if (r == -ETIMEDOUT)
			break; /* it holds the lock (rtnl) that the others need */
		if (r == 0)
			log_info("      %s is down", links.name[i]);
	}
	return 0; /* the unbind that follows takes it down once more */
}
