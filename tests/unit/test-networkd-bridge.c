// SPDX-License-Identifier: GPL-2.0-or-later

/* A bridge that filters VLANs, as files of systemd-networkd. */

#include "pivot/network/networkd.h"

#include <linux/if_arp.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <string.h>

#include "unit.h"

static const uint8_t mac[6] = { 2, 0, 0, 0, 0, 1 };

static struct network_link links[2];
static struct network network = { .n_links = 2, .link = links };
static struct network_texts texts;

enum { PLAIN = BRIDGE_VLAN_INFO_PVID | BRIDGE_VLAN_INFO_UNTAGGED };

/* As the kernel tells them: nested in one attribute. */
struct vlans {
	struct nlattr nest;
	struct {
		struct nlattr attribute;
		struct bridge_vlan_info info;
	} vlan[4];
};

static void add_vlan(struct vlans *vlans, uint16_t id, uint16_t flags)
{
	size_t n = vlans->nest.nla_len / sizeof(vlans->vlan[0]);

	vlans->vlan[n].attribute =
		(struct nlattr){ sizeof(vlans->vlan[0]), IFLA_BRIDGE_VLAN_INFO };
	vlans->vlan[n].info = (struct bridge_vlan_info){ .flags = flags, .vid = id };
	vlans->nest.nla_len =
		(uint16_t)(sizeof(vlans->nest) + (n + 1) * sizeof(vlans->vlan[0]));
}

static const struct {
	struct nlattr nest, filtering;
	uint8_t is_filtering, padding[3];
	struct nlattr number;
	uint16_t default_vlan, more_padding;
} bridge_data = {
	.nest = { sizeof(bridge_data), IFLA_INFO_DATA },
	.filtering = { NLA_HDRLEN + 1, IFLA_BR_VLAN_FILTERING },
	.is_filtering = 1,
	.number = { NLA_HDRLEN + 2, IFLA_BR_VLAN_DEFAULT_PVID },
	.default_vlan = 1,
};

static struct network_link link_of(int index, const char *name, struct vlans *vlans)
{
	*vlans = (struct vlans){ .nest = { NLA_HDRLEN, IFLA_AF_SPEC } };
	return (struct network_link){ .index = index,
				      .name = name,
				      .flags = IFF_UP,
				      .type = ARPHRD_ETHER,
				      .mtu = 1500,
				      .address = { mac, 6 },
				      .vlans = &vlans->nest };
}

/* br0 on eth0; itself it has what every bridge gives. */
static void start(struct vlans *port, struct vlans *self)
{
	links[0] = link_of(2, "eth0", port);
	links[0].master = 3;
	links[1] = link_of(3, "br0", self);
	links[1].kind = "bridge";
	links[1].data = &bridge_data.nest;
	add_vlan(self, 1, PLAIN);
}

static void make(void)
{
	const struct resolvers resolvers = { 0 };

	ck_assert_int_eq(
		networkd_files(&network, &resolvers, &texts.file, &texts.n_files), 0);
}

static const char *file(const char *name)
{
	for (size_t i = 0; i < texts.n_files; i++)
		if (strcmp(texts.file[i].name, name) == 0)
			return texts.file[i].text;
	ck_abort_msg("no '%s'", name);
}

START_TEST(says_nothing_of_the_vlan_that_every_bridge_gives)
{
	struct vlans port, self;

	start(&port, &self);
	add_vlan(&port, 1, PLAIN);
	make();
	ck_assert_ptr_null(strstr(file("30-pivot-br0.netdev"), "PVID"));
	ck_assert_ptr_null(strstr(file("30-pivot-br0.network"), "VLAN"));
	ck_assert_ptr_null(strstr(file("30-pivot-eth0.network"), "VLAN"));
	network_texts_done(&texts);
}
END_TEST

START_TEST(writes_the_vlans_of_a_bridge_and_its_ports)
{
	struct vlans port, self;

	start(&port, &self);
	add_vlan(&port, 7, PLAIN);
	add_vlan(&port, 20, BRIDGE_VLAN_INFO_RANGE_BEGIN | BRIDGE_VLAN_INFO_UNTAGGED);
	add_vlan(&port, 29, BRIDGE_VLAN_INFO_RANGE_END | BRIDGE_VLAN_INFO_UNTAGGED);
	make();
	ck_assert_ptr_nonnull(strstr(file("30-pivot-br0.netdev"),
				     "VLANFiltering=yes\nDefaultPVID=none\n"));
	ck_assert_ptr_nonnull(strstr(file("30-pivot-br0.network"),
				     "\n[BridgeVLAN]\nVLAN=1\nPVID=1\n"
				     "EgressUntagged=1\n"));
	ck_assert_ptr_nonnull(strstr(file("30-pivot-eth0.network"),
				     "\n[BridgeVLAN]\nVLAN=7\nPVID=7\n"
				     "EgressUntagged=7\nVLAN=20-29\n"
				     "EgressUntagged=20-29\n"));
	network_texts_done(&texts);
}
END_TEST

UNIT_MAIN("VLANs of bridges", says_nothing_of_the_vlan_that_every_bridge_gives,
	  writes_the_vlans_of_a_bridge_and_its_ports)
