/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Links, addresses and routes of a network namespace. Reading is apart from taking apart,
 * so that a recorded dump does as well: struct network only points into the dumps.
 * Sources: rtnetlink(7), and the kernel's
 * include/uapi/linux/{if_link,if_addr,rtnetlink}.h
 */

#include <linux/if.h>
#include <linux/rtnetlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "network.h"
#include "pivot/base/netlink.h"

struct network_dumps {
	struct netlink_dump links, addresses, routes_v4, routes_v6;
	struct netlink_dump bridge_vlans; /* of bridges and their ports */
};

/* Of the namespace of this process. Can hang. 0 or negative errno, silent. */
int network_dumps_read(struct network_dumps *ret);

/* The same in a child with a deadline; and how many routes the extent leaves out. */
int network_dumps_ask(enum network_extent extent, struct network_dumps *ret,
		      size_t *ret_n_left_out);

/*
 * Leaves out of routes those that nothing shows; and, where more than max are left, those
 * that a routing daemon has learned, but for default ones: how many of these.
 */
size_t network_routes_thin(struct netlink_dump *routes, size_t max);

/* Does the protocol of a route (RTPROT_*) say that a routing daemon has learned it? */
bool network_is_learned(uint8_t protocol);
void network_dumps_done(struct network_dumps *dumps);

/* An IP address; family AF_UNSPEC: there is none. */
struct ip {
	uint16_t family;
	uint8_t byte[16];
};

enum { IP_TEXT_BYTES = 48 };
char *ip_text(const struct ip *ip, char text[static IP_TEXT_BYTES]);
bool ip_is_equal(const struct ip *a, const struct ip *b);

/* Of a link layer: a MAC address, or what other links have for one. */
struct network_hardware {
	const uint8_t *byte; /* NULL: none */
	size_t n;
};

struct network_link {
	int index;
	unsigned int flags; /* IFF_* */
	uint16_t type;	    /* ARPHRD_* */
	uint8_t operstate;  /* IF_OPER_* */
	const char *name;
	const char *qdisc; /* or NULL */
	uint32_t mtu, tx_queue, group;
	uint32_t master;    /* an index, or 0 */
	bool has_lower;	    /* it stands on another one, or says that it has none: 0 */
	bool has_namespace; /* and that is in another namespace, of this number */
	int lower, namespace;
	struct network_hardware address, broadcast, permanent;
	bool is_held_down;		       /* "proto_down" */
	uint32_t held_down_by;		       /* a bit for each reason */
	const struct nlattr *names;	       /* IFLA_PROP_LIST, or NULL */
	const char *kind;		       /* "bond"; NULL: what a driver made */
	const char *port_kind;		       /* its master's, or NULL */
	const struct nlattr *data, *port_data; /* of these, or NULL */
	const struct nlattr
		*vlans; /* of a bridge, or a port of one: IFLA_AF_SPEC, or NULL */
};

struct network_address {
	int index; /* of the link */
	uint16_t family;
	uint8_t prefix, scope;
	uint32_t flags;	       /* IFA_F_* */
	struct ip local, peer; /* peer: the same where there is none */
	struct ip broadcast, anycast;
	const char *label; /* or NULL */
	bool has_metric, has_lifetimes;
	uint32_t metric;
	uint32_t valid_s, preferred_s; /* UINT32_MAX: for ever */
};

struct network_hop {
	struct ip gateway;
	struct ip via; /* the same, of another family than the route's */
	uint32_t link; /* an index, or 0 */
	uint8_t flags; /* RTNH_F_* */
	unsigned int weight;
	bool has_realms;
	uint32_t realms;
};

struct network_route {
	uint16_t family;
	uint8_t type; /* RTN_* */
	uint8_t to_prefix, from_prefix, tos, protocol, scope;
	unsigned int flags; /* RTNH_F_*, RTM_F_* */
	struct ip to, from, source;
	struct network_hop hop; /* but its flags and its weight */
	bool has_metric, has_user, has_preference, has_propagation;
	uint8_t preference; /* ICMPV6_ROUTER_PREF_* */
	uint8_t propagation;
	uint32_t metric, next_hop_id, mark, user, from_link;
	const struct rta_cacheinfo *cache; /* or NULL */
	const struct nlattr *metrics;	   /* RTA_METRICS, or NULL */
	const struct nlattr *hops; /* RTA_MULTIPATH, or NULL: see network_hop_next() */
};

/* Each in the order of the kernel. */
struct network {
	size_t n_links, n_addresses, n_routes_v4, n_routes_v6;
	struct network_link *link;
	struct network_address *address;
	/* those of the main table, as ip-route(8) shows them */
	struct network_route *route_v4, *route_v6;
};

#define NETWORK_INIT \
	{            \
		0    \
	}
#define auto_network auto_release(network_done)

/*
 * Takes dumps apart, which must live as long as the result. What is too short for what it
 * says is left out. 0 or -ENOMEM.
 */
int network_parse(const struct network_dumps *dumps, struct network *ret);
void network_done(struct network *network);

/* Of a route over several hops the one at *at, where 0 begins, moving on. False: there is
 * none. */
bool network_hop_next(const struct network_route *route, size_t *at,
		      struct network_hop *ret);

/* The link of that index, or NULL. */
const struct network_link *network_link(const struct network *network, int index);
