// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <linux/if_arp.h>
#include <linux/if_bridge.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/if_vlan.h>
#include <string.h>

#include "networkd-parts.h"
#include "pivot/base/macros.h"

enum { BOND_MODES_ALL = ~0 };

/* the kernel's numbers, bonding.rst */
enum bond_mode {
	BOND_RR,
	BOND_ACTIVE_BACKUP,
	BOND_XOR,
	BOND_BROADCAST,
	BOND_LACP,
	BOND_TLB,
	BOND_ALB
};

static const char *const bond_modes[] = {
	"balance-rr", "active-backup", "balance-xor", "broadcast",
	"802.3ad",    "balance-tlb",   "balance-alb",
};
static const char *const hash_policies[] = { "layer2",	 "layer3+4", "layer2+3",
					     "encap2+3", "encap3+4", "vlan+srcmac",
					     NULL };
static const char *const rates[] = { "slow", "fast", NULL };
static const char *const selections[] = { "stable", "bandwidth", "count", NULL };
static const char *const mac_policies[] = { "none", "active", "follow", NULL };
static const char *const validations[] = { "none", "active", "backup", "all", NULL };
static const char *const any_or_all[] = { "any", "all", NULL };
static const char *const reselections[] = { "always", "better", "failure", NULL };
static const char *const booleans[] = { "no", "yes", NULL };

/* A number of the kernel's that is a setting, where it is not as it would be anyway. */
struct setting {
	uint16_t attribute;
	unsigned int usual;
	const char *name;
	const char *unit;	  /* behind a number */
	const char *const *words; /* instead of a number */
	int modes;		  /* of a bond, or a bridge, one bit each, that take it */
};

static const struct setting bond_settings[] = {
	{ IFLA_BOND_MIIMON, 0, "MIIMonitorSec", "ms", NULL, BOND_MODES_ALL },
	{ IFLA_BOND_UPDELAY, 0, "UpDelaySec", "ms", NULL, BOND_MODES_ALL },
	{ IFLA_BOND_DOWNDELAY, 0, "DownDelaySec", "ms", NULL, BOND_MODES_ALL },
	{ IFLA_BOND_XMIT_HASH_POLICY, 0, "TransmitHashPolicy", "", hash_policies,
	  1 << BOND_XOR | 1 << BOND_LACP | 1 << BOND_TLB },
	{ IFLA_BOND_AD_LACP_RATE, 0, "LACPTransmitRate", "", rates, 1 << BOND_LACP },
	{ IFLA_BOND_AD_SELECT, 0, "AdSelect", "", selections, 1 << BOND_LACP },
	{ IFLA_BOND_AD_ACTOR_SYS_PRIO, 65535, "AdActorSystemPriority", "", NULL,
	  1 << BOND_LACP },
	{ IFLA_BOND_AD_USER_PORT_KEY, 0, "AdUserPortKey", "", NULL, 1 << BOND_LACP },
	{ IFLA_BOND_MIN_LINKS, 0, "MinLinks", "", NULL, 1 << BOND_LACP },
	{ IFLA_BOND_FAIL_OVER_MAC, 0, "FailOverMACPolicy", "", mac_policies,
	  1 << BOND_ACTIVE_BACKUP },
	{ IFLA_BOND_PRIMARY_RESELECT, 0, "PrimaryReselectPolicy", "", reselections,
	  1 << BOND_ACTIVE_BACKUP | 1 << BOND_TLB | 1 << BOND_ALB },
	{ IFLA_BOND_NUM_PEER_NOTIF, 1, "GratuitousARP", "", NULL,
	  1 << BOND_ACTIVE_BACKUP },
	{ IFLA_BOND_RESEND_IGMP, 1, "ResendIGMP", "", NULL, BOND_MODES_ALL },
	{ IFLA_BOND_PACKETS_PER_SLAVE, 1, "PacketsPerSlave", "", NULL, 1 << BOND_RR },
	{ IFLA_BOND_LP_INTERVAL, 1, "LearnPacketIntervalSec", "s", NULL,
	  1 << BOND_TLB | 1 << BOND_ALB },
	{ IFLA_BOND_TLB_DYNAMIC_LB, 1, "DynamicTransmitLoadBalancing", "", booleans,
	  1 << BOND_TLB },
	{ IFLA_BOND_ALL_SLAVES_ACTIVE, 0, "AllSlavesActive", "", booleans,
	  BOND_MODES_ALL },
	{ 0 },
};

/* Where there is no MII monitor but this one. */
static const struct setting arp_settings[] = {
	{ IFLA_BOND_ARP_INTERVAL, 0, "ARPIntervalSec", "ms", NULL, BOND_MODES_ALL },
	{ IFLA_BOND_ARP_VALIDATE, 0, "ARPValidate", "", validations, BOND_MODES_ALL },
	{ IFLA_BOND_ARP_ALL_TARGETS, 0, "ARPAllTargets", "", any_or_all, BOND_MODES_ALL },
	{ 0 },
};

/* With STP the ageing time that is told may be a short one, for a change of topology. */
enum { BRIDGE_STP = 1, BRIDGE_NO_STP = 2, BRIDGE_ANY = BRIDGE_STP | BRIDGE_NO_STP };

/* Times are in USER_HZ. */
static const struct setting bridge_settings[] = {
	{ IFLA_BR_STP_STATE, ~0U, "STP", "", booleans, BRIDGE_ANY },
	{ IFLA_BR_PRIORITY, 32768, "Priority", "", NULL, BRIDGE_ANY },
	{ IFLA_BR_FORWARD_DELAY, 1500, "ForwardDelaySec", "0ms", NULL, BRIDGE_ANY },
	{ IFLA_BR_HELLO_TIME, 200, "HelloTimeSec", "0ms", NULL, BRIDGE_ANY },
	{ IFLA_BR_MAX_AGE, 2000, "MaxAgeSec", "0ms", NULL, BRIDGE_ANY },
	{ IFLA_BR_AGEING_TIME, 30000, "AgeingTimeSec", "0ms", NULL, BRIDGE_NO_STP },
	{ IFLA_BR_VLAN_FILTERING, 0, "VLANFiltering", "", booleans, BRIDGE_ANY },
	{ IFLA_BR_MCAST_SNOOPING, 1, "MulticastSnooping", "", booleans, BRIDGE_ANY },
	{ IFLA_BR_MCAST_QUERIER, 0, "MulticastQuerier", "", booleans, BRIDGE_ANY },
	{ 0 },
};

static const struct {
	const char *kind;
	enum networkd_role role;
} kinds[] = {
	{ "bond", ROLE_BOND },
	{ "vlan", ROLE_VLAN },
	{ "bridge", ROLE_BRIDGE },
	{ "dummy", ROLE_DUMMY },
};

enum networkd_role networkd_role(const struct network_link *link)
{
	if (link->flags & IFF_LOOPBACK)
		return ROLE_LOOPBACK;
	if (!link->kind)
		return (link->type == ARPHRD_ETHER || link->type == ARPHRD_INFINIBAND) &&
				       link->address.byte
			       ? ROLE_CARD
			       : ROLE_NONE;
	for (size_t i = 0; i < array_size(kinds); i++)
		if (strcmp(link->kind, kinds[i].kind) == 0)
			return kinds[i].role;
	return ROLE_NONE;
}

bool networkd_is_made(const struct network_link *link)
{
	return networkd_role(link) >= ROLE_BOND;
}

const char *networkd_mac(const struct network_hardware *hardware,
			 char text[static MAC_TEXT_BYTES])
{
	size_t used = 0;

	text[0] = '\0';
	for (size_t i = 0; i < hardware->n && used + 4 <= MAC_TEXT_BYTES; i++)
		used += (size_t)snprintf(text + used, MAC_TEXT_BYTES - used, "%s%02x",
					 i ? ":" : "", hardware->byte[i]);
	return text;
}

/* Of whatever size the kernel has it in. */
static unsigned int number(const struct nlattr *attribute)
{
	switch (netlink_size(attribute)) {
	case 1:
		return netlink_u8(attribute);
	case 2:
		return netlink_u16(attribute);
	default:
		return netlink_u32(attribute);
	}
}

static void write_setting(FILE *file, const struct setting *s, unsigned int value)
{
	size_t n = 0;

	while (s->words && s->words[n])
		n++;
	if (!s->words)
		(void)fprintf(file, "%s=%u%s\n", s->name, value, value ? s->unit : "");
	else if (value < n)
		(void)fprintf(file, "%s=%s\n", s->name, s->words[value]);
}

static void write_settings(FILE *file, const struct setting *settings,
			   const struct nlattr *const *attr, int modes)
{
	for (const struct setting *s = settings; s->name; s++) {
		const struct nlattr *a = attr[s->attribute];

		if (a && number(a) != s->usual && (s->modes & modes) == modes)
			write_setting(file, s, number(a));
	}
}

static void write_arp_targets(FILE *file, const struct nlattr *targets)
{
	const char *between = "ARPIPTargets=";
	const struct nlattr *target;
	char text[INET_ADDRSTRLEN];
	size_t at = 0;

	while ((target = netlink_nested(targets, &at))) {
		if (!netlink_data(target, 4))
			continue;
		(void)fprintf(
			file, "%s%s", between,
			inet_ntop(AF_INET, netlink_data(target, 4), text, sizeof(text)));
		between = " ";
	}
	if (between[0] == ' ')
		(void)fprintf(file, "\n");
}

static void write_bond(FILE *file, const struct network_link *link)
{
	const struct nlattr *attr[IFLA_BOND_MAX + 1];
	unsigned int mode;

	netlink_attributes_in(link->data, attr, IFLA_BOND_MAX + 1);
	mode = netlink_u8(attr[IFLA_BOND_MODE]);
	(void)fprintf(file, "\n[Bond]\n");
	if (mode >= array_size(bond_modes))
		return;
	(void)fprintf(file, "Mode=%s\n", bond_modes[mode]);
	write_settings(file, bond_settings, attr, 1 << mode);
	if (netlink_u32(attr[IFLA_BOND_ARP_INTERVAL]) == 0)
		return;
	write_settings(file, arp_settings, attr, 1 << mode);
	write_arp_targets(file, attr[IFLA_BOND_ARP_IP_TARGET]);
}

static void write_vlan(FILE *file, const struct network_link *link)
{
	const struct nlattr *attr[IFLA_VLAN_MAX + 1];
	const struct ifla_vlan_flags *flags;

	netlink_attributes_in(link->data, attr, IFLA_VLAN_MAX + 1);
	(void)fprintf(file, "\n[VLAN]\nId=%u\n", netlink_u16(attr[IFLA_VLAN_ID]));
	if (netlink_u16(attr[IFLA_VLAN_PROTOCOL]) == htons(ETH_P_8021AD))
		(void)fprintf(file, "Protocol=802.1ad\n");
	flags = netlink_data(attr[IFLA_VLAN_FLAGS], sizeof(*flags));
	if (!flags)
		return;
	if (flags->flags & VLAN_FLAG_GVRP)
		(void)fprintf(file, "GVRP=yes\n");
	if (flags->flags & VLAN_FLAG_MVRP)
		(void)fprintf(file, "MVRP=yes\n");
	if (flags->flags & VLAN_FLAG_LOOSE_BINDING)
		(void)fprintf(file, "LooseBinding=yes\n");
	if (!(flags->flags & VLAN_FLAG_REORDER_HDR))
		(void)fprintf(file, "ReorderHeader=no\n");
}

static void write_default_vlan(FILE *file, const struct network *network,
			       const struct network_link *link,
			       const struct nlattr *number)
{
	if (networkd_has_vlans(network, link) || (number && netlink_u16(number) == 0))
		(void)fprintf(file, "DefaultPVID=none\n");
	else if (number && netlink_u16(number) != 1)
		(void)fprintf(file, "DefaultPVID=%u\n", netlink_u16(number));
}

static void write_bridge(FILE *file, const struct network *network,
			 const struct network_link *link)
{
	const struct nlattr *attr[IFLA_BR_MAX + 1];

	netlink_attributes_in(link->data, attr, IFLA_BR_MAX + 1);
	(void)fprintf(file, "\n[Bridge]\n");
	write_settings(file, bridge_settings, attr,
		       netlink_u32(attr[IFLA_BR_STP_STATE]) ? BRIDGE_STP : BRIDGE_NO_STP);
	write_default_vlan(file, network, link, attr[IFLA_BR_VLAN_DEFAULT_PVID]);
	if (netlink_u16(attr[IFLA_BR_VLAN_PROTOCOL]) == htons(ETH_P_8021AD))
		(void)fprintf(file, "VLANProtocol=802.1ad\n");
}

/* A VLAN has that of what it stands on, unless told otherwise. */
static bool has_mac_of_its_own(const struct network *network,
			       const struct network_link *link)
{
	const struct network_link *lower = network_link(network, link->lower);

	if (networkd_role(link) == ROLE_DUMMY)
		return false;
	return networkd_role(link) != ROLE_VLAN || !lower ||
	       lower->address.n != link->address.n ||
	       (link->address.byte &&
		memcmp(lower->address.byte, link->address.byte, link->address.n) != 0);
}

void networkd_write_netdev(FILE *file, const struct network *network,
			   const struct network_link *link)
{
	char mac[MAC_TEXT_BYTES];

	(void)fprintf(file, "[NetDev]\nName=%s\nKind=%s\n", link->name, link->kind);
	if (link->address.byte && has_mac_of_its_own(network, link))
		(void)fprintf(file, "MACAddress=%s\n", networkd_mac(&link->address, mac));
	switch (networkd_role(link)) {
	case ROLE_BOND:
		write_bond(file, link);
		break;
	case ROLE_VLAN:
		write_vlan(file, link);
		break;
	case ROLE_BRIDGE:
		write_bridge(file, network, link);
		break;
	default:
		break;
	}
}

bool networkd_is_primary(const struct network *network, const struct network_link *link)
{
	const struct network_link *bond = network_link(network, (int)link->master);
	const struct nlattr *attr[IFLA_BOND_MAX + 1];

	if (!bond || networkd_role(bond) != ROLE_BOND)
		return false;
	netlink_attributes_in(bond->data, attr, IFLA_BOND_MAX + 1);
	return attr[IFLA_BOND_PRIMARY] &&
	       netlink_u32(attr[IFLA_BOND_PRIMARY]) == (uint32_t)link->index;
}
