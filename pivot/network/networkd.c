// SPDX-License-Identifier: GPL-2.0-or-later
#include "networkd.h"

#include <errno.h>
#include <linux/if_link.h>
#include <stdlib.h>
#include <string.h>

#include "networkd-parts.h"
#include "pivot/base/cleanup.h"

enum { DEPTH_MAX = 8, USUAL_MTU = 1500 };

/* What is made, and out of what. */
struct making {
	const struct network *network;
	const struct resolvers *resolvers;
	bool has_default_route; /* of those that are written down, or asked for again */
	size_t n;
	struct network_file *file;
};

/* What of a link comes by itself. */
struct automatic {
	bool dhcp_v4, dhcp_v6, ra;
};

/* --- which links --- */

static const struct network_link *master_of(const struct network *network,
					    const struct network_link *link)
{
	const struct network_link *master = network_link(network, (int)link->master);

	/* a card may be one too (Hyper-V): then the kernel cares for that itself */
	return link->master && master && networkd_is_made(master) ? master : NULL;
}

static bool stands_on(const struct network *network, const struct network_link *upper,
		      const struct network_link *lower)
{
	if (networkd_role(upper) == ROLE_VLAN)
		return !upper->has_namespace && upper->lower == lower->index;
	return master_of(network, lower) == upper;
}

/* Depth ends it where links stand on each other, which the kernel forbids. */
static bool reaches_card(const struct network *network, const struct network_link *link,
			 int depth)
{
	if (networkd_role(link) == ROLE_CARD)
		return true;
	for (size_t i = 0; depth < DEPTH_MAX && i < network->n_links; i++)
		if (stands_on(network, link, &network->link[i]) &&
		    reaches_card(network, &network->link[i], depth + 1))
			return true;
	return false;
}

static bool has_address(const struct network *network, const struct network_link *link)
{
	for (size_t i = 0; i < network->n_addresses; i++)
		if (network->address[i].index == link->index &&
		    networkd_address_origin(&network->address[i]) != ORIGIN_SELF)
			return true;
	return false;
}

static bool has_vlan(const struct network *network, const struct network_link *link)
{
	for (size_t i = 0; i < network->n_links; i++)
		if (networkd_role(&network->link[i]) == ROLE_VLAN &&
		    (network->link[i].flags & IFF_UP) &&
		    stands_on(network, &network->link[i], link))
			return true;
	return false;
}

/* Nothing but where to, in the main table. */
static bool is_rule(const struct network_route *route)
{
	return route->type != RTN_UNICAST &&
	       networkd_route_origin(route) == ORIGIN_STATIC;
}

static bool any_route(const struct network *network,
		      bool (*is)(const struct network_route *route))
{
	for (size_t i = 0; i < network->n_routes_v4; i++)
		if (is(&network->route_v4[i]))
			return true;
	for (size_t i = 0; i < network->n_routes_v6; i++)
		if (is(&network->route_v6[i]))
			return true;
	return false;
}

static bool is_wanted(const struct network *network, const struct network_link *link)
{
	const enum networkd_role role = networkd_role(link);

	if (role == ROLE_LOOPBACK)
		return has_address(network, link) || any_route(network, is_rule);
	if (role == ROLE_NONE || !(link->flags & IFF_UP))
		return false;
	if (role == ROLE_DUMMY)
		return has_address(network, link);
	if (role == ROLE_CARD)
		return has_address(network, link) || master_of(network, link) ||
		       has_vlan(network, link);
	return reaches_card(network, link, 0);
}

/* --- which routes --- */

/* The link whose file has it; NULL: none. */
static const struct network_link *link_of(const struct network *network,
					  const struct network_route *route)
{
	struct network_hop hop = route->hop;
	size_t at = 0;

	for (size_t i = 0; is_rule(route) && i < network->n_links; i++)
		if (networkd_role(&network->link[i]) == ROLE_LOOPBACK)
			return &network->link[i];
	if (hop.link == 0 && !network_hop_next(route, &at, &hop))
		return NULL;
	return network_link(network, (int)hop.link);
}

static struct automatic automatic_of(const struct network *network,
				     const struct network_link *link)
{
	bool has[ORIGIN_SELF + 1] = { false };

	for (size_t i = 0; i < network->n_addresses; i++)
		if (network->address[i].index == link->index)
			has[networkd_address_origin(&network->address[i])] = true;
	for (size_t i = 0; i < network->n_routes_v4; i++)
		if (link_of(network, &network->route_v4[i]) == link)
			has[networkd_route_origin(&network->route_v4[i])] = true;
	for (size_t i = 0; i < network->n_routes_v6; i++)
		if (link_of(network, &network->route_v6[i]) == link)
			has[networkd_route_origin(&network->route_v6[i])] = true;
	return (struct automatic){ .dhcp_v4 = has[ORIGIN_DHCP],
				   .dhcp_v6 = has[ORIGIN_DHCPV6],
				   .ra = has[ORIGIN_RA] || has[ORIGIN_DHCPV6] };
}

static bool is_default(const struct network_route *route)
{
	return route->type == RTN_UNICAST && route->to_prefix == 0 &&
	       route->from_prefix == 0;
}

/* Scripts of DHCP clients set the default route as anybody would. */
static bool is_written(const struct network_route *route, struct automatic automatic)
{
	if (networkd_route_origin(route) != ORIGIN_STATIC)
		return false;
	return !(automatic.dhcp_v4 && route->family == AF_INET && is_default(route) &&
		 route->protocol == RTPROT_BOOT);
}

static void write_routes(FILE *file, const struct network *network,
			 const struct network_link *link, struct automatic automatic)
{
	for (size_t i = 0; i < network->n_routes_v4; i++)
		if (link_of(network, &network->route_v4[i]) == link &&
		    is_written(&network->route_v4[i], automatic))
			networkd_write_route(file, network, &network->route_v4[i]);
	for (size_t i = 0; i < network->n_routes_v6; i++)
		if (link_of(network, &network->route_v6[i]) == link &&
		    is_written(&network->route_v6[i], automatic))
			networkd_write_route(file, network, &network->route_v6[i]);
}

/* --- the files --- */

/* A bond gives its own to its cards: then they are known by what they had before. */
static struct network_hardware first_mac(const struct network_link *link)
{
	const struct nlattr *attr[IFLA_BOND_SLAVE_MAX + 1];
	const struct nlattr *had;

	netlink_attributes_in(link->port_data, attr, IFLA_BOND_SLAVE_MAX + 1);
	had = attr[IFLA_BOND_SLAVE_PERM_HWADDR];
	if (link->port_kind && strcmp(link->port_kind, "bond") == 0 &&
	    netlink_size(had) == link->address.n)
		return (struct network_hardware){ .byte = netlink_data(had, 1),
						  .n = netlink_size(had) };
	return link->address;
}

static void write_match(FILE *file, const struct network_link *link)
{
	const struct network_hardware first = first_mac(link);
	char mac[MAC_TEXT_BYTES];

	(void)fprintf(file, "[Match]\n");
	if (networkd_role(link) != ROLE_CARD)
		(void)fprintf(file, "Name=%s\n", link->name);
	else if (link->permanent.byte)
		(void)fprintf(file, "PermanentMACAddress=%s\n",
			      networkd_mac(&link->permanent, mac));
	else /* a VLAN on it has the same */
		(void)fprintf(file, "MACAddress=%s\nKind=!*\n",
			      networkd_mac(&first, mac));
}

/* Links take it from what they stand on. */
static void write_mtu(FILE *file, const struct network *network,
		      const struct network_link *link)
{
	const struct network_link *lower = network_link(network, link->lower);

	if (networkd_role(link) != ROLE_LOOPBACK &&
	    (link->mtu != USUAL_MTU || (lower && lower->mtu != USUAL_MTU)))
		(void)fprintf(file, "\n[Link]\nMTUBytes=%u\n", link->mtu);
}

static void write_automatic(FILE *file, struct automatic automatic)
{
	if (automatic.dhcp_v4 || automatic.dhcp_v6)
		(void)fprintf(file, "DHCP=%s\n",
			      !automatic.dhcp_v6   ? "ipv4"
			      : !automatic.dhcp_v4 ? "ipv6"
						   : "yes");
	(void)fprintf(file, "IPv6AcceptRA=%s\n", automatic.ra ? "yes" : "no");
}

static void write_stack(FILE *file, const struct network *network,
			const struct network_link *link)
{
	const struct network_link *master = master_of(network, link);

	if (master && is_wanted(network, master))
		(void)fprintf(file, "%s=%s\n",
			      networkd_role(master) == ROLE_BOND ? "Bond" : "Bridge",
			      master->name);
	if (master && networkd_is_primary(network, link))
		(void)fprintf(file, "PrimarySlave=yes\n");
	for (size_t i = 0; i < network->n_links; i++) {
		const struct network_link *upper = &network->link[i];

		if (networkd_role(upper) == ROLE_VLAN &&
		    stands_on(network, upper, link) && is_wanted(network, upper))
			(void)fprintf(file, "VLAN=%s\n", upper->name);
	}
}

static bool has_default_route(const struct network *network,
			      const struct network_link *link)
{
	for (size_t i = 0; i < network->n_routes_v4; i++)
		if (is_default(&network->route_v4[i]) &&
		    link_of(network, &network->route_v4[i]) == link)
			return true;
	for (size_t i = 0; i < network->n_routes_v6; i++)
		if (is_default(&network->route_v6[i]) &&
		    link_of(network, &network->route_v6[i]) == link)
			return true;
	return false;
}

/* One with a zone is for the link of that name, which may be another one there. */
static void write_resolvers(FILE *file, const struct making *making,
			    const struct network_link *link)
{
	const struct resolvers *resolvers = making->resolvers;
	const bool is_way_out =
		has_default_route(making->network, link) ||
		(!making->has_default_route && has_address(making->network, link));

	for (size_t i = 0; i < resolvers->n; i++) {
		const char *server = resolvers->server[i], *zone = strchr(server, '%');

		if (zone ? strcmp(zone + 1, link->name) == 0 : is_way_out)
			(void)fprintf(file, "DNS=%.*s\n", (int)strcspn(server, "%"),
				      server);
	}
	if (is_way_out && resolvers->n > 0 && resolvers->search[0])
		(void)fprintf(file, "Domains=%s\n", resolvers->search);
}

static void write_network(FILE *file, const struct making *making,
			  const struct network_link *link)
{
	const struct network *network = making->network;
	const struct automatic automatic = automatic_of(network, link);
	const bool is_loopback = networkd_role(link) == ROLE_LOOPBACK;

	(void)fprintf(file, "# %s\n", link->name);
	write_match(file, link);
	write_mtu(file, network, link);
	(void)fprintf(file, "\n[Network]\n");
	if (!is_loopback && !master_of(network, link))
		write_automatic(file, automatic);
	write_stack(file, network, link);
	if (!is_loopback)
		write_resolvers(file, making, link);
	for (size_t i = 0; i < network->n_addresses; i++)
		if (network->address[i].index == link->index &&
		    networkd_address_origin(&network->address[i]) == ORIGIN_STATIC)
			networkd_write_address(file, &network->address[i]);
	write_routes(file, network, link, automatic);
	networkd_write_bridge_vlans(file, network, link);
	/* as most clients do: a server gives the same address to who says the same */
	if (automatic.dhcp_v4)
		(void)fprintf(file, "\n[DHCPv4]\nClientIdentifier=mac\n");
}

static void write_netdev(FILE *file, const struct making *making,
			 const struct network_link *link)
{
	networkd_write_netdev(file, making->network, link);
}

static int add_file(struct making *making, const struct network_link *link,
		    const char *ending,
		    void (*write)(FILE *file, const struct making *making,
				  const struct network_link *link))
{
	struct network_file *f = &making->file[making->n];
	size_t size;
	FILE *stream = open_memstream(&f->text, &size);

	if (!stream)
		return -ENOMEM;
	(void)snprintf(f->name, sizeof(f->name), "30-pivot-%.15s.%s", link->name, ending);
	write(stream, making, link);
	making->n++; /* whatever becomes of it, it is to be freed */
	return fclose(stream) == 0 ? 0 : -ENOMEM;
}

static int add_link(struct making *making, const struct network_link *link)
{
	int r = 0;

	if (!is_wanted(making->network, link))
		return 0;
	if (networkd_is_made(link))
		r = add_file(making, link, "netdev", write_netdev);
	return r < 0 ? r : add_file(making, link, "network", write_network);
}

static int compare(const void *a, const void *b)
{
	const struct network_file *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static void files_free(struct making *making)
{
	for (size_t i = 0; i < making->n; i++)
		free(making->file[i].text);
	free(making->file);
}

int networkd_files(const struct network *network, const struct resolvers *resolvers,
		   struct network_file **ret, size_t *ret_n)
{
	struct making making = {
		.network = network,
		.resolvers = resolvers,
		.has_default_route = any_route(network, is_default),
		.file = calloc(2 * network->n_links + 1, sizeof(*making.file)),
	};
	int r = making.file ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < network->n_links; i++)
		r = add_link(&making, &network->link[i]);
	if (r < 0) {
		files_free(&making);
		return r;
	}
	qsort(making.file, making.n, sizeof(*making.file), compare);
	*ret = making.file;
	*ret_n = making.n;
	return 0;
}

int networkd_left_out(const struct network *network, char **ret)
{
	const char *between = "";
	size_t size;
	FILE *stream = open_memstream(ret, &size);

	if (!stream)
		return -ENOMEM;
	for (size_t i = 0; i < network->n_links; i++) {
		const struct network_link *link = &network->link[i];

		if (is_wanted(network, link) || !has_address(network, link))
			continue;
		(void)fprintf(stream, "%s%s", between, link->name);
		between = ", ";
	}
	return fclose(stream) == 0 ? 0 : -ENOMEM;
}
