/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Network interfaces. */

#include <stdbool.h>
#include <stddef.h>

enum { LINKS_MAX = 512 };

struct links {
	size_t n;
	bool has_more;
	char name[LINKS_MAX][16]; /* IFNAMSIZ */
};

/* <root>/sys/class/net: every interface that is up, without loopback. 0 or negative
 * errno. */
int links_read_up(const char *root, struct links *ret);
