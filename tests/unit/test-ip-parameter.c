// SPDX-License-Identifier: GPL-2.0-or-later
#include "pivot/network/ip-parameter.h"

#include <arpa/inet.h>
#include <linux/if_addr.h>
#include <stdio.h>
#include <string.h>

#include "unit.h"

static struct network_address addresses[4];
static struct network_route routes[4];
static struct network network;
static struct resolvers resolvers;

static void start(void)
{
	network = (struct network){ .address = addresses, .route_v4 = routes };
	resolvers = (struct resolvers){ 0 };
}

static struct ip ip(const char *text)
{
	struct ip ip = { .family = strchr(text, ':') ? AF_INET6 : AF_INET };

	ck_assert_int_eq(inet_pton(ip.family, text, ip.byte), 1);
	return ip;
}

static void add_address(int link, const char *text, uint8_t prefix)
{
	addresses[network.n_addresses++] = (struct network_address){
		.index = link,
		.family = ip(text).family,
		.prefix = prefix,
		.flags = IFA_F_PERMANENT,
		.local = ip(text),
		.peer = ip(text),
	};
}

static struct network_route *add_default(int link, const char *gateway, uint32_t metric)
{
	struct network_route *route = &routes[network.n_routes_v4++];

	*route = (struct network_route){
		.family = AF_INET,
		.type = RTN_UNICAST,
		.metric = metric,
		.hop = { .gateway = ip(gateway), .link = (uint32_t)link },
	};
	return route;
}

/* For eth0. */
static const char *parameter(void)
{
	static char text[160];
	struct network_ip said;

	network_ip_parameter(&network, &resolvers, &said);
	(void)snprintf(text, sizeof(text), "%s%s%s%s", said.before,
		       said.before[0] ? "eth0" : "", said.after,
		       said.is_far ? " far" : "");
	return text;
}

START_TEST(says_the_address_and_where_it_leads)
{
	start();
	add_address(2, "2001:db8::7", 64);
	add_address(2, "192.0.2.7", 24);
	add_default(2, "192.0.2.1", 0);
	ck_assert_str_eq(parameter(), "ip=192.0.2.7::192.0.2.1:255.255.255.0::eth0:none");
	addresses[1].prefix = 0;
	ck_assert_str_eq(parameter(), "ip=192.0.2.7::192.0.2.1:0.0.0.0::eth0:none");
}
END_TEST

START_TEST(says_whom_to_ask_for_names)
{
	start();
	add_address(2, "192.0.2.7", 24);
	add_default(2, "192.0.2.1", 0);
	resolvers = (struct resolvers){
		.n = 4,
		.server = { "2001:db8::53", "192.0.2.53", "192.0.2.54", "192.0.2.55" },
	};
	ck_assert_str_eq(parameter(), "ip=192.0.2.7::192.0.2.1:255.255.255.0::eth0:none:"
				      "192.0.2.53:192.0.2.54");
}
END_TEST

START_TEST(takes_the_best_way_out)
{
	start();
	add_address(2, "192.0.2.7", 24);
	add_address(3, "198.51.100.7", 25);
	add_default(2, "192.0.2.1", 100);
	add_default(3, "198.51.100.1", 50);
	ck_assert_str_eq(parameter(),
			 "ip=198.51.100.7::198.51.100.1:255.255.255.128::eth0:none");
}
END_TEST

START_TEST(takes_the_address_that_the_route_names_or_the_gateway_is_near)
{
	start();
	add_address(2, "203.0.113.9", 32);
	add_address(2, "192.0.2.7", 24);
	add_address(2, "192.0.2.8", 24);
	add_default(2, "192.0.2.1", 0);
	ck_assert_str_eq(parameter(), "ip=192.0.2.7::192.0.2.1:255.255.255.0::eth0:none");
	routes[0].source = ip("192.0.2.8");
	ck_assert_str_eq(parameter(), "ip=192.0.2.8::192.0.2.1:255.255.255.0::eth0:none");
}
END_TEST

START_TEST(knows_a_gateway_that_is_next_to_nothing)
{
	start();
	add_address(2, "203.0.113.9", 32);
	add_default(2, "172.31.1.1", 0);
	ck_assert_str_eq(parameter(),
			 "ip=203.0.113.9::172.31.1.1:255.255.255.255::eth0:none far");
}
END_TEST

START_TEST(asks_again_for_what_dhcp_gave)
{
	start();
	add_address(2, "192.0.2.7", 24);
	addresses[0].flags = 0;
	add_default(2, "192.0.2.1", 0);
	ck_assert_str_eq(parameter(), "ip=:::::eth0:dhcp");
}
END_TEST

START_TEST(says_nothing_where_nothing_leads_out)
{
	start();
	ck_assert_str_eq(parameter(), "");
	add_address(2, "192.0.2.7", 24);
	ck_assert_str_eq(parameter(), "");
	add_default(2, "192.0.2.1", 0)->to_prefix = 8;
	ck_assert_str_eq(parameter(), "");
	add_default(2, "fe80::1", 0); /* by IPv6, which ip= has no word for */
	ck_assert_str_eq(parameter(), "");
}
END_TEST

UNIT_MAIN("ip-parameter", says_the_address_and_where_it_leads, says_whom_to_ask_for_names,
	  takes_the_best_way_out,
	  takes_the_address_that_the_route_names_or_the_gateway_is_near,
	  knows_a_gateway_that_is_next_to_nothing, asks_again_for_what_dhcp_gave,
	  says_nothing_where_nothing_leads_out)
