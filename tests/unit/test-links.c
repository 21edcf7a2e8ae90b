// SPDX-License-Identifier: GPL-2.0-or-later
#include "initramfs/inventory/links.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "fake-machine.h"
#include "fake-root.h"
#include "unit.h"

static struct links links;

/* "vlan10 bond0 eth1": in the order in which they are taken apart. */
static const char *order(void)
{
	static char text[LINKS_MAX * 16];
	size_t used = 0;

	text[0] = '\0';
	ck_assert_int_eq(links_read(fake_root(), &links), 0);
	for (size_t i = 0; i < links.n; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s",
					 i ? " " : "", links.link[i].name);
	return text;
}

static const struct link *find(const char *name)
{
	(void)order();
	for (size_t i = 0; i < links.n; i++)
		if (strcmp(links.link[i].name, name) == 0)
			return &links.link[i];
	ck_abort_msg("no link %s", name);
}

START_TEST(lists_everything_but_loopback)
{
	machine_start();
	machine_link("lo", "0x49\n");
	machine_link("eth0", "0x1003\n");
	machine_link("eth1", "0x1002\n");
	fake_file("", "/sys/class/net/bonding_masters");
	ck_assert_str_eq(order(), "eth1 eth0");
	ck_assert(find("eth0")->is_up);
	ck_assert(!find("eth1")->is_up);
	ck_assert_uint_eq(find("eth1")->index, 3);
}
END_TEST

START_TEST(takes_a_vlan_on_a_bond_of_two_nics_apart_top_down)
{
	machine_start();
	machine_virtual_link("bond0", "bond", "eth1 eth2"); /* older than its NICs */
	machine_link("eth0", "0x1003\n");
	machine_link("eth1", "0x1803\n");
	machine_link("eth2", "0x1803\n");
	machine_virtual_link("bond0.10", "vlan", "bond0");
	ck_assert_str_eq(order(), "bond0.10 bond0 eth2 eth1 eth0");
}
END_TEST

START_TEST(takes_a_bridge_with_taps_apart_top_down)
{
	machine_start();
	machine_link("eth0", "0x1003\n");
	machine_virtual_link("br0", "bridge", "eth0 tap0 vxlan7");
	machine_virtual_link("tap0", NULL, "");
	machine_virtual_link("vxlan7", "vxlan", "");
	ck_assert_str_eq(order(), "br0 vxlan7 tap0 eth0");
}
END_TEST

/* A tunnel need not say what it runs over. */
START_TEST(takes_tunnels_before_any_nic)
{
	machine_start();
	machine_virtual_link("wg0", "wireguard", "");
	machine_link("eth0", "0x1003\n");
	machine_virtual_link("gre1", NULL, "");
	machine_virtual_link("vlan5", "vlan", "gre1");
	ck_assert_str_eq(order(), "vlan5 wg0 gre1 eth0");
}
END_TEST

/* A virtual function below the NIC of Hyper-V: both are devices. */
START_TEST(takes_a_nic_before_the_nic_it_stands_on)
{
	machine_start();
	machine_link("eth0", "0x1003\n");
	fake_file("", "/sys/class/net/eth0/lower_enP1");
	machine_link("enP1", "0x1803\n");
	ck_assert_str_eq(order(), "eth0 enP1");
}
END_TEST

START_TEST(says_what_they_are_and_stand_on)
{
	machine_start();
	machine_link("eth0", "0x1003\n");
	machine_link("wlan0", "0x1003\n");
	fake_file("DEVTYPE=wlan\nINTERFACE=wlan0\n", "/sys/class/net/wlan0/uevent");
	machine_virtual_link("tun0", NULL, "");
	machine_virtual_link("br0", "bridge", "tun0 wlan0 eth0");
	ck_assert_str_eq(find("eth0")->kind, "physical");
	ck_assert_str_eq(find("wlan0")->kind, "wlan");
	ck_assert_str_eq(find("tun0")->kind, "virtual");
	ck_assert_str_eq(find("br0")->kind, "bridge");
	ck_assert_str_eq(find("br0")->lower, "eth0, wlan0, tun0");
	ck_assert_str_eq(find("tun0")->lower, "");
}
END_TEST

START_TEST(deletes_what_no_device_carries)
{
	machine_start();
	machine_link("wlan0", "0x1003\n");
	fake_file("DEVTYPE=wlan\n", "/sys/class/net/wlan0/uevent");
	machine_virtual_link("tun0", NULL, "");
	ck_assert(!link_is_deletable(find("wlan0")));
	ck_assert(link_is_deletable(find("tun0")));
}
END_TEST

START_TEST(ends_where_links_stand_on_each_other)
{
	machine_start();
	machine_virtual_link("a", NULL, "b");
	machine_virtual_link("b", NULL, "c");
	machine_virtual_link("c", NULL, "a c");
	machine_virtual_link("top", NULL, "a");
	machine_link("eth0", "0x1003\n");
	(void)order();
	ck_assert_uint_eq(links.n, 5);
	ck_assert_str_eq(links.link[0].name, "top");
}
END_TEST

START_TEST(knows_links_that_are_not_there_from_none)
{
	machine_start();
	machine_virtual_link("vlan5", "vlan", "gone0");
	ck_assert_str_eq(order(), "vlan5");
	ck_assert_str_eq(links.link[0].lower, "");
}
END_TEST

START_TEST(cuts_a_long_list_of_ports)
{
	char lower[64] = "", name[8];

	machine_start();
	for (int i = 0; i < 12; i++) {
		(void)snprintf(name, sizeof(name), "eth%d", i);
		machine_link(name, "0x1003\n");
		strcat(strcat(lower, i ? " " : ""), name);
	}
	machine_virtual_link("br0", "bridge", lower);
	ck_assert_uint_lt(strlen(find("br0")->lower), sizeof(links.link[0].lower));
	ck_assert_uint_gt(strlen(find("br0")->lower), 40);
	ck_assert_str_eq(links.link[0].name, "br0");
}
END_TEST

START_TEST(takes_as_many_links_as_fit)
{
	char name[16];

	machine_start();
	for (int i = 0; i < LINKS_MAX + 3; i++) {
		(void)snprintf(name, sizeof(name), "veth%d", i);
		machine_link(name, "0x1003\n");
	}
	(void)order();
	ck_assert_uint_eq(links.n, LINKS_MAX);
	ck_assert(links.has_more);
}
END_TEST

START_TEST(says_why_it_cannot_read)
{
	fake_root_make();
	ck_assert_int_eq(links_read(fake_root(), &links), -ENOENT);
	ck_assert_uint_eq(links.n, 0);
}
END_TEST

UNIT_MAIN("links", lists_everything_but_loopback,
	  takes_a_vlan_on_a_bond_of_two_nics_apart_top_down,
	  takes_a_bridge_with_taps_apart_top_down, takes_tunnels_before_any_nic,
	  takes_a_nic_before_the_nic_it_stands_on, says_what_they_are_and_stand_on,
	  deletes_what_no_device_carries, ends_where_links_stand_on_each_other,
	  knows_links_that_are_not_there_from_none, cuts_a_long_list_of_ports,
	  takes_as_many_links_as_fit, says_why_it_cannot_read)
