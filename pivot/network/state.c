// SPDX-License-Identifier: GPL-2.0-or-later
#include "state.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <stdlib.h>
#include <string.h>

/* linux/if_addr.h and linux/rtnetlink.h of Debian 12 have all that is asked for here */
enum {
	LINK_ATTRS = IFLA_MAX + 1,
	ADDRESS_ATTRS = IFA_MAX + 1,
	ROUTE_ATTRS = RTA_MAX + 1
};

static size_t ip_size(uint16_t family)
{
	return family == AF_INET ? 4 : family == AF_INET6 ? 16 : 0;
}

static struct ip ip_of(uint16_t family, const void *data)
{
	struct ip ip = { .family = data ? family : AF_UNSPEC };

	if (data)
		memcpy(ip.byte, data, ip_size(family));
	return ip;
}

static struct ip ip_in(uint16_t family, const struct nlattr *attribute)
{
	return ip_of(family, netlink_data(attribute, ip_size(family)));
}

char *ip_text(const struct ip *ip, char text[static IP_TEXT_BYTES])
{
	text[0] = '\0';
	if (ip->family != AF_UNSPEC)
		(void)inet_ntop(ip->family, ip->byte, text, IP_TEXT_BYTES);
	return text;
}

bool ip_is_equal(const struct ip *a, const struct ip *b)
{
	return a->family == b->family && memcmp(a->byte, b->byte, sizeof(a->byte)) == 0;
}

/* --- links --- */

static struct network_hardware hardware_in(const struct nlattr *attribute)
{
	return (struct network_hardware){ .byte = netlink_data(attribute, 1),
					  .n = netlink_size(attribute) };
}

static void parse_kind(const struct nlattr *attribute, struct network_link *ret)
{
	const struct nlattr *info[IFLA_INFO_MAX + 1];

	netlink_attributes_in(attribute, info, IFLA_INFO_MAX + 1);
	ret->kind = netlink_text(info[IFLA_INFO_KIND]);
	ret->port_kind = netlink_text(info[IFLA_INFO_SLAVE_KIND]);
	ret->data = info[IFLA_INFO_DATA];
	ret->port_data = info[IFLA_INFO_SLAVE_DATA];
}

static uint32_t parse_reasons(const struct nlattr *attribute)
{
	const struct nlattr *reason[IFLA_PROTO_DOWN_REASON_MAX + 1];

	netlink_attributes_in(attribute, reason, IFLA_PROTO_DOWN_REASON_MAX + 1);
	return netlink_u32(reason[IFLA_PROTO_DOWN_REASON_VALUE]);
}

static bool parse_link(const struct nlmsghdr *message, void *item)
{
	const struct ifinfomsg *header = netlink_header(message, sizeof(*header));
	const struct nlattr *attr[LINK_ATTRS];
	struct network_link *ret = item;

	if (message->nlmsg_type != RTM_NEWLINK || !header)
		return false;
	netlink_attributes_of(message, sizeof(*header), attr, LINK_ATTRS);
	*ret = (struct network_link){
		.index = header->ifi_index,
		.flags = header->ifi_flags,
		.type = header->ifi_type,
		.operstate = netlink_u8(attr[IFLA_OPERSTATE]),
		.name = netlink_text(attr[IFLA_IFNAME]),
		.qdisc = netlink_text(attr[IFLA_QDISC]),
		.mtu = netlink_u32(attr[IFLA_MTU]),
		.tx_queue = netlink_u32(attr[IFLA_TXQLEN]),
		.group = netlink_u32(attr[IFLA_GROUP]),
		.master = netlink_u32(attr[IFLA_MASTER]),
		.has_lower = attr[IFLA_LINK],
		.lower = (int)netlink_u32(attr[IFLA_LINK]),
		.has_namespace = attr[IFLA_LINK_NETNSID],
		.namespace = (int)netlink_u32(attr[IFLA_LINK_NETNSID]),
		.address = hardware_in(attr[IFLA_ADDRESS]),
		.broadcast = hardware_in(attr[IFLA_BROADCAST]),
		.permanent = hardware_in(attr[IFLA_PERM_ADDRESS]),
		.is_held_down = netlink_u8(attr[IFLA_PROTO_DOWN]),
		.held_down_by = parse_reasons(attr[IFLA_PROTO_DOWN_REASON]),
		.names = attr[IFLA_PROP_LIST],
	};
	parse_kind(attr[IFLA_LINKINFO], ret);
	return ret->name;
}

/* A card with a switch in it may tell of its own in the same dump. */
static void add_vlans(const struct nlmsghdr *message, const struct network *network)
{
	const struct ifinfomsg *header = netlink_header(message, sizeof(*header));
	const struct nlattr *attr[LINK_ATTRS];
	uint32_t bridge;

	if (message->nlmsg_type != RTM_NEWLINK || !header)
		return;
	netlink_attributes_of(message, sizeof(*header), attr, LINK_ATTRS);
	bridge = netlink_u32(attr[IFLA_MASTER]);
	for (size_t i = 0; bridge && i < network->n_links; i++) {
		struct network_link *link = &network->link[i];

		if (link->index == header->ifi_index &&
		    (link->master == bridge || (uint32_t)link->index == bridge))
			link->vlans = attr[IFLA_AF_SPEC];
	}
}

/* --- addresses --- */

static void parse_lifetimes(const struct nlattr *attribute, struct network_address *ret)
{
	struct ifa_cacheinfo cache;
	const void *data = netlink_data(attribute, sizeof(cache));

	if (!data)
		return;
	memcpy(&cache, data, sizeof(cache));
	ret->has_lifetimes = true;
	ret->valid_s = cache.ifa_valid;
	ret->preferred_s = cache.ifa_prefered;
}

/* Other families have addresses too (MCTP), but not for us. */
static bool parse_address(const struct nlmsghdr *message, void *item)
{
	const struct ifaddrmsg *header = netlink_header(message, sizeof(*header));
	const struct nlattr *attr[ADDRESS_ATTRS];
	struct network_address *ret = item;
	uint16_t family;

	if (message->nlmsg_type != RTM_NEWADDR || !header || !ip_size(header->ifa_family))
		return false;
	family = header->ifa_family;
	netlink_attributes_of(message, sizeof(*header), attr, ADDRESS_ATTRS);
	*ret = (struct network_address){
		.index = (int)header->ifa_index,
		.family = family,
		.prefix = header->ifa_prefixlen,
		.scope = header->ifa_scope,
		/* the header has room for eight of them */
		.flags = attr[IFA_FLAGS] ? netlink_u32(attr[IFA_FLAGS])
					 : header->ifa_flags,
		.local = ip_in(family, attr[IFA_LOCAL] ?: attr[IFA_ADDRESS]),
		.peer = ip_in(family, attr[IFA_ADDRESS] ?: attr[IFA_LOCAL]),
		.broadcast = ip_in(family, attr[IFA_BROADCAST]),
		.anycast = ip_in(family, attr[IFA_ANYCAST]),
		.label = netlink_text(attr[IFA_LABEL]),
		.has_metric = attr[IFA_RT_PRIORITY],
		.metric = netlink_u32(attr[IFA_RT_PRIORITY]),
	};
	parse_lifetimes(attr[IFA_CACHEINFO], ret);
	return ret->local.family != AF_UNSPEC;
}

/* --- routes --- */

static struct ip parse_via(const struct nlattr *attribute)
{
	const struct rtvia *via = netlink_data(attribute, sizeof(*via));
	const size_t size = via ? ip_size(via->rtvia_family) : 0;

	if (size == 0 || netlink_size(attribute) < sizeof(*via) + size)
		return (struct ip){ 0 };
	return ip_of(via->rtvia_family, via->rtvia_addr);
}

static struct network_hop parse_hop(uint16_t family, const struct nlattr *const *attr)
{
	return (struct network_hop){
		.gateway = ip_in(family, attr[RTA_GATEWAY]),
		.via = parse_via(attr[RTA_VIA]),
		.link = netlink_u32(attr[RTA_OIF]),
		.has_realms = attr[RTA_FLOW],
		.realms = netlink_u32(attr[RTA_FLOW]),
	};
}

bool network_hop_next(const struct network_route *route, size_t *at,
		      struct network_hop *ret)
{
	const size_t left = netlink_size(route->hops) - *at;
	const char *data = netlink_data(route->hops, 0);
	const struct rtnexthop *hop = left ? (const void *)(data + *at) : NULL;
	const struct nlattr *attr[ROUTE_ATTRS];

	if (left < sizeof(*hop) || hop->rtnh_len < sizeof(*hop) || hop->rtnh_len > left)
		return false;
	*at += RTNH_ALIGN((size_t)hop->rtnh_len) < left
		       ? RTNH_ALIGN((size_t)hop->rtnh_len)
		       : left;
	netlink_attributes((const char *)hop + sizeof(*hop), hop->rtnh_len - sizeof(*hop),
			   attr, ROUTE_ATTRS);
	*ret = parse_hop(route->family, attr);
	ret->link = (uint32_t)hop->rtnh_ifindex;
	ret->flags = hop->rtnh_flags;
	ret->weight = hop->rtnh_hops + 1U;
	return true;
}

static uint32_t table_of(const struct rtmsg *header, const struct nlattr *const *attr)
{
	return attr[RTA_TABLE] ? netlink_u32(attr[RTA_TABLE]) : header->rtm_table;
}

/*
 * Exceptions (a path's MTU) come in the same dump, and IPv6 without policy routing has
 * the addresses of this machine in the main table.
 */
static bool is_shown(const struct rtmsg *header, const struct nlattr *const *attr)
{
	return table_of(header, attr) == RT_TABLE_MAIN &&
	       !(header->rtm_flags & RTM_F_CLONED) &&
	       !(header->rtm_family == AF_INET6 && header->rtm_type == RTN_LOCAL);
}

static void parse_route_rest(const struct nlattr *const *attr, struct network_route *ret)
{
	ret->hop = parse_hop(ret->family, attr);
	ret->has_metric = attr[RTA_PRIORITY];
	ret->metric = netlink_u32(attr[RTA_PRIORITY]);
	ret->has_user = attr[RTA_UID];
	ret->user = netlink_u32(attr[RTA_UID]);
	ret->has_preference = attr[RTA_PREF];
	ret->preference = netlink_u8(attr[RTA_PREF]);
	ret->has_propagation = attr[RTA_TTL_PROPAGATE];
	ret->propagation = netlink_u8(attr[RTA_TTL_PROPAGATE]);
	ret->next_hop_id = netlink_u32(attr[RTA_NH_ID]);
	ret->mark = netlink_u32(attr[RTA_MARK]);
	ret->from_link = netlink_u32(attr[RTA_IIF]);
	ret->cache = netlink_data(attr[RTA_CACHEINFO], sizeof(*ret->cache));
	ret->metrics = attr[RTA_METRICS];
	ret->hops = attr[RTA_MULTIPATH];
}

static bool parse_route(const struct nlmsghdr *message, void *item)
{
	const struct rtmsg *header = netlink_header(message, sizeof(*header));
	const struct nlattr *attr[ROUTE_ATTRS];
	struct network_route *ret = item;

	if (message->nlmsg_type != RTM_NEWROUTE || !header ||
	    !ip_size(header->rtm_family))
		return false;
	netlink_attributes_of(message, sizeof(*header), attr, ROUTE_ATTRS);
	if (!is_shown(header, attr))
		return false;
	*ret = (struct network_route){
		.family = header->rtm_family,
		.type = header->rtm_type,
		.to_prefix = header->rtm_dst_len,
		.from_prefix = header->rtm_src_len,
		.tos = header->rtm_tos,
		.protocol = header->rtm_protocol,
		.scope = header->rtm_scope,
		.flags = header->rtm_flags,
		.to = ip_in(header->rtm_family, attr[RTA_DST]),
		.from = ip_in(header->rtm_family, attr[RTA_SRC]),
		.source = ip_in(header->rtm_family, attr[RTA_PREFSRC]),
	};
	parse_route_rest(attr, ret);
	return true;
}

/* --- all of it --- */

static size_t count(const struct netlink_dump *dump)
{
	size_t n = 0, at = 0;

	while (netlink_next(dump, &at))
		n++;
	return n;
}

/* An item for each message that parse() takes, in one array, or NULL. */
static void *parse_all(const struct netlink_dump *dump, size_t item_size,
		       bool (*parse)(const struct nlmsghdr *message, void *item),
		       size_t *ret_n)
{
	char *items = calloc(count(dump) + 1, item_size);
	const struct nlmsghdr *message;
	size_t at = 0, n = 0;

	while (items && (message = netlink_next(dump, &at)))
		if (parse(message, items + n * item_size))
			n++;
	*ret_n = n;
	return items;
}

int network_parse(const struct network_dumps *dumps, struct network *ret)
{
	const struct nlmsghdr *message;
	struct network all;
	size_t at = 0;

	all.link = parse_all(&dumps->links, sizeof(*all.link), parse_link, &all.n_links);
	all.address = parse_all(&dumps->addresses, sizeof(*all.address), parse_address,
				&all.n_addresses);
	all.route_v4 = parse_all(&dumps->routes_v4, sizeof(*all.route_v4), parse_route,
				 &all.n_routes_v4);
	all.route_v6 = parse_all(&dumps->routes_v6, sizeof(*all.route_v6), parse_route,
				 &all.n_routes_v6);
	if (!all.link || !all.address || !all.route_v4 || !all.route_v6) {
		network_done(&all);
		return -ENOMEM;
	}
	while ((message = netlink_next(&dumps->bridge_vlans, &at)))
		add_vlans(message, &all);
	*ret = all;
	return 0;
}

void network_done(struct network *network)
{
	free(network->link);
	free(network->address);
	free(network->route_v4);
	free(network->route_v6);
	*network = (struct network){ 0 };
}

const struct network_link *network_link(const struct network *network, int index)
{
	for (size_t i = 0; i < network->n_links; i++)
		if (network->link[i].index == index)
			return &network->link[i];
	return NULL;
}
