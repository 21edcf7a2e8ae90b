// SPDX-License-Identifier: GPL-2.0-or-later
#include "links.h"

#include <net/if.h>
#include <string.h>

#include "pivot/base/read.h"

static bool is_up(const char *root, const char *name)
{
	uint64_t flags;

	return read_u64(&flags, 16, root, "/sys/class/net/%s/flags", name) == 0 &&
	       (flags & IFF_UP) && !(flags & IFF_LOOPBACK);
}

int links_read_up(const char *root, struct links *ret)
{
	struct dir dir;

	ret->n = 0;
	ret->has_more = false;
	dir_for_each (&dir, name, root, "/sys/class/net") {
		if (strlen(name) >= sizeof(ret->name[0]) || !is_up(root, name))
			continue;
		if (ret->n == LINKS_MAX)
			ret->has_more = true;
		else
			strcpy(ret->name[ret->n++], name);
	}
	return dir.error;
}
