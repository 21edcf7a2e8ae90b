/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The network of this machine as text, for a target that is to have the same.
 *
 * Links, addresses and routes come from rtnetlink(7), that is from the network namespace
 * of the process: they cannot be read below a root. The rest (names of protocols, DNS
 * servers) is read below one.
 */

#include <stdbool.h>
#include <stddef.h>

/* A file for /etc/systemd/network. */
struct network_file {
	char name[48]; /* "30-pivot-bond0.netdev", unique, without a folder */
	char *text;
};

/* ip= of a kernel's command line, around the name of the interface. */
struct network_ip {
	char before[64], after[64]; /* "": there is none */
	bool is_far;		    /* its gateway is in no network of the address */
};

struct network_texts {
	/* one line each, as of iproute2: ip --json addr, ip -4 and -6 --json route */
	char *addr, *route_v4, *route_v6;
	struct network_ip ip;
	size_t n_files;
	struct network_file *file; /* by name */
	char *left_out;		  /* links that have addresses and are not in these files,
				     "wg0, docker0"; or "" */
	size_t n_routes_left_out; /* anywhere: NETWORK_FOR_TARGET */
};

#define NETWORK_TEXTS_INIT \
	{                  \
		0          \
	}
#define auto_network_texts auto_release(network_texts_done)

enum network_extent {
	NETWORK_ALL,
	/* of a router that has too many routes those are left out that a routing daemon
	   has learned, and learns anew; but for default ones */
	NETWORK_FOR_TARGET,
};

/*
 * Needs no privileges. The kernel is asked with a deadline: it does not answer while a
 * driver hangs that has its rtnl lock. 0; -ETIMEDOUT; or negative errno; silent.
 */
int network_texts_read(const char *root, enum network_extent extent,
		       struct network_texts *ret);

void network_texts_done(struct network_texts *texts);
