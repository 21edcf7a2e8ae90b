// SPDX-License-Identifier: GPL-2.0-or-later
#include "pivot/network/networkd.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_arp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake-network.h"
#include "fake-root.h"
#include "unit.h"

static const uint8_t mac[6] = { 2, 0, 0, 0, 0, 1 };

static struct network_link links[8];
static struct network_address addresses[8];
static struct network_route routes_v4[8], routes_v6[8];
static struct network network;
static struct resolvers resolvers;
static struct network_file *files;
static size_t n_files;

/* lo, and a card eth0, which is 2. */
static void start(void)
{
	links[0] = (struct network_link){ .index = 1,
					  .name = "lo",
					  .flags = IFF_UP | IFF_LOOPBACK };
	links[1] = (struct network_link){
		.index = 2,
		.name = "eth0",
		.flags = IFF_UP,
		.type = ARPHRD_ETHER,
		.mtu = 1500,
		.address = { mac, 6 },
		.permanent = { mac, 6 },
	};
	network = (struct network){ .n_links = 2,
				    .link = links,
				    .address = addresses,
				    .route_v4 = routes_v4,
				    .route_v6 = routes_v6 };
	resolvers = (struct resolvers){ 0 };
}

static struct ip ip(const char *text)
{
	struct ip ip = { .family = strchr(text, ':') ? AF_INET6 : AF_INET };

	ck_assert_int_eq(inet_pton(ip.family, text, ip.byte), 1);
	return ip;
}

static struct network_address *add_address(int link, const char *text, uint8_t prefix,
					   uint32_t flags)
{
	struct network_address *a = &addresses[network.n_addresses++];

	*a = (struct network_address){ .index = link,
				       .prefix = prefix,
				       .flags = flags,
				       .local = ip(text),
				       .peer = ip(text) };
	a->family = a->local.family;
	return a;
}

static struct network_route *add_route(const char *to, uint8_t prefix,
				       const char *gateway, uint32_t link)
{
	const struct ip destination = ip(to);
	struct network_route *r = destination.family == AF_INET
					  ? &routes_v4[network.n_routes_v4++]
					  : &routes_v6[network.n_routes_v6++];

	*r = (struct network_route){ .family = destination.family,
				     .type = RTN_UNICAST,
				     .to_prefix = prefix,
				     .protocol = RTPROT_STATIC };
	r->hop.link = link;
	if (prefix > 0)
		r->to = destination;
	if (gateway)
		r->hop.gateway = ip(gateway);
	return r;
}

static const char *file(const char *name)
{
	for (size_t i = 0; i < n_files; i++)
		if (strcmp(files[i].name, name) == 0)
			return files[i].text;
	return "";
}

static void make(void)
{
	ck_assert_int_eq(networkd_files(&network, &resolvers, &files, &n_files), 0);
}

static void done(void)
{
	for (size_t i = 0; i < n_files; i++)
		free(files[i].text);
	free(files);
}

#define ETH0 "# eth0\n[Match]\nPermanentMACAddress=02:00:00:00:00:01\n"

START_TEST(writes_static_addresses_and_routes)
{
	start();
	add_address(1, "127.0.0.1", 8, IFA_F_PERMANENT)->scope = RT_SCOPE_HOST;
	(void)add_address(1, "::1", 128, IFA_F_PERMANENT);
	(void)add_address(2, "192.0.2.10", 24, IFA_F_PERMANENT);
	(void)add_address(2, "2001:db8::10", 64, IFA_F_PERMANENT);
	add_route("192.0.2.0", 24, NULL, 2)->protocol = RTPROT_KERNEL;
	(void)add_route("0.0.0.0", 0, "192.0.2.1", 2);
	(void)add_route("::", 0, "fe80::1", 2);
	make();
	ck_assert_uint_eq(n_files, 1);
	ck_assert_str_eq(file("30-pivot-eth0.network"),
			 ETH0 "\n[Network]\nIPv6AcceptRA=no\n"
			      "\n[Address]\nAddress=192.0.2.10/24\n"
			      "\n[Address]\nAddress=2001:db8::10/64\n"
			      "\n[Route]\nDestination=0.0.0.0/0\nGateway=192.0.2.1\n"
			      "\n[Route]\nDestination=::/0\nGateway=fe80::1\n");
	done();
}
END_TEST

/* Clouds give a host address, with a gateway outside of it. */
START_TEST(writes_a_gateway_that_is_on_link)
{
	struct network_route *gateway, *way_out;

	start();
	(void)add_address(2, "203.0.113.7", 32, IFA_F_PERMANENT);
	gateway = add_route("172.31.1.1", 32, NULL, 2);
	gateway->scope = RT_SCOPE_LINK;
	way_out = add_route("0.0.0.0", 0, "172.31.1.1", 2);
	way_out->flags = RTNH_F_ONLINK;
	way_out->has_metric = true;
	way_out->metric = 100;
	way_out->source = ip("203.0.113.7");
	make();
	ck_assert_str_eq(file("30-pivot-eth0.network"),
			 ETH0 "\n[Network]\nIPv6AcceptRA=no\n"
			      "\n[Address]\nAddress=203.0.113.7/32\n"
			      "\n[Route]\nDestination=172.31.1.1/32\nScope=link\n"
			      "\n[Route]\nDestination=0.0.0.0/0\nGateway=172.31.1.1\n"
			      "GatewayOnLink=yes\nMetric=100\n"
			      "PreferredSource=203.0.113.7\n");
	done();
}
END_TEST

START_TEST(asks_again_for_what_came_by_dhcp)
{
	start();
	(void)add_address(2, "192.0.2.10", 24, 0);
	(void)add_address(2, "192.0.2.99", 24, IFA_F_PERMANENT);
	add_route("0.0.0.0", 0, "192.0.2.1", 2)->protocol = RTPROT_BOOT;
	add_route("10.0.0.0", 8, "192.0.2.2", 2)->protocol = RTPROT_DHCP;
	(void)add_route("10.1.0.0", 16, "192.0.2.3", 2);
	make();
	ck_assert_str_eq(file("30-pivot-eth0.network"),
			 ETH0 "\n[Network]\nDHCP=ipv4\nIPv6AcceptRA=no\n"
			      "\n[Address]\nAddress=192.0.2.99/24\n"
			      "\n[Route]\nDestination=10.1.0.0/16\nGateway=192.0.2.3\n"
			      "\n[DHCPv4]\nClientIdentifier=mac\n");
	done();
}
END_TEST

START_TEST(asks_again_for_what_came_by_router_advertisements)
{
	start();
	(void)add_address(2, "2001:db8::1234", 64, IFA_F_MANAGETEMPADDR);
	(void)add_address(2, "2001:db8::9999", 64, IFA_F_TEMPORARY);
	(void)add_address(2, "fe80::ff:fe00:1", 64, IFA_F_PERMANENT);
	add_route("::", 0, "fe80::1", 2)->protocol = RTPROT_RA;
	make();
	ck_assert_str_eq(file("30-pivot-eth0.network"),
			 ETH0 "\n[Network]\nIPv6AcceptRA=yes\n");
	done();
	(void)add_address(2, "2001:db8::5", 128, 0);
	make();
	ck_assert_str_eq(file("30-pivot-eth0.network"),
			 ETH0 "\n[Network]\nDHCP=ipv6\nIPv6AcceptRA=yes\n");
	done();
}
END_TEST

/* Somebody gave it to the link, as to be a gateway: the kernel would not. */
START_TEST(keeps_a_link_local_address_that_is_not_the_kernel_s)
{
	start();
	(void)add_address(2, "fe80::1", 64, IFA_F_PERMANENT);
	(void)add_address(2, "fe80::abcd", 64, IFA_F_PERMANENT | IFA_F_STABLE_PRIVACY);
	make();
	ck_assert_str_eq(file("30-pivot-eth0.network"),
			 ETH0 "\n[Network]\nIPv6AcceptRA=no\n"
			      "\n[Address]\nAddress=fe80::1/64\n");
	done();
}
END_TEST

START_TEST(writes_what_is_special_about_addresses)
{
	struct network_address *a;

	start();
	a = add_address(2, "198.51.100.1", 32, IFA_F_PERMANENT | IFA_F_NOPREFIXROUTE);
	a->peer = ip("198.51.100.2");
	a->scope = RT_SCOPE_LINK;
	a = add_address(2, "2001:db8::1", 64,
			IFA_F_PERMANENT | IFA_F_DEPRECATED | IFA_F_NODAD);
	a->has_metric = true;
	a->metric = 77;
	make();
	ck_assert_str_eq(file("30-pivot-eth0.network"),
			 ETH0 "\n[Network]\nIPv6AcceptRA=no\n"
			      "\n[Address]\nAddress=198.51.100.1/32\n"
			      "Peer=198.51.100.2/32\nScope=link\nAddPrefixRoute=no\n"
			      "\n[Address]\nAddress=2001:db8::1/64\n"
			      "DuplicateAddressDetection=none\nPreferredLifetime=0\n"
			      "RouteMetric=77\n");
	done();
}
END_TEST

START_TEST(gives_resolvers_to_the_link_that_leads_out)
{
	start();
	links[2] = links[1];
	links[2].index = 3;
	links[2].name = "eth1";
	network.n_links = 3;
	(void)add_address(2, "10.0.0.1", 24, IFA_F_PERMANENT);
	(void)add_address(3, "192.0.2.10", 24, IFA_F_PERMANENT);
	(void)add_route("0.0.0.0", 0, "192.0.2.1", 3);
	resolvers = (struct resolvers){ .n = 2,
					.server = { "192.0.2.53", "fe80::53%eth0" },
					.search = "example.org example.net" };
	make();
	ck_assert_ptr_nonnull(
		strstr(file("30-pivot-eth1.network"),
		       "DNS=192.0.2.53\nDomains=example.org example.net\n"));
	ck_assert_ptr_nonnull(
		strstr(file("30-pivot-eth0.network"), "no\nDNS=fe80::53\n\n"));
	done();
}
END_TEST

/* But for a default one, without which nobody gets in. */
START_TEST(leaves_what_a_routing_daemon_has_learned_to_it)
{
	start();
	(void)add_address(2, "192.0.2.10", 24, IFA_F_PERMANENT);
	add_route("0.0.0.0", 0, "192.0.2.1", 2)->protocol = RTPROT_BGP;
	add_route("10.0.0.0", 8, "192.0.2.2", 2)->protocol = RTPROT_BGP;
	add_route("2001:db8:1::", 48, "fe80::1", 2)->protocol = RTPROT_ZEBRA;
	make();
	ck_assert_str_eq(file("30-pivot-eth0.network"),
			 ETH0 "\n[Network]\nIPv6AcceptRA=no\n"
			      "\n[Address]\nAddress=192.0.2.10/24\n"
			      "\n[Route]\nDestination=0.0.0.0/0\nGateway=192.0.2.1\n");
	done();
}
END_TEST

START_TEST(knows_a_card_by_its_mac_address_where_none_is_permanent)
{
	start();
	links[1].permanent = (struct network_hardware){ 0 };
	links[1].mtu = 9000;
	(void)add_address(2, "192.0.2.10", 24, IFA_F_PERMANENT);
	make();
	ck_assert_str_eq(file("30-pivot-eth0.network"),
			 "# eth0\n[Match]\nMACAddress=02:00:00:00:00:01\nKind=!*\n"
			 "\n[Link]\nMTUBytes=9000\n"
			 "\n[Network]\nIPv6AcceptRA=no\n"
			 "\n[Address]\nAddress=192.0.2.10/24\n");
	done();
}
END_TEST

START_TEST(leaves_out_what_is_down_or_has_nothing)
{
	start();
	make();
	ck_assert_uint_eq(n_files, 0);
	done();
	links[1].flags = 0;
	(void)add_address(2, "192.0.2.10", 24, IFA_F_PERMANENT);
	make();
	ck_assert_uint_eq(n_files, 0);
	done();
}
END_TEST

START_TEST(gives_loopback_what_belongs_to_no_link)
{
	start();
	(void)add_address(1, "203.0.113.1", 32, IFA_F_PERMANENT);
	add_route("10.0.0.0", 8, NULL, 0)->type = RTN_BLACKHOLE;
	add_route("2001:db8::", 32, NULL, 1)->type = RTN_UNREACHABLE;
	make();
	ck_assert_str_eq(file("30-pivot-lo.network"),
			 "# lo\n[Match]\nName=lo\n\n[Network]\n"
			 "\n[Address]\nAddress=203.0.113.1/32\n"
			 "\n[Route]\nDestination=10.0.0.0/8\nType=blackhole\n"
			 "\n[Route]\nDestination=2001:db8::/32\nType=unreachable\n");
	done();
}
END_TEST

/* A bond of two cards with a VLAN on it, a bridge with a card, a dummy; docker0. */
START_TEST(writes_a_recorded_server)
{
	struct network_dumps dumps;
	char *expected = fake_network_text("server.networkd"), *all;
	size_t size;
	FILE *stream = open_memstream(&all, &size);

	fake_network("server", &dumps);
	ck_assert_int_eq(network_parse(&dumps, &network), 0);
	resolvers = (struct resolvers){ .n = 1, .server = { "192.0.2.53" } };
	make();
	for (size_t i = 0; i < n_files; i++)
		(void)fprintf(stream, "%s# /etc/systemd/network/%s\n%s", i ? "\n" : "",
			      files[i].name, files[i].text);
	(void)fclose(stream);
	ck_assert_str_eq(all, expected);
	free(all);
	free(expected);
	done();
	network_done(&network);
	network_dumps_done(&dumps);
}
END_TEST

START_TEST(asks_who_is_not_this_machine)
{
	fake_root_make();
	fake_file("nameserver 127.0.0.53\nsearch a.example\n", "/etc/resolv.conf");
	fake_file(
		"# by systemd-resolved\nnameserver 192.0.2.1\n nameserver\t2001:db8::1\n"
		"nameserver fe80::1%eth0\nnameserver nonsense\nnameserver\n"
		"search . b.example c.example\noptions edns0\n",
		"/run/systemd/resolve/resolv.conf");
	resolvers_read(fake_root(), &resolvers);
	ck_assert_uint_eq(resolvers.n, 3);
	ck_assert_str_eq(resolvers.server[0], "192.0.2.1");
	ck_assert_str_eq(resolvers.server[1], "2001:db8::1");
	ck_assert_str_eq(resolvers.server[2], "fe80::1%eth0");
	ck_assert_str_eq(resolvers.search, "b.example c.example");
	fake_remove("/run");
	resolvers_read(fake_root(), &resolvers);
	ck_assert_uint_eq(resolvers.n, 0);
	ck_assert_str_eq(resolvers.search, "");
}
END_TEST

UNIT_MAIN("networkd", writes_static_addresses_and_routes,
	  writes_a_gateway_that_is_on_link, asks_again_for_what_came_by_dhcp,
	  asks_again_for_what_came_by_router_advertisements,
	  keeps_a_link_local_address_that_is_not_the_kernel_s,
	  writes_what_is_special_about_addresses,
	  gives_resolvers_to_the_link_that_leads_out,
	  leaves_what_a_routing_daemon_has_learned_to_it,
	  knows_a_card_by_its_mac_address_where_none_is_permanent,
	  leaves_out_what_is_down_or_has_nothing, gives_loopback_what_belongs_to_no_link,
	  writes_a_recorded_server, asks_who_is_not_this_machine)
