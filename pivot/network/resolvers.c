// SPDX-License-Identifier: GPL-2.0-or-later
#include "resolvers.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "pivot/base/macros.h"
#include "pivot/base/read.h"

enum { FILE_BYTES = 16 * 1024 };

static const char *const files[] = {
	"/etc/resolv.conf",
	"/run/systemd/resolve/resolv.conf",
	"/run/NetworkManager/no-stub-resolv.conf",
};

/* An address, with a zone or without, that is not this machine's own. */
static bool is_server(const char *word)
{
	const size_t n = strcspn(word, "%");
	char address[RESOLVER_BYTES];
	struct in6_addr v6;
	struct in_addr v4;

	if (n >= sizeof(address) || strlen(word) >= RESOLVER_BYTES)
		return false;
	(void)snprintf(address, sizeof(address), "%.*s", (int)n, word);
	if (inet_pton(AF_INET, address, &v4) == 1)
		return (ntohl(v4.s_addr) >> 24) != 127;
	return inet_pton(AF_INET6, address, &v6) == 1 && !IN6_IS_ADDR_LOOPBACK(&v6);
}

/* Words of a line, the last such line counts; "." is the root, of no use here. */
static void take_search(char *line, struct resolvers *ret)
{
	size_t used = 0;
	char *rest;

	ret->search[0] = '\0';
	for (char *word = strtok_r(line, " \t", &rest); word;
	     word = strtok_r(NULL, " \t", &rest)) {
		if (strcmp(word, ".") == 0 ||
		    used + strlen(word) + 2 > sizeof(ret->search))
			continue;
		used += (size_t)snprintf(ret->search + used, sizeof(ret->search) - used,
					 "%s%s", used ? " " : "", word);
	}
}

/* resolv.conf(5) */
static void take_line(char *line, struct resolvers *ret)
{
	char *rest, *name = strtok_r(line, " \t", &rest), *word;

	if (!name)
		return;
	if (strcmp(name, "search") == 0 || strcmp(name, "domain") == 0)
		take_search(rest, ret);
	if (strcmp(name, "nameserver") != 0 || ret->n == RESOLVERS_MAX)
		return;
	word = strtok_r(NULL, " \t", &rest);
	if (word && is_server(word))
		strcpy(ret->server[ret->n++], word);
}

void resolvers_read(const char *root, struct resolvers *ret)
{
	char text[FILE_BYTES], *rest;

	for (size_t i = 0; i < array_size(files); i++) {
		*ret = (struct resolvers){ 0 };
		if (read_text(text, sizeof(text), root, "%s", files[i]) < 0)
			continue;
		for (char *line = strtok_r(text, "\n", &rest); line;
		     line = strtok_r(NULL, "\n", &rest))
			take_line(line, ret);
		if (ret->n > 0)
			return;
	}
	*ret = (struct resolvers){ 0 };
}
