// SPDX-License-Identifier: GPL-2.0-or-later

/*
 * A router has a million routes that a daemon has learned from its neighbours: they are
 * no more of use in a target without that daemon than its neighbours would find a way
 * back.
 */

#include <string.h>

#include "pivot/base/macros.h"
#include "state.h"

/* FRR's static ones (196, "zstatic") are somebody's configuration. */
bool network_is_learned(uint8_t protocol)
{
	static const uint8_t daemons[] = {
		RTPROT_GATED, RTPROT_MRT,  RTPROT_ZEBRA, RTPROT_BIRD,  RTPROT_DNROUTED,
		RTPROT_XORP,  RTPROT_NTK,  RTPROT_BABEL, RTPROT_OPENR, RTPROT_BGP,
		RTPROT_ISIS,  RTPROT_OSPF, RTPROT_RIP,	 RTPROT_EIGRP,
	};

	return memchr(daemons, protocol, sizeof(daemons)) != NULL;
}

/* The main table's number fits the header. NULL: it is no such route. */
static const struct rtmsg *main_route(const struct nlmsghdr *message)
{
	const struct rtmsg *header = netlink_header(message, sizeof(*header));

	return header && header->rtm_table == RT_TABLE_MAIN &&
			       !(header->rtm_flags & RTM_F_CLONED)
		       ? header
		       : NULL;
}

static size_t count(const struct netlink_dump *routes)
{
	const struct nlmsghdr *message;
	size_t at = 0, n = 0;

	while ((message = netlink_next(routes, &at)))
		n += main_route(message) != NULL;
	return n;
}

/* Whoever brought it, without a default route nobody gets in. */
static bool may_stay_here(const struct rtmsg *route)
{
	return network_is_learned(route->rtm_protocol) && route->rtm_dst_len > 0;
}

size_t network_routes_thin(struct netlink_dump *routes, size_t max)
{
	const bool are_many = count(routes) > max;
	const struct nlmsghdr *message;
	size_t at = 0, end = 0, n_left_out = 0;

	while ((message = netlink_next(routes, &at))) {
		const struct rtmsg *route = main_route(message);
		const size_t bytes = NLMSG_ALIGN(message->nlmsg_len);

		if (route && are_many && may_stay_here(route)) {
			n_left_out++;
		} else if (route) {
			memmove(routes->data + end, message, message->nlmsg_len);
			end += bytes;
		}
	}
	routes->size = end < routes->size ? end : routes->size;
	return n_left_out;
}
