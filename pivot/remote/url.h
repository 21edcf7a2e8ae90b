/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Which machine: ssh://[user@]host[:port], the host as ssh(1) and its configuration know
 * it. */

enum { URL_USER_BYTES = 64, URL_HOST_BYTES = 256, URL_PORT_BYTES = 6 };

/* "" is what was not said: ssh(1) decides. Neither begins with a dash. */
struct remote_url {
	char user[URL_USER_BYTES];
	char host[URL_HOST_BYTES]; /* an IPv6 address is without its brackets */
	char port[URL_PORT_BYTES];
};

/* 0 or -EINVAL; *ret only on success. */
int remote_url_parse(const char *text, struct remote_url *ret);
