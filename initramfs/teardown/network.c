// SPDX-License-Identifier: GPL-2.0-or-later
#include "stages.h"

#include <errno.h>

#include "deadline.h"
#include "initramfs/inventory/links.h"
#include "pivot/base/acts.h"
#include "pivot/base/child.h"
#include "pivot/base/log.h"
#include "pivot/base/read.h"

/*
 * Top down, as people take them apart: a bond that loses its NICs one by one reports
 * failures and moves its address about, and a bridge changes its own with each port.
 *
 * Interfaces of other network namespaces need nobody: a namespace ends with its last
 * process, or when the mount that holds it goes with the storage. Then the kernel deletes
 * what is virtual and moves NICs back, closed (default_device_exit_batch() in
 * net/core/dev.c). It does so in the background, and a NIC may not be back yet: unbinding
 * its driver closes it wherever it is.
 */

static int take_down(const void *link)
{
	return act_link_down(((const struct link *)link)->index);
}

static int delete_link(const void *link)
{
	return act_link_delete(((const struct link *)link)->index);
}

static int link_close(const struct teardown *teardown, const struct link *link)
{
	int r = child_run(take_down, link, teardown->handover.unbind_ms);

	if (r == 0)
		log_info("      %s is down", link->name);
	else if (r != -ENODEV) /* it went with what it stood on, or with a namespace */
		(void)log_warn(r, "cannot take %s down", link->name);
	return r;
}

static int link_delete(const struct teardown *teardown, const struct link *link)
{
	int r = child_run(delete_link, link, teardown->handover.unbind_ms);

	/* what comes with a module (sit0, tunl0) stays, whatever the kernel answers */
	if (r == 0 && !read_exists(teardown->root, "/sys/class/net/%s", link->name))
		log_info("      deleted %s (%s%s%s)", link->name, link->kind,
			 link->lower[0] ? " on " : "", link->lower);
	else if (r < 0 && r != -EOPNOTSUPP && r != -ENODEV)
		(void)log_warn(r, "cannot delete %s", link->name);
	return r;
}

int network_take_apart(struct teardown *teardown)
{
	static struct links links;
	int r = links_read(teardown->root, &links);

	if (r < 0)
		(void)log_warn(r, "cannot read the network interfaces");
	for (size_t i = 0; i < links.n; i++) {
		const struct link *link = &links.link[i];

		deadline_allow(teardown, 2 * teardown->handover.unbind_ms);
		r = link->is_up ? link_close(teardown, link) : 0;
		if (!child_is_in_doubt(r) && link_is_deletable(link))
			r = link_delete(teardown, link);
		/* it may hold the lock (rtnl) that all others need */
		if (child_is_in_doubt(r) || deadline_left_ms(teardown) == 0)
			break;
	}
	/* unbinding closes what is left; where the time is up it stays open, as at a
	 * plain kexec, and is closed by what its driver does at the jump, if anything */
	return 0;
}
