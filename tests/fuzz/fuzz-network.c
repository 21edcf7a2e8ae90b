// SPDX-License-Identifier: GPL-2.0-or-later

/* Dumps of netlink, each behind its size: tests/unit/record-network.c writes such files.
 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "pivot/network/json.h"
#include "pivot/network/networkd.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct network_names names;

/* In memory of its own, so that no byte behind it can be read unseen. */
static void take(const uint8_t **data, size_t *left, struct netlink_dump *ret)
{
	uint32_t n = 0;

	if (*left >= sizeof(n)) {
		memcpy(&n, *data, sizeof(n));
		*data += sizeof(n);
		*left -= sizeof(n);
	}
	n = n < *left ? n : (uint32_t)*left;
	*ret = (struct netlink_dump){ .size = n, .data = malloc(n) };
	if (ret->data && n > 0)
		memcpy(ret->data, *data, n);
	*data += n;
	*left -= n;
}

static void tell(const struct network *network)
{
	const struct resolvers resolvers = { .n = 1, .server = { "192.0.2.1" } };
	struct network_texts files = NETWORK_TEXTS_INIT;
	char *text;

	if (network_addr_json(network, &names, &text) == 0)
		free(text);
	if (network_route_json(network, &names, AF_INET, &text) == 0)
		free(text);
	if (network_route_json(network, &names, AF_INET6, &text) == 0)
		free(text);
	if (networkd_left_out(network, &text) == 0)
		free(text);
	if (networkd_files(network, &resolvers, &files.file, &files.n_files) == 0)
		network_texts_done(&files);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct network_dumps dumps;
	struct network network;

	take(&data, &size, &dumps.links);
	take(&data, &size, &dumps.addresses);
	take(&data, &size, &dumps.routes_v4);
	take(&data, &size, &dumps.routes_v6);
	take(&data, &size, &dumps.bridge_vlans);
	(void)network_routes_thin(&dumps.routes_v4, 2);
	if (network_parse(&dumps, &network) == 0) {
		tell(&network);
		network_done(&network);
	}
	network_dumps_done(&dumps);
	return 0;
}
