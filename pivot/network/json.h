/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * As iproute2 6.1 (Debian 12) prints it, field for field, one line: that is what the
 * installers' initrds read. Left out is what takes more than the dumps: what an attached
 * XDP program is, and encapsulations of routes.
 *
 * Each gives text to be freed. 0 or -ENOMEM, silent.
 */

#include <jansson.h>

#include "names.h"
#include "state.h"

/* ip --json addr */
int network_addr_json(const struct network *network, const struct network_names *names,
		      char **ret);

/* ip -4 --json route, ip -6 --json route; AF_INET or AF_INET6 */
int network_route_json(const struct network *network, const struct network_names *names,
		       int family, char **ret);

/* What both need: the link's name, or "if7" where it is not among these. */
const char *network_link_name(const struct network *network, uint32_t index,
			      char text[static NAME_BYTES]);

/* Both take the value. */
static inline void object_set(json_t *object, const char *key, json_t *value)
{
	(void)json_object_set_new(object, key, value);
}

static inline void list_add(json_t *list, json_t *value)
{
	(void)json_array_append_new(list, value);
}
