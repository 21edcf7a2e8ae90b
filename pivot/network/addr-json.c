// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <stdio.h>
#include <string.h>

#include "json.h"
#include "pivot/base/macros.h"
#include "pivot/json-text.h"

struct flag {
	unsigned int flag;
	const char *name;
};

static const struct flag link_flags[] = {
	{ IFF_LOOPBACK, "LOOPBACK" },
	{ IFF_BROADCAST, "BROADCAST" },
	{ IFF_POINTOPOINT, "POINTOPOINT" },
	{ IFF_MULTICAST, "MULTICAST" },
	{ IFF_NOARP, "NOARP" },
	{ IFF_ALLMULTI, "ALLMULTI" },
	{ IFF_PROMISC, "PROMISC" },
	{ IFF_MASTER, "MASTER" },
	{ IFF_SLAVE, "SLAVE" },
	{ IFF_DEBUG, "DEBUG" },
	{ IFF_DYNAMIC, "DYNAMIC" },
	{ IFF_AUTOMEDIA, "AUTOMEDIA" },
	{ IFF_PORTSEL, "PORTSEL" },
	{ IFF_NOTRAILERS, "NOTRAILERS" },
	{ IFF_UP, "UP" },
	{ IFF_LOWER_UP, "LOWER_UP" },
	{ IFF_DORMANT, "DORMANT" },
	{ IFF_ECHO, "ECHO" },
	{ 0 },
};

/* IFA_F_SECONDARY has another name for IPv6, and IFA_F_PERMANENT is told by its lack. */
static const struct flag address_flags[] = {
	{ IFA_F_SECONDARY, "secondary" },
	{ IFA_F_NODAD, "nodad" },
	{ IFA_F_OPTIMISTIC, "optimistic" },
	{ IFA_F_DADFAILED, "dadfailed" },
	{ IFA_F_HOMEADDRESS, "home" },
	{ IFA_F_DEPRECATED, "deprecated" },
	{ IFA_F_TENTATIVE, "tentative" },
	{ IFA_F_PERMANENT, "dynamic" },
	{ IFA_F_MANAGETEMPADDR, "mngtmpaddr" },
	{ IFA_F_NOPREFIXROUTE, "noprefixroute" },
	{ IFA_F_MCAUTOJOIN, "autojoin" },
	{ IFA_F_STABLE_PRIVACY, "stable-privacy" },
	{ 0 },
};

const char *network_link_name(const struct network *network, uint32_t index,
			      char text[static NAME_BYTES])
{
	const struct network_link *link = network_link(network, (int)index);

	if (link)
		return link->name;
	if (index == 0)
		return "*";
	(void)snprintf(text, NAME_BYTES, "if%u", index);
	return text;
}

/* Does it stand on a link that is down? Of one that is elsewhere nobody knows. */
static bool is_lower_down(const struct network *network, const struct network_link *link)
{
	const struct network_link *lower = network_link(network, link->lower);

	return link->has_lower && link->lower != 0 && !link->has_namespace && lower &&
	       !(lower->flags & IFF_UP);
}

static json_t *link_flags_json(const struct network *network,
			       const struct network_link *link)
{
	unsigned int flags = link->flags;
	json_t *list = json_array();
	char rest[16];

	if ((flags & IFF_UP) && !(flags & IFF_RUNNING))
		list_add(list, json_string("NO-CARRIER"));
	flags &= ~(unsigned int)IFF_RUNNING;
	for (const struct flag *f = link_flags; f->name; f++) {
		if (flags & f->flag)
			list_add(list, json_string(f->name));
		flags &= ~f->flag;
	}
	(void)snprintf(rest, sizeof(rest), "%x", flags);
	if (flags)
		list_add(list, json_string(rest));
	if (is_lower_down(network, link))
		list_add(list, json_string("M-DOWN"));
	return list;
}

/* What it stands on: a name, null, or a number of another namespace. */
static void lower_json(const struct network *network, const struct network_link *link,
		       json_t *object)
{
	char text[NAME_BYTES];

	if (!link->has_lower)
		return;
	if (link->lower == 0)
		object_set(object, "link", json_null());
	else if (link->has_namespace)
		object_set(object, "link_index", json_integer(link->lower));
	else
		object_set(object, "link",
			   json_text(network_link_name(network, (uint32_t)link->lower,
						       text)));
}

static json_t *operstate_json(uint8_t state)
{
	static const char *const names[] = { "UNKNOWN", "NOTPRESENT",
					     "DOWN",	"LOWERLAYERDOWN",
					     "TESTING", "DORMANT",
					     "UP" };

	return state < array_size(names) ? json_string(names[state]) : NULL;
}

/* Of tunnels the hardware addresses are the IP addresses they have as ends. */
static int hardware_family(uint16_t type, size_t n)
{
	if (n == 4 &&
	    (type == ARPHRD_TUNNEL || type == ARPHRD_SIT || type == ARPHRD_IPGRE))
		return AF_INET;
	if (n == 16 && (type == ARPHRD_TUNNEL6 || type == ARPHRD_IP6GRE))
		return AF_INET6;
	return AF_UNSPEC;
}

static json_t *hardware_json(uint16_t type, const struct network_hardware *hardware)
{
	const int family = hardware_family(type, hardware->n);
	char text[64]; /* iproute2 ends there, too */
	size_t used = 0;

	if (family != AF_UNSPEC)
		return json_string(inet_ntop(family, hardware->byte, text, sizeof(text)));
	for (size_t i = 0; i < hardware->n && used < sizeof(text); i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%02x",
					 i ? ":" : "", hardware->byte[i]);
	return json_string(text);
}

static bool hardware_is_equal(const struct network_hardware *a,
			      const struct network_hardware *b)
{
	return a->byte && b->byte && a->n == b->n && memcmp(a->byte, b->byte, a->n) == 0;
}

static void hardwares_json(const struct network_link *link, json_t *object)
{
	if (link->address.byte)
		object_set(object, "address", hardware_json(link->type, &link->address));
	if (link->broadcast.byte && (link->flags & IFF_POINTOPOINT))
		object_set(object, "link_pointtopoint", json_true());
	if (link->broadcast.byte)
		object_set(object, "broadcast",
			   hardware_json(link->type, &link->broadcast));
	if (link->permanent.byte && !hardware_is_equal(&link->permanent, &link->address))
		object_set(object, "permaddr",
			   hardware_json(link->type, &link->permanent));
}

/* The reasons only where there is a broadcast address: iproute2 looks at the wrong one.
 */
static void held_down_json(const struct network_link *link, json_t *object)
{
	const uint32_t reasons =
		link->held_down_by & 0xff; /* it takes one byte of them */
	json_t *list;
	char text[8];

	if (link->is_held_down)
		object_set(object, "proto_down", json_true());
	if (!reasons || !link->broadcast.byte)
		return;
	list = json_array();
	for (unsigned int i = 0; i < 8; i++) {
		(void)snprintf(text, sizeof(text), "%u", i);
		if (reasons & 1U << i)
			list_add(list, json_string(text));
	}
	object_set(object, "proto_down_reason", list);
}

static void names_json(const struct nlattr *names, json_t *object)
{
	const struct nlattr *name;
	json_t *list;
	size_t at = 0;

	if (!names)
		return;
	list = json_array();
	while ((name = netlink_nested(names, &at)))
		if (name->nla_type == IFLA_ALT_IFNAME && netlink_text(name))
			list_add(list, json_text(netlink_text(name)));
	object_set(object, "altnames", list);
}

static json_t *link_json(const struct network *network, const struct network_names *names,
			 const struct network_link *link)
{
	json_t *object = json_object(), *state = operstate_json(link->operstate);
	char text[NAME_BYTES];

	object_set(object, "ifindex", json_integer(link->index));
	lower_json(network, link, object);
	object_set(object, "ifname", json_text(link->name));
	object_set(object, "flags", link_flags_json(network, link));
	object_set(object, "mtu", json_integer((int)link->mtu));
	if (link->qdisc)
		object_set(object, "qdisc", json_text(link->qdisc));
	if (link->master)
		object_set(object, "master",
			   json_text(network_link_name(network, link->master, text)));
	object_set(object, state ? "operstate" : "operstate_index",
		   state ?: json_integer(link->operstate));
	object_set(object, "group",
		   json_text(network_name(names, NAME_GROUP, link->group, text)));
	if (link->tx_queue)
		object_set(object, "txqlen", json_integer((int)link->tx_queue));
	object_set(object, "link_type", json_string(network_link_type(link->type, text)));
	hardwares_json(link, object);
	if (link->has_namespace)
		object_set(object, "link_netnsid", json_integer(link->namespace));
	held_down_json(link, object);
	names_json(link->names, object);
	return object;
}

static json_t *ip_json(const struct ip *ip)
{
	char text[IP_TEXT_BYTES];

	return json_string(ip_text(ip, text));
}

static void address_flags_json(const struct network_address *a, json_t *object)
{
	unsigned int flags = a->flags ^ IFA_F_PERMANENT;
	char rest[16];

	for (const struct flag *f = address_flags; f->name; f++) {
		const bool is_temporary =
			f->flag == IFA_F_SECONDARY && a->family == AF_INET6;

		if (flags & f->flag)
			object_set(object, is_temporary ? "temporary" : f->name,
				   json_true());
		flags &= ~f->flag;
	}
	(void)snprintf(rest, sizeof(rest), "%02x", flags);
	if (flags)
		object_set(object, "ifa_flags", json_string(rest));
}

/* What is over counts on below zero, where it is told as that. */
static json_t *preferred_json(const struct network_address *a)
{
	return a->preferred_s != UINT32_MAX && (a->flags & IFA_F_DEPRECATED)
		       ? json_integer((int)a->preferred_s)
		       : json_integer(a->preferred_s);
}

static json_t *address_json(const struct network_names *names,
			    const struct network_address *a)
{
	json_t *object = json_object();
	char text[NAME_BYTES];

	object_set(object, "family",
		   json_string(a->family == AF_INET ? "inet" : "inet6"));
	object_set(object, "local", ip_json(&a->local));
	if (!ip_is_equal(&a->local, &a->peer))
		object_set(object, "address", ip_json(&a->peer));
	object_set(object, "prefixlen", json_integer(a->prefix));
	if (a->has_metric)
		object_set(object, "metric", json_integer(a->metric));
	if (a->broadcast.family)
		object_set(object, "broadcast", ip_json(&a->broadcast));
	if (a->anycast.family)
		object_set(object, "anycast", ip_json(&a->anycast));
	object_set(object, "scope",
		   json_text(network_name(names, NAME_SCOPE, a->scope, text)));
	address_flags_json(a, object);
	if (a->label)
		object_set(object, "label", json_text(a->label));
	if (a->has_lifetimes) {
		object_set(object, "valid_life_time", json_integer(a->valid_s));
		object_set(object, "preferred_life_time", preferred_json(a));
	}
	return object;
}

static json_t *addresses_json(const struct network *network,
			      const struct network_names *names, int index)
{
	json_t *list = json_array();

	for (size_t i = 0; i < network->n_addresses; i++)
		if (network->address[i].index == index)
			list_add(list, address_json(names, &network->address[i]));
	return list;
}

int network_addr_json(const struct network *network, const struct network_names *names,
		      char **ret)
{
	json_t *list = json_array();

	for (size_t i = 0; i < network->n_links; i++) {
		const struct network_link *link = &network->link[i];
		json_t *object = link_json(network, names, link);

		object_set(object, "addr_info",
			   addresses_json(network, names, link->index));
		list_add(list, object);
	}
	return json_line(list, ret);
}
