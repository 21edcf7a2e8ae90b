// SPDX-License-Identifier: GPL-2.0-or-later
#include <linux/icmpv6.h>
#include <stdio.h>
#include <unistd.h>

#include "json.h"
#include "pivot/base/macros.h"
#include "pivot/json-text.h"

static const char *const metric_names[] = {
	[RTAX_MTU] = "mtu",
	[RTAX_WINDOW] = "window",
	[RTAX_RTT] = "rtt",
	[RTAX_RTTVAR] = "rttvar",
	[RTAX_SSTHRESH] = "ssthresh",
	[RTAX_CWND] = "cwnd",
	[RTAX_ADVMSS] = "advmss",
	[RTAX_REORDERING] = "reordering",
	[RTAX_HOPLIMIT] = "hoplimit",
	[RTAX_INITCWND] = "initcwnd",
	[RTAX_FEATURES] = "features",
	[RTAX_RTO_MIN] = "rto_min",
	[RTAX_INITRWND] = "initrwnd",
	[RTAX_QUICKACK] = "quickack",
	[RTAX_CC_ALGO] = "congestion",
	[RTAX_FASTOPEN_NO_COOKIE] = "fastopen_no_cookie",
};

static const struct {
	unsigned int flag;
	const char *name;
} route_flags[] = {
	{ RTNH_F_DEAD, "dead" },
	{ RTNH_F_ONLINK, "onlink" },
	{ RTNH_F_PERVASIVE, "pervasive" },
	{ RTNH_F_OFFLOAD, "offload" },
	{ RTNH_F_TRAP, "trap" },
	{ RTM_F_NOTIFY, "notify" },
	{ RTNH_F_LINKDOWN, "linkdown" },
	{ RTNH_F_UNRESOLVED, "unresolved" },
	{ RTM_F_OFFLOAD, "rt_offload" },
	{ RTM_F_TRAP, "rt_trap" },
	{ RTM_F_OFFLOAD_FAILED, "rt_offload_failed" },
};

static json_t *flags_json(unsigned int flags)
{
	json_t *list = json_array();

	for (size_t i = 0; i < array_size(route_flags); i++)
		if (flags & route_flags[i].flag)
			list_add(list, json_string(route_flags[i].name));
	return list;
}

static json_t *ip_json(const struct ip *ip)
{
	char text[IP_TEXT_BYTES];

	return json_string(ip_text(ip, text));
}

/* A host without its prefix. */
static json_t *prefix_json(const struct ip *ip, unsigned int prefix)
{
	char text[IP_TEXT_BYTES];

	if (prefix == (ip->family == AF_INET ? 32 : 128))
		return ip_json(ip);
	return json_sprintf("%s/%u", ip_text(ip, text), prefix);
}

static json_t *destination_json(const struct network_route *route)
{
	if (route->to.family)
		return prefix_json(&route->to, route->to_prefix);
	if (route->to_prefix)
		return json_sprintf("0/%u ", route->to_prefix); /* blank and all */
	return json_string("default");
}

static json_t *via_json(const struct ip *via)
{
	return json_pack("{ss so}", "family", via->family == AF_INET ? "inet" : "inet6",
			 "host", ip_json(via));
}

static json_t *realms_json(const struct network_names *names, uint32_t realms)
{
	const uint32_t from = realms >> 16, to = realms & 0xffff;
	json_t *object = json_object();
	char text[NAME_BYTES];

	if (from)
		object_set(object, "from",
			   json_text(network_name(names, NAME_REALM, from, text)));
	object_set(object, "to", json_text(network_name(names, NAME_REALM, to, text)));
	return object;
}

static void gateway_json(const struct network_hop *hop, json_t *object)
{
	if (hop->gateway.family)
		object_set(object, "gateway", ip_json(&hop->gateway));
	if (hop->via.family)
		object_set(object, "via", via_json(&hop->via));
}

static json_t *hop_json(const struct network *network, const struct network_names *names,
			const struct network_hop *hop)
{
	json_t *object = json_object();
	char text[NAME_BYTES];

	gateway_json(hop, object);
	if (hop->has_realms)
		object_set(object, "flow", realms_json(names, hop->realms));
	object_set(object, "dev", json_text(network_link_name(network, hop->link, text)));
	object_set(object, "weight", json_integer(hop->weight));
	object_set(object, "flags", flags_json(hop->flags));
	return object;
}

static void hops_json(const struct network *network, const struct network_names *names,
		      const struct network_route *route, json_t *object)
{
	struct network_hop hop;
	json_t *list;
	size_t at = 0;

	if (!route->hops)
		return;
	list = json_array();
	while (network_hop_next(route, &at, &hop))
		list_add(list, hop_json(network, names, &hop));
	object_set(object, "nexthops", list);
}

static void features_json(uint32_t features, json_t *object)
{
	if (features & RTAX_FEATURE_ECN)
		object_set(object, "ecn", json_null());
	if (features & ~(uint32_t)RTAX_FEATURE_ECN)
		object_set(object, "features", json_sprintf("%#x", features));
}

static void metric_json(unsigned int metric, const struct nlattr *attribute,
			json_t *object)
{
	const uint32_t value = netlink_u32(attribute);

	if (metric == RTAX_CC_ALGO) {
		if (netlink_text(attribute))
			object_set(object, metric_names[metric],
				   json_text(netlink_text(attribute)));
	} else if (metric == RTAX_FEATURES) {
		features_json(value, object);
	} else if (metric == RTAX_RTT) {
		object_set(object, metric_names[metric], json_integer(value / 8));
	} else if (metric == RTAX_RTTVAR) {
		object_set(object, metric_names[metric], json_integer(value / 4));
	} else if (metric != RTAX_HOPLIMIT || value != UINT32_MAX) {
		object_set(object, metric_names[metric], json_integer(value));
	}
}

/* One that is locked is there with a zero where it has no value. */
static void metrics_json(const struct nlattr *metrics, json_t *object)
{
	const struct nlattr *attr[array_size(metric_names)];
	json_t *all;
	uint32_t locked;

	if (!metrics)
		return;
	netlink_attributes_in(metrics, attr, array_size(attr));
	locked = netlink_u32(attr[RTAX_LOCK]);
	all = json_object();
	for (unsigned int i = RTAX_MTU; i < array_size(metric_names); i++)
		if (attr[i] || (locked & 1U << i))
			metric_json(i, attr[i], all);
	object_set(object, "metrics", json_pack("[o]", all));
}

static void cache_json(const struct rta_cacheinfo *cache, json_t *object)
{
	if (!cache)
		return;
	if (cache->rta_expires)
		object_set(object, "expires",
			   json_integer(cache->rta_expires / (int)sysconf(_SC_CLK_TCK)));
	if (cache->rta_error) /* negative errno, told as if it were not */
		object_set(object, "error", json_integer(cache->rta_error));
	if (cache->rta_id)
		object_set(object, "ipid", json_sprintf("%#x", cache->rta_id));
	if (cache->rta_ts || cache->rta_tsage) {
		object_set(object, "ts", json_sprintf("%#x", cache->rta_ts));
		object_set(object, "tsage", json_integer(cache->rta_tsage));
	}
}

static json_t *preference_json(uint8_t preference)
{
	switch (preference) {
	case ICMPV6_ROUTER_PREF_LOW:
		return json_string("low");
	case ICMPV6_ROUTER_PREF_MEDIUM:
		return json_string("medium");
	case ICMPV6_ROUTER_PREF_HIGH:
		return json_string("high");
	default:
		return json_integer(preference);
	}
}

static void path_json(const struct network *network, const struct network_names *names,
		      const struct network_route *route, json_t *object)
{
	char text[NAME_BYTES];

	if (route->next_hop_id)
		object_set(object, "nhid", json_integer(route->next_hop_id));
	if (route->tos)
		object_set(object, "tos",
			   json_text(network_name(names, NAME_TOS, route->tos, text)));
	gateway_json(&route->hop, object);
	if (route->hop.link)
		object_set(object, "dev",
			   json_text(network_link_name(network, route->hop.link, text)));
	if (route->protocol != RTPROT_BOOT)
		object_set(object, "protocol",
			   json_text(network_name(names, NAME_PROTOCOL, route->protocol,
						  text)));
	if (route->scope != RT_SCOPE_UNIVERSE)
		object_set(
			object, "scope",
			json_text(network_name(names, NAME_SCOPE, route->scope, text)));
	if (route->source.family)
		object_set(object, "prefsrc", ip_json(&route->source));
}

static void properties_json(const struct network *network,
			    const struct network_names *names,
			    const struct network_route *route, json_t *object)
{
	char text[NAME_BYTES];

	if (route->has_metric)
		object_set(object, "metric", json_integer(route->metric));
	object_set(object, "flags", flags_json(route->flags));
	if (route->mark)
		object_set(object, "mark", json_integer(route->mark));
	if (route->hop.has_realms)
		object_set(object, "flow", realms_json(names, route->hop.realms));
	if (route->has_user)
		object_set(object, "uid", json_integer(route->user));
	cache_json(route->cache, object);
	metrics_json(route->metrics, object);
	if (route->from_link)
		object_set(object, "iif",
			   json_text(network_link_name(network, route->from_link, text)));
	if (route->has_preference)
		object_set(object, "pref", preference_json(route->preference));
	if (route->has_propagation)
		object_set(object, "ttl-propogate", json_boolean(route->propagation));
}

static json_t *route_json(const struct network *network,
			  const struct network_names *names,
			  const struct network_route *route)
{
	json_t *object = json_object();
	char text[NAME_BYTES];

	if (route->type != RTN_UNICAST)
		object_set(object, "type",
			   json_string(network_route_type(route->type, text)));
	object_set(object, "dst", destination_json(route));
	if (route->from.family)
		object_set(object, "from", prefix_json(&route->from, route->from_prefix));
	path_json(network, names, route, object);
	properties_json(network, names, route, object);
	hops_json(network, names, route, object);
	return object;
}

int network_route_json(const struct network *network, const struct network_names *names,
		       int family, char **ret)
{
	const bool is_v4 = family == AF_INET;
	const struct network_route *route = is_v4 ? network->route_v4 : network->route_v6;
	const size_t n = is_v4 ? network->n_routes_v4 : network->n_routes_v6;
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		list_add(list, route_json(network, names, &route[i]));
	return json_line(list, ret);
}
