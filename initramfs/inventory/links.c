// SPDX-License-Identifier: GPL-2.0-or-later
#include "links.h"

#include <limits.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pivot/base/read.h"

enum { PAIRS_MAX = 2048 };

/* One stands on the other: places in struct links before it is sorted. */
struct pairs {
	size_t n;
	struct {
		unsigned short upper, lower;
	} pair[PAIRS_MAX];
};

bool link_is_deletable(const struct link *link)
{
	return link->is_virtual;
}

static void read_kind(const char *root, struct link *link)
{
	char text[256];
	const char *type = NULL;

	if (read_text(text, sizeof(text), root, "/sys/class/net/%s/uevent", link->name) >
	    0)
		type = strstr(text, "DEVTYPE=");
	if (type)
		(void)snprintf(link->kind, sizeof(link->kind), "%.*s",
			       (int)strcspn(type + 8, "\n"), type + 8);
	else
		strcpy(link->kind, link->is_virtual ? "virtual" : "physical");
}

/* False for what is no interface (bonding_masters), and for loopback. */
static bool link_read(const char *root, const char *name, struct link *ret)
{
	uint64_t flags, index;

	if (strlen(name) >= sizeof(ret->name) ||
	    read_u64(&flags, 16, root, "/sys/class/net/%s/flags", name) < 0 ||
	    read_u64(&index, 10, root, "/sys/class/net/%s/ifindex", name) < 0 ||
	    (flags & IFF_LOOPBACK))
		return false;
	*ret = (struct link){ .index = (unsigned int)index, .is_up = flags & IFF_UP };
	strcpy(ret->name, name);
	ret->is_virtual = read_exists(root, "/sys/devices/virtual/net/%s", name);
	/* a tunnel need not say what it runs over: whatever is physical goes last */
	ret->depth = ret->is_virtual ? 0 : LINKS_MAX;
	read_kind(root, ret);
	return true;
}

static int read_list(const char *root, struct links *ret)
{
	struct link more;
	struct dir dir;

	ret->n = 0;
	ret->has_more = false;
	dir_for_each (&dir, name, root, "/sys/class/net") {
		if (ret->n == LINKS_MAX)
			ret->has_more |= link_read(root, name, &more);
		else if (link_read(root, name, &ret->link[ret->n]))
			ret->n++;
	}
	return dir.error;
}

static void add_pair(struct links *links, size_t upper, size_t lower, struct pairs *pairs)
{
	char *text = links->link[upper].lower;
	const char *name = links->link[lower].name;
	size_t used = strlen(text);

	if (pairs->n == PAIRS_MAX)
		return;
	pairs->pair[pairs->n].upper = (unsigned short)upper;
	pairs->pair[pairs->n++].lower = (unsigned short)lower;
	if (used + strlen(name) + 3 <= sizeof(links->link[upper].lower))
		(void)snprintf(text + used, sizeof(links->link[upper].lower) - used,
			       "%s%s", used ? ", " : "", name);
}

static size_t find(const struct links *links, const char *name)
{
	size_t i = 0;

	while (i < links->n && strcmp(links->link[i].name, name) != 0)
		i++;
	return i;
}

/* X/lower_Y: X stands on Y. Source: netdev_adjacent_sysfs_add() in net/core/dev.c. */
static void read_pairs(const char *root, struct links *links, struct pairs *ret)
{
	ret->n = 0;
	for (size_t i = 0; i < links->n; i++) {
		bool is_lower[LINKS_MAX + 1] = { false };
		char path[64];
		struct dir dir;

		(void)snprintf(path, sizeof(path), "/sys/class/net/%s",
			       links->link[i].name);
		dir_for_each (&dir, name, root, path)
			if (strncmp(name, "lower_", 6) == 0)
				is_lower[find(links, name + 6)] = true;
		for (size_t j = links->n; j-- > 0;) /* the oldest first */
			if (is_lower[j])
				add_pair(links, i, j, ret);
	}
}

/* One round; a circle would go on for ever, and nothing is deeper than there are links.
 */
static bool sink(struct links *links, const struct pairs *pairs)
{
	bool has_changed = false;

	for (size_t i = 0; i < pairs->n; i++) {
		const struct link *upper = &links->link[pairs->pair[i].upper];
		struct link *lower = &links->link[pairs->pair[i].lower];

		if (lower->depth > upper->depth)
			continue;
		lower->depth = upper->depth + 1;
		has_changed = true;
	}
	return has_changed;
}

static int compare(const void *a, const void *b)
{
	const struct link *x = a, *y = b;

	if (x->depth != y->depth)
		return x->depth < y->depth ? -1 : 1;
	return x->index > y->index ? -1 : 1;
}

int links_read(const char *root, struct links *ret)
{
	static struct pairs pairs;
	int r = read_list(root, ret);

	qsort(ret->link, ret->n, sizeof(ret->link[0]), compare); /* by no chance */
	read_pairs(root, ret, &pairs);
	for (size_t round = 0; round < ret->n && sink(ret, &pairs);)
		round++;
	qsort(ret->link, ret->n, sizeof(ret->link[0]), compare);
	return r;
}
