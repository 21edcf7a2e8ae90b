/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Parts of such files, for networkd.c. */

#include <stdio.h>

#include "state.h"

/* What a link is to these files. */
enum networkd_role {
	ROLE_NONE,
	ROLE_LOOPBACK,
	ROLE_CARD, /* matched by its MAC address */
	ROLE_BOND,
	ROLE_VLAN,
	ROLE_BRIDGE,
	ROLE_DUMMY,
};
enum networkd_role networkd_role(const struct network_link *link);

/* Is it made by a .netdev? */
bool networkd_is_made(const struct network_link *link);

/* The .netdev of a link that is. */
void networkd_write_netdev(FILE *file, const struct network *network,
			   const struct network_link *link);

/* Do its ports, or the bridge itself, have VLANs that nothing would give them? Then it is
 * to give them none. */
bool networkd_has_vlans(const struct network *network, const struct network_link *bridge);

/* A [BridgeVLAN] section, of a port of such a bridge, or of itself. */
void networkd_write_bridge_vlans(FILE *file, const struct network *network,
				 const struct network_link *link);

/* Is the link the primary one of its bond? */
bool networkd_is_primary(const struct network *network, const struct network_link *link);

/* "02:00:00:00:00:01" */
enum { MAC_TEXT_BYTES = 64 };
const char *networkd_mac(const struct network_hardware *hardware,
			 char text[static MAC_TEXT_BYTES]);

/* By what an address, or a route, comes there. */
enum networkd_origin {
	ORIGIN_STATIC,
	ORIGIN_DHCP,
	ORIGIN_DHCPV6,
	ORIGIN_RA,
	ORIGIN_SELF
};
enum networkd_origin networkd_address_origin(const struct network_address *address);
enum networkd_origin networkd_route_origin(const struct network_route *route);

/* An [Address] section. */
void networkd_write_address(FILE *file, const struct network_address *address);

/* A [Route] section. */
void networkd_write_route(FILE *file, const struct network *network,
			  const struct network_route *route);
