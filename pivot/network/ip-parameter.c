// SPDX-License-Identifier: GPL-2.0-or-later
#include "ip-parameter.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "networkd-parts.h"

enum { SERVERS_MAX = 2, MASK_BYTES = 16 };

static uint32_t number_of(const struct ip *ip)
{
	uint32_t number;

	memcpy(&number, ip->byte, sizeof(number));
	return ntohl(number);
}

static uint32_t mask_of(unsigned int prefix)
{
	return prefix ? UINT32_MAX << (32 - prefix) : 0;
}

static const struct network_route *default_route(const struct network *network)
{
	const struct network_route *best = NULL;

	for (size_t i = 0; i < network->n_routes_v4; i++) {
		const struct network_route *route = &network->route_v4[i];

		if (route->to_prefix == 0 && route->type == RTN_UNICAST &&
		    route->hop.gateway.family == AF_INET &&
		    (!best || route->metric < best->metric))
			best = route;
	}
	return best;
}

static bool is_neighbour(const struct network_address *address, const struct ip *gateway)
{
	return ((number_of(&address->local) ^ number_of(gateway)) &
		mask_of(address->prefix)) == 0;
}

/* What the route says, or else what its gateway is next to, or else the first one. */
static const struct network_address *address_of(const struct network *network,
						const struct network_route *route)
{
	const struct network_address *first = NULL, *near = NULL;

	for (size_t i = 0; i < network->n_addresses; i++) {
		const struct network_address *a = &network->address[i];

		if (a->family != AF_INET || a->index != (int)route->hop.link)
			continue;
		if (ip_is_equal(&a->local, &route->source))
			return a;
		if (!near && is_neighbour(a, &route->hop.gateway))
			near = a;
		first = first ?: a;
	}
	return near ?: first;
}

static void add_servers(const struct resolvers *resolvers, struct network_ip *ip)
{
	struct in_addr address;
	size_t used = strlen(ip->after);
	int n = 0;

	for (size_t i = 0; i < resolvers->n && n < SERVERS_MAX; i++) {
		if (inet_pton(AF_INET, resolvers->server[i], &address) != 1)
			continue;
		used += (size_t)snprintf(ip->after + used, sizeof(ip->after) - used,
					 ":%s", resolvers->server[i]);
		n++;
	}
}

void network_ip_parameter(const struct network *network,
			  const struct resolvers *resolvers, struct network_ip *ret)
{
	const struct network_route *route = default_route(network);
	const struct network_address *address = route ? address_of(network, route) : NULL;
	char local[IP_TEXT_BYTES], gateway[IP_TEXT_BYTES], mask[MASK_BYTES];
	struct in_addr number;

	*ret = (struct network_ip){ 0 };
	if (!address)
		return;
	if (networkd_address_origin(address) == ORIGIN_DHCP) {
		(void)snprintf(ret->before, sizeof(ret->before), "ip=:::::");
		(void)snprintf(ret->after, sizeof(ret->after), ":dhcp");
		return;
	}
	number.s_addr = htonl(mask_of(address->prefix));
	(void)snprintf(ret->before, sizeof(ret->before),
		       "ip=%s::%s:%s::", ip_text(&address->local, local),
		       ip_text(&route->hop.gateway, gateway),
		       inet_ntop(AF_INET, &number, mask, sizeof(mask)));
	(void)snprintf(ret->after, sizeof(ret->after), ":none");
	add_servers(resolvers, ret);
	ret->is_far = !is_neighbour(address, &route->hop.gateway);
}
