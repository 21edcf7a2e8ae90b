// SPDX-License-Identifier: GPL-2.0-or-later
#include <linux/icmpv6.h>

#include "networkd-parts.h"
#include "pivot/base/macros.h"

static const struct {
	unsigned int metric;
	const char *name;
} metrics[] = {
	{ RTAX_MTU, "MTUBytes" },
	{ RTAX_ADVMSS, "TCPAdvertisedMaximumSegmentSize" },
	{ RTAX_INITCWND, "InitialCongestionWindow" },
	{ RTAX_INITRWND, "InitialAdvertisedReceiveWindow" },
	{ RTAX_QUICKACK, "QuickAck" },
};

/* Whoever brought it, without a default route nobody gets in. */
static bool is_learned(const struct network_route *route)
{
	return network_is_learned(route->protocol) && route->to_prefix > 0;
}

/* Without its type those of no use here are none either. */
enum networkd_origin networkd_route_origin(const struct network_route *route)
{
	switch (route->type) {
	case RTN_UNICAST:
	case RTN_BLACKHOLE:
	case RTN_UNREACHABLE:
	case RTN_PROHIBIT:
	case RTN_THROW:
		break;
	default:
		return ORIGIN_SELF;
	}
	if (route->protocol == RTPROT_KERNEL || route->protocol == RTPROT_REDIRECT ||
	    is_learned(route))
		return ORIGIN_SELF;
	if (route->protocol == RTPROT_DHCP)
		return route->family == AF_INET ? ORIGIN_DHCP : ORIGIN_DHCPV6;
	return route->protocol == RTPROT_RA ? ORIGIN_RA : ORIGIN_STATIC;
}

static void write_type(FILE *file, uint8_t type)
{
	static const char *const names[] = {
		[RTN_BLACKHOLE] = "blackhole",
		[RTN_UNREACHABLE] = "unreachable",
		[RTN_PROHIBIT] = "prohibit",
		[RTN_THROW] = "throw",
	};

	if (type < array_size(names) && names[type])
		(void)fprintf(file, "Type=%s\n", names[type]);
}

static const struct ip *gateway_of(const struct network_hop *hop)
{
	return hop->gateway.family ? &hop->gateway : &hop->via;
}

/* Where nothing says it, networkd has a guess of its own for IPv4. */
static void write_scope(FILE *file, const struct network_route *route)
{
	if (route->family != AF_INET || route->type != RTN_UNICAST)
		return;
	if (route->scope == RT_SCOPE_LINK)
		(void)fprintf(file, "Scope=link\n");
	else if (route->scope == RT_SCOPE_HOST)
		(void)fprintf(file, "Scope=host\n");
	else if (route->scope == RT_SCOPE_UNIVERSE && !route->hops &&
		 gateway_of(&route->hop)->family == AF_UNSPEC)
		(void)fprintf(file, "Scope=global\n");
}

static void write_gateway(FILE *file, const struct network_route *route)
{
	const struct ip *gateway = gateway_of(&route->hop);
	char text[IP_TEXT_BYTES];

	if (gateway->family == AF_UNSPEC)
		return;
	(void)fprintf(file, "Gateway=%s\n", ip_text(gateway, text));
	if (route->flags & RTNH_F_ONLINK)
		(void)fprintf(file, "GatewayOnLink=yes\n");
}

/* A card may have another name there: then the kernel has to find it by the gateway. */
static void write_hops(FILE *file, const struct network *network,
		       const struct network_route *route)
{
	char text[IP_TEXT_BYTES];
	struct network_hop hop;
	size_t at = 0;

	while (network_hop_next(route, &at, &hop)) {
		const struct network_link *link = network_link(network, (int)hop.link);
		const struct ip *gateway = gateway_of(&hop);
		const bool has_name = link && networkd_is_made(link);

		if (gateway->family == AF_UNSPEC)
			continue;
		(void)fprintf(file, "MultiPathRoute=%s%s%s %u\n", ip_text(gateway, text),
			      has_name ? "@" : "", has_name ? link->name : "",
			      hop.weight);
	}
}

static void write_metrics(FILE *file, const struct network_route *route)
{
	const struct nlattr *attr[RTAX_MAX + 1];

	netlink_attributes_in(route->metrics, attr, RTAX_MAX + 1);
	for (size_t i = 0; i < array_size(metrics); i++) {
		const uint32_t value = netlink_u32(attr[metrics[i].metric]);

		if (value != 0)
			(void)fprintf(file, "%s=%u\n", metrics[i].name, value);
	}
}

static void write_rest(FILE *file, const struct network_route *route)
{
	char text[IP_TEXT_BYTES];

	if (route->has_metric)
		(void)fprintf(file, "Metric=%u\n", route->metric);
	if (route->source.family)
		(void)fprintf(file, "PreferredSource=%s\n",
			      ip_text(&route->source, text));
	if (route->tos)
		(void)fprintf(file, "TypeOfService=%u\n", route->tos);
	if (route->has_preference && route->preference == ICMPV6_ROUTER_PREF_LOW)
		(void)fprintf(file, "IPv6Preference=low\n");
	if (route->has_preference && route->preference == ICMPV6_ROUTER_PREF_HIGH)
		(void)fprintf(file, "IPv6Preference=high\n");
}

void networkd_write_route(FILE *file, const struct network *network,
			  const struct network_route *route)
{
	const struct ip any = { .family = route->family };
	char text[IP_TEXT_BYTES];

	(void)fprintf(file, "\n[Route]\nDestination=%s/%u\n",
		      ip_text(route->to.family ? &route->to : &any, text),
		      route->to_prefix);
	if (route->from.family)
		(void)fprintf(file, "Source=%s/%u\n", ip_text(&route->from, text),
			      route->from_prefix);
	write_type(file, route->type);
	write_gateway(file, route);
	write_hops(file, network, route);
	write_scope(file, route);
	write_rest(file, route);
	write_metrics(file, route);
}
