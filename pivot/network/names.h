/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What iproute2 calls the numbers of the kernel: as there, by a table of its own and by
 * those of /etc/iproute2, behind those of /usr/share/iproute2, where newer ones are.
 */

#include <stddef.h>
#include <stdint.h>

enum name_kind {
	NAME_PROTOCOL,
	NAME_SCOPE,
	NAME_GROUP,
	NAME_REALM,
	NAME_TOS,
	NAME_KINDS
};

enum { NAMES_FILE_BYTES = 16 * 1024, NAME_BYTES = 64 };

struct network_names {
	char file[NAME_KINDS][NAMES_FILE_BYTES]; /* "" where there is none */
};

/* Below <root>; a file that is not there, or too long, has no names. */
void network_names_read(const char *root, struct network_names *ret);

/* The name, or the number as text. */
char *network_name(const struct network_names *names, enum name_kind kind, uint32_t id,
		   char text[static NAME_BYTES]);

/* An ARPHRD_*: "ether"; or "[7]". */
const char *network_link_type(uint16_t type, char text[static NAME_BYTES]);

/* An RTN_*: "unreachable"; or the number. */
const char *network_route_type(uint8_t type, char text[static NAME_BYTES]);
