// SPDX-License-Identifier: GPL-2.0-or-later

/*
 * What iproute2 says of a network, out of recorded dumps of the same. The recordings come
 * with what it has said; tests/networks.py has what they are of.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fake-network.h"
#include "fake-root.h"
#include "pivot/network/json.h"
#include "unit.h"

static struct network_dumps dumps;
static struct network network;
static struct network_names names;

static void take(const char *name)
{
	fake_root_make();
	fake_file("99 openr\n", "/etc/iproute2/rt_protos");
	network_names_read(fake_root(), &names);
	fake_network(name, &dumps);
	ck_assert_int_eq(network_parse(&dumps, &network), 0);
}

static void take_done(void)
{
	network_done(&network);
	network_dumps_done(&dumps);
}

/* They are too long for a message of Check's. */
static void assert_text(const char *text, const char *expected)
{
	size_t same = 0;

	while (text[same] && text[same] == expected[same])
		same++;
	text += same > 40 ? same - 40 : 0;
	expected += same > 40 ? same - 40 : 0;
	if (strcmp(text, expected) != 0)
		ck_abort_msg("'%.80s' and not '%.80s'", text, expected);
}

/* The three lines of ip, but for the time between recording and asking it. */
static void assert_as_recorded(const char *name)
{
	char file[64], *addr, *route_v4, *route_v6, *all, *expected;

	take(name);
	ck_assert_int_eq(network_addr_json(&network, &names, &addr), 0);
	ck_assert_int_eq(network_route_json(&network, &names, AF_INET, &route_v4), 0);
	ck_assert_int_eq(network_route_json(&network, &names, AF_INET6, &route_v6), 0);
	(void)snprintf(file, sizeof(file), "%s.json", name);
	expected = fake_network_text(file);
	ck_assert_int_gt(asprintf(&all, "%s%s%s", addr, route_v4, route_v6), 0);
	assert_text(all, expected);
	free(addr);
	free(route_v4);
	free(route_v6);
	free(all);
	free(expected);
	take_done();
}

START_TEST(says_of_addresses_what_ip_says)
{
	assert_as_recorded("addresses");
}
END_TEST

START_TEST(says_of_tentative_addresses_what_ip_says)
{
	assert_as_recorded("tentative");
}
END_TEST

START_TEST(says_of_links_what_ip_says)
{
	assert_as_recorded("links");
}
END_TEST

START_TEST(says_of_bonds_and_vlans_and_tunnels_what_ip_says)
{
	assert_as_recorded("stack");
}
END_TEST

START_TEST(says_of_routes_what_ip_says)
{
	assert_as_recorded("routes-v4");
	assert_as_recorded("routes-v6");
}
END_TEST

START_TEST(says_of_dead_routes_what_ip_says)
{
	assert_as_recorded("dead");
}
END_TEST

START_TEST(says_of_nothing_what_ip_says)
{
	assert_as_recorded("nothing");
}
END_TEST

static size_t count(const char *text, const char *part)
{
	size_t n = 0;

	for (; (text = strstr(text, part)); text++)
		n++;
	return n;
}

/* One of BIRD, one of Open/R; behind them those of other tables, which nothing shows. */
START_TEST(leaves_learned_routes_of_a_large_table_out)
{
	char *all, *less;
	size_t size;

	take("routes-v4");
	size = dumps.routes_v4.size;
	ck_assert_int_eq(network_route_json(&network, &names, AF_INET, &all), 0);
	network_done(&network);
	ck_assert_uint_eq(network_routes_thin(&dumps.routes_v4, 10000), 0);
	ck_assert_uint_lt(dumps.routes_v4.size, size);
	ck_assert_int_eq(network_parse(&dumps, &network), 0);
	ck_assert_int_eq(network_route_json(&network, &names, AF_INET, &less), 0);
	assert_text(less, all);
	free(less);
	network_done(&network);
	ck_assert_uint_eq(network_routes_thin(&dumps.routes_v4, 5), 2);
	ck_assert_int_eq(network_parse(&dumps, &network), 0);
	ck_assert_int_eq(network_route_json(&network, &names, AF_INET, &less), 0);
	ck_assert_uint_eq(count(less, "\"dst\""), count(all, "\"dst\"") - 2);
	ck_assert_ptr_null(strstr(less, "bird"));
	ck_assert_ptr_null(strstr(less, "openr"));
	free(less);
	free(all);
	take_done();
}
END_TEST

START_TEST(keeps_a_default_route_that_was_learned)
{
	struct {
		struct nlmsghdr message;
		struct rtmsg route;
	} routes[2];
	struct netlink_dump dump = { sizeof(routes), (char *)routes };

	for (uint8_t i = 0; i < 2; i++) {
		routes[i].message = (struct nlmsghdr){ .nlmsg_type = RTM_NEWROUTE,
						       .nlmsg_len = sizeof(routes[i]) };
		routes[i].route = (struct rtmsg){ .rtm_family = AF_INET,
						  .rtm_table = RT_TABLE_MAIN,
						  .rtm_protocol = RTPROT_BGP,
						  .rtm_dst_len = i ? 0 : 8 };
	}
	ck_assert_uint_eq(network_routes_thin(&dump, 1), 1);
	ck_assert_uint_eq(dump.size, sizeof(routes[0]));
	ck_assert_uint_eq(routes[0].route.rtm_dst_len, 0);
}
END_TEST

/* A file of names is not asked for what has one without it. */
START_TEST(takes_names_of_numbers_from_files)
{
	char text[NAME_BYTES];

	fake_root_make();
	fake_file("#\n# reserved\n\n77\tmine\n0x4e more # than that\n4 other\n",
		  "/etc/iproute2/rt_protos");
	fake_file("78 last\n", "/etc/iproute2/rt_protos.d/x.conf");
	fake_file("79 no\n", "/etc/iproute2/rt_protos.d/README");
	fake_file("80 new\n77 old\n", "/usr/share/iproute2/rt_protos");
	network_names_read(fake_root(), &names);
	ck_assert_str_eq(network_name(&names, NAME_PROTOCOL, 77, text), "mine");
	ck_assert_str_eq(network_name(&names, NAME_PROTOCOL, 78, text), "last");
	ck_assert_str_eq(network_name(&names, NAME_PROTOCOL, 79, text), "79");
	ck_assert_str_eq(network_name(&names, NAME_PROTOCOL, 80, text), "new");
	ck_assert_str_eq(network_name(&names, NAME_PROTOCOL, 4, text), "static");
	ck_assert_str_eq(network_name(&names, NAME_SCOPE, 77, text), "77");
	ck_assert_str_eq(network_name(&names, NAME_TOS, 16, text), "0x10");
}
END_TEST

/* Messages of which nothing is believed: cut short at many a byte. */
START_TEST(takes_dumps_that_end_anywhere)
{
	struct netlink_dump *const all[] = { &dumps.links, &dumps.addresses,
					     &dumps.routes_v4, &dumps.routes_v6 };
	char *text;

	take("routes-v4");
	for (size_t i = 0; i < 4; i++) {
		const size_t size = all[i]->size;

		for (size_t end = 0; end < size; end += 41) {
			struct network cut;
			struct nlmsghdr *first = (void *)all[i]->data;
			const uint32_t first_size = first->nlmsg_len;

			all[i]->size = end;
			if (end >= sizeof(*first) && first_size > end)
				first->nlmsg_len = (uint32_t)end;
			ck_assert_int_eq(network_parse(&dumps, &cut), 0);
			ck_assert_int_eq(network_addr_json(&cut, &names, &text), 0);
			free(text);
			network_done(&cut);
			first->nlmsg_len = first_size;
		}
		all[i]->size = size;
	}
	take_done();
}
END_TEST

UNIT_MAIN("network-json", says_of_addresses_what_ip_says,
	  says_of_tentative_addresses_what_ip_says, says_of_links_what_ip_says,
	  says_of_bonds_and_vlans_and_tunnels_what_ip_says, says_of_routes_what_ip_says,
	  says_of_dead_routes_what_ip_says, says_of_nothing_what_ip_says,
	  leaves_learned_routes_of_a_large_table_out,
	  keeps_a_default_route_that_was_learned, takes_names_of_numbers_from_files,
	  takes_dumps_that_end_anywhere)
