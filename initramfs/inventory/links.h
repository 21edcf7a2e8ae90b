/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Network interfaces, and what stands on what. */

#include <stdbool.h>
#include <stddef.h>

enum { LINKS_MAX = 512 };

struct link {
	char name[16];	/* IFNAMSIZ */
	char kind[16];	/* "bond", "vlan", "wlan": its DEVTYPE; else "virtual", "physical"
			 */
	char lower[48]; /* what it stands on, "eth1, eth2", as far as it fits; or "" */
	unsigned int index; /* ifindex */
	unsigned int depth; /* more than that of all that stand on it */
	bool is_up;
	bool is_virtual; /* the kernel made it up: no device carries it */
};

struct links {
	size_t n;
	bool has_more;
	struct link link[LINKS_MAX];
};

/*
 * <root>/sys/class/net: every interface but loopback, top down: what stands on others
 * before them (where a circle does not make that impossible), virtual ones before
 * physical ones, newer ones before older ones. 0 or negative errno.
 */
int links_read(const char *root, struct links *ret);

/* Is it to be deleted, once it is down? The kernel may still refuse: -EOPNOTSUPP. */
bool link_is_deletable(const struct link *link);
