// SPDX-License-Identifier: GPL-2.0-or-later

/* The VLANs of a bridge that filters them. Source: systemd.network(5), [BridgeVLAN]. */

#include <linux/if_bridge.h>
#include <linux/if_link.h>

#include "networkd-parts.h"

enum { PLAIN = BRIDGE_VLAN_INFO_PVID | BRIDGE_VLAN_INFO_UNTAGGED };

/* From one VLAN to another, of the same flags. */
struct range {
	uint16_t first, last, flags;
};

/* The range at *at, moving on. False: there is none. */
static bool range_next(const struct network_link *link, size_t *at, struct range *ret)
{
	const struct nlattr *attribute;
	uint16_t first = 0;

	while ((attribute = netlink_nested(link->vlans, at))) {
		const struct bridge_vlan_info *info =
			netlink_data(attribute, sizeof(*info));

		if ((attribute->nla_type & NLA_TYPE_MASK) != IFLA_BRIDGE_VLAN_INFO ||
		    !info)
			continue;
		if (info->flags & BRIDGE_VLAN_INFO_RANGE_BEGIN) {
			first = info->vid;
			continue;
		}
		if (!(info->flags & BRIDGE_VLAN_INFO_RANGE_END))
			first = info->vid;
		*ret = (struct range){ first, info->vid, info->flags };
		return true;
	}
	return false;
}

/* Does it have what a bridge gives to whatever becomes its port, and no more? */
static bool is_plain(const struct network_link *link, uint16_t default_vlan)
{
	struct range range, more;
	size_t at = 0;

	if (!link->vlans || !range_next(link, &at, &range))
		return !link->vlans || default_vlan == 0;
	return !range_next(link, &at, &more) && range.first == default_vlan &&
	       range.last == default_vlan && (range.flags & PLAIN) == PLAIN;
}

static bool is_member(const struct network_link *link, const struct network_link *bridge)
{
	return link == bridge || link->master == (uint32_t)bridge->index;
}

bool networkd_has_vlans(const struct network *network, const struct network_link *bridge)
{
	const struct nlattr *attr[IFLA_BR_MAX + 1];
	uint16_t default_vlan;

	if (networkd_role(bridge) != ROLE_BRIDGE)
		return false;
	netlink_attributes_in(bridge->data, attr, IFLA_BR_MAX + 1);
	if (!netlink_u8(attr[IFLA_BR_VLAN_FILTERING]))
		return false;
	default_vlan = netlink_u16(attr[IFLA_BR_VLAN_DEFAULT_PVID]);
	for (size_t i = 0; i < network->n_links; i++)
		if (is_member(&network->link[i], bridge) &&
		    !is_plain(&network->link[i], default_vlan))
			return true;
	return false;
}

static void write_vlans(FILE *file, const char *name, const struct range *range)
{
	if (range->first == range->last)
		(void)fprintf(file, "%s=%u\n", name, range->first);
	else
		(void)fprintf(file, "%s=%u-%u\n", name, range->first, range->last);
}

void networkd_write_bridge_vlans(FILE *file, const struct network *network,
				 const struct network_link *link)
{
	const struct network_link *bridge =
		networkd_role(link) == ROLE_BRIDGE
			? link
			: network_link(network, (int)link->master);
	const char *header = "\n[BridgeVLAN]\n";
	struct range range;
	size_t at = 0;

	if (!bridge || !networkd_has_vlans(network, bridge))
		return;
	while (range_next(link, &at, &range)) {
		(void)fputs(header, file);
		header = "";
		write_vlans(file, "VLAN", &range);
		if (range.flags & BRIDGE_VLAN_INFO_PVID)
			(void)fprintf(file, "PVID=%u\n", range.last);
		if (range.flags & BRIDGE_VLAN_INFO_UNTAGGED)
			write_vlans(file, "EgressUntagged", &range);
	}
}
