/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * A network as files of systemd-networkd (systemd.netdev(5), systemd.network(5)): network
 * cards by their MAC address, since the target may have other names for them; bonds,
 * VLANs, bridges and dummies, made anew by their names; addresses; routes of the main
 * table.
 *
 * What came by DHCP or by router advertisements is asked for again. Left out are the
 * kinds of links that are not named here (tunnels, WireGuard, containers' ends), bridges
 * with no card below them, and what is down.
 */

#include "network.h"
#include "resolvers.h"
#include "state.h"

/* Sorted by their names, to be freed. 0 or -ENOMEM, silent. */
int networkd_files(const struct network *network, const struct resolvers *resolvers,
		   struct network_file **ret, size_t *ret_n);

/* Links with addresses that are not in these files, "wg0, docker0", or "", to be freed. 0
 * or -ENOMEM, silent. */
int networkd_left_out(const struct network *network, char **ret);
