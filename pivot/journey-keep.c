// SPDX-License-Identifier: GPL-2.0-or-later
#include "journey.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pivot/base/parameter.h"
#include "pivot/network/network.h"

enum { IP_BYTES = 256 };

/* Of this machine alone: netlink knows of no other. */
static void read_network(struct journey *journey, struct network_texts *ret)
{
	const struct options *options = journey->options;
	const bool is_wanted = options->has_ip || !options->keep.has_no_network;
	int r = options->root[0] || !is_wanted
			? 0
			: network_texts_read(options->root, NETWORK_FOR_TARGET, ret);

	if (r == -ETIMEDOUT)
		find_warning(&journey->findings, "network-unread",
			     "the kernel does not say what network this machine has, as "
			     "where a driver hangs: nothing of it travels, and taking "
			     "it apart may hang, too; look for it in the kernel's log");
	else if (r < 0)
		find_warning(&journey->findings, "network-unread",
			     "cannot read the network of this machine (%s): nothing of "
			     "it travels",
			     strerror(-r));
	if (ret->n_routes_left_out > 0)
		find_warning(&journey->findings, "routes",
			     "this machine has too many routes: of those that a routing "
			     "daemon has learned the default ones travel alone, and %zu "
			     "stay here; let the target run such a daemon",
			     ret->n_routes_left_out);
}

/* Why it cannot be said where this machine is, or NULL. */
static const char *why_no_ip(const struct journey *journey, const struct network_ip *ip)
{
	size_t n;

	if (parameter_find(journey->tree.command_line, "ip", &n))
		return "the command line has an ip= of its own: leave --ip out";
	if (journey->options->root[0])
		return "a recording does not say what network a machine has: leave --ip "
		       "out";
	if (!ip->before[0])
		return "--ip: this machine has no default route by IPv4";
	return NULL;
}

static void add_ip(struct journey *journey, const struct network_ip *ip)
{
	struct findings *findings = &journey->findings;
	const char *why_not = why_no_ip(journey, ip);
	char word[IP_BYTES];

	if (why_not) {
		find_refusal(findings, "ip", "%s", why_not);
		return;
	}
	if (snprintf(word, sizeof(word), "%s%s%s", ip->before, journey->options->ip ?: "",
		     ip->after) >= (int)sizeof(word) ||
	    journey_prepend(journey, word) <= 0) {
		find_refusal(
			findings, "ip",
			"--ip: with '%s' the command line is too long for the kernel",
			word);
		return;
	}
	find_note(findings, "ip", "put before the command line: %s", word);
	if (ip->is_far)
		find_warning(
			findings, "ip",
			"the gateway in %s is in no network of the address: a kernel "
			"that reads this itself does not take it",
			word);
}

/* Behind an initrd; a kernel that has none expects none. */
void journey_read_keep(struct journey *journey)
{
	const struct options *options = journey->options;
	auto_network_texts struct network_texts network = NETWORK_TEXTS_INIT;
	const struct keep_request request = {
		.root = options->root,
		.users = { getenv("SUDO_USER"), getenv("DOAS_USER") },
		.choice = &options->keep,
		.network = &network,
	};

	read_network(journey, &network);
	if (options->has_ip)
		add_ip(journey, &network.ip);
	journey->has_keep =
		journey->tree.initrd_fd < 0 || keep_read(&request, &journey->keep) == 0;
	if (!journey->has_keep)
		findings_add_said(
			&journey->findings, "keep",
			"what is to travel to the target cannot be read, for what "
			"standard error says of it");
	journey->tree.appended_bytes = journey->keep.bytes;
}
