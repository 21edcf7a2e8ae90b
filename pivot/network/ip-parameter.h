/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The way out of this machine as the kernel's ip= knows it, one IPv4 address, for targets
 * that read nothing else. Source: Documentation/admin-guide/nfs/nfsroot.rst; dracut,
 * initramfs-tools and systemd-network-generator(8) read the same.
 */

#include <stdbool.h>

#include "network.h"
#include "resolvers.h"
#include "state.h"

/*
 * Of the default route with the lowest metric, and the address it is left by. What DHCP
 * gave is asked for again. *ret is empty where there is no such route.
 */
void network_ip_parameter(const struct network *network,
			  const struct resolvers *resolvers, struct network_ip *ret);
