/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Who answers questions about names. */

#include <stddef.h>

enum { RESOLVERS_MAX = 8, RESOLVER_BYTES = 64, SEARCH_BYTES = 512 };

struct resolvers {
	size_t n;
	char server[RESOLVERS_MAX][RESOLVER_BYTES]; /* "192.0.2.1", "fe80::1%eth0" */
	char search[SEARCH_BYTES];		    /* domains, a blank between them */
};

/*
 * Of the first file below <root> that has one beside this machine itself:
 * /etc/resolv.conf, then where systemd-resolved and NetworkManager say whom they ask.
 * None: n is 0.
 */
void resolvers_read(const char *root, struct resolvers *ret);
