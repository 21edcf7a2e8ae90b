// SPDX-License-Identifier: GPL-2.0-or-later
#include "state.h"

static int read_links(uint8_t family, uint32_t mask, struct netlink_dump *ret)
{
	const struct {
		struct ifinfomsg header;
		struct nlattr attribute;
		uint32_t mask;
	} request = {
		.header = { .ifi_family = family },
		.attribute = { .nla_len = NLA_HDRLEN + sizeof(uint32_t),
			       .nla_type = IFLA_EXT_MASK },
		.mask = mask,
	};

	return netlink_dump_read(RTM_GETLINK, &request, sizeof(request), ret);
}

static int read_addresses(struct netlink_dump *ret)
{
	const struct ifaddrmsg header = { .ifa_family = AF_UNSPEC };

	return netlink_dump_read(RTM_GETADDR, &header, sizeof(header), ret);
}

static int read_routes(uint8_t family, struct netlink_dump *ret)
{
	const struct rtmsg header = { .rtm_family = family };

	return netlink_dump_read(RTM_GETROUTE, &header, sizeof(header), ret);
}

int network_dumps_read(struct network_dumps *ret)
{
	struct network_dumps dumps = { 0 };
	/* what is counted per link would be most of the dump */
	int r = read_links(AF_UNSPEC, RTEXT_FILTER_SKIP_STATS, &dumps.links);

	if (r == 0)
		r = read_addresses(&dumps.addresses);
	if (r == 0)
		r = read_routes(AF_INET, &dumps.routes_v4);
	if (r == 0)
		r = read_routes(AF_INET6, &dumps.routes_v6);
	if (r == 0) /* a message for each port, and one for each bridge itself */
		r = read_links(AF_BRIDGE, RTEXT_FILTER_BRVLAN_COMPRESSED,
			       &dumps.bridge_vlans);
	if (r < 0)
		network_dumps_done(&dumps);
	else
		*ret = dumps;
	return r;
}

void network_dumps_done(struct network_dumps *dumps)
{
	netlink_dump_done(&dumps->links);
	netlink_dump_done(&dumps->addresses);
	netlink_dump_done(&dumps->routes_v4);
	netlink_dump_done(&dumps->routes_v6);
	netlink_dump_done(&dumps->bridge_vlans);
}
