// SPDX-License-Identifier: GPL-2.0-or-later
#include "network.h"

#include <errno.h>
#include <stdlib.h>

#include "ip-parameter.h"
#include "json.h"
#include "names.h"
#include "networkd.h"
#include "pivot/base/cleanup.h"
#include "resolvers.h"
#include "state.h"

static int texts_make(const char *root, const struct network *network,
		      struct network_texts *texts)
{
	static struct network_names names; /* too large for a stack */
	struct resolvers resolvers;
	int r;

	network_names_read(root, &names);
	r = network_addr_json(network, &names, &texts->addr);
	if (r == 0)
		r = network_route_json(network, &names, AF_INET, &texts->route_v4);
	if (r == 0)
		r = network_route_json(network, &names, AF_INET6, &texts->route_v6);
	if (r < 0)
		return r;
	resolvers_read(root, &resolvers);
	network_ip_parameter(network, &resolvers, &texts->ip);
	r = networkd_files(network, &resolvers, &texts->file, &texts->n_files);
	return r < 0 ? r : networkd_left_out(network, &texts->left_out);
}

static int texts_of(const char *root, const struct network_dumps *dumps,
		    struct network_texts *texts)
{
	auto_network struct network network = NETWORK_INIT;
	int r = network_parse(dumps, &network);

	return r < 0 ? r : texts_make(root, &network, texts);
}

int network_texts_read(const char *root, enum network_extent extent,
		       struct network_texts *ret)
{
	struct network_texts texts = NETWORK_TEXTS_INIT;
	struct network_dumps dumps;
	size_t n_left_out;
	int r = network_dumps_ask(extent, &dumps, &n_left_out);

	if (r < 0)
		return r;
	texts.n_routes_left_out = n_left_out;
	r = texts_of(root, &dumps, &texts);
	network_dumps_done(&dumps);
	if (r < 0)
		network_texts_done(&texts);
	else
		*ret = texts;
	return r;
}

void network_texts_done(struct network_texts *texts)
{
	free(texts->addr);
	free(texts->route_v4);
	free(texts->route_v6);
	for (size_t i = 0; i < texts->n_files; i++)
		free(texts->file[i].text);
	free(texts->file);
	free(texts->left_out);
	*texts = (struct network_texts)NETWORK_TEXTS_INIT;
}
