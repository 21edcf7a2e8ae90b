// SPDX-License-Identifier: GPL-2.0-or-later
#include "url.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "pivot/base/parse.h"

#define ALNUM "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

static const char scheme[] = "ssh://";

/*
 * These become words of a command: none may look like an option, nor be expanded by
 * somebody's ProxyCommand.
 */
static int take(char *to, size_t size, const char *from, size_t n, const char *allowed)
{
	if (n == 0 || n >= size || from[0] == '-' || strspn(from, allowed) < n)
		return -EINVAL;
	memcpy(to, from, n);
	to[n] = '\0';
	return 0;
}

static int take_port(const char *text, struct remote_url *url)
{
	uint64_t port;

	if (parse_u64(text, 10, 65535, &port) < 0 || port == 0)
		return -EINVAL;
	(void)snprintf(url->port, sizeof(url->port), "%u", (unsigned int)port);
	return 0;
}

/* text is what stands behind the user. */
static int take_host(const char *text, struct remote_url *url)
{
	const bool has_brackets = text[0] == '[';
	const char *host = has_brackets ? text + 1 : text;
	size_t n = strcspn(host, has_brackets ? "]" : ":");
	const char *rest = host + n;

	if (has_brackets && *rest++ != ']')
		return -EINVAL;
	if (take(url->host, sizeof(url->host), host, n,
		 has_brackets ? ALNUM ":.%" : ALNUM ".-_") < 0)
		return -EINVAL;
	if (*rest == ':')
		return take_port(rest + 1, url);
	return *rest ? -EINVAL : 0;
}

int remote_url_parse(const char *text, struct remote_url *ret)
{
	const char *rest = text + strlen(scheme), *at;
	struct remote_url url = { 0 };
	char authority[URL_USER_BYTES + URL_HOST_BYTES + 16];
	size_t n;

	if (strncmp(text, scheme, strlen(scheme)) != 0)
		return -EINVAL;
	n = strcspn(rest, "/");
	if (n >= sizeof(authority) || strcmp(rest + n + (rest[n] == '/'), "") != 0)
		return -EINVAL;
	(void)snprintf(authority, sizeof(authority), "%.*s", (int)n, rest);
	at = strrchr(authority, '@');
	if (at && take(url.user, sizeof(url.user), authority, (size_t)(at - authority),
		       ALNUM ".-_+@") < 0)
		return -EINVAL;
	if (take_host(at ? at + 1 : authority, &url) < 0)
		return -EINVAL;
	*ret = url;
	return 0;
}
