// SPDX-License-Identifier: GPL-2.0-or-later
#include "fake-network.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake-root.h"

static FILE *file_open(const char *file)
{
	char path[128];
	FILE *f;

	(void)snprintf(path, sizeof(path), "tests/unit/networks/%s", file);
	f = fopen(path, "re");
	must(f);
	return f;
}

static void dump_read(FILE *f, struct netlink_dump *ret)
{
	uint32_t size;

	must(fread(&size, sizeof(size), 1, f) == 1);
	*ret = (struct netlink_dump){ .size = size, .data = malloc(size + 1) };
	must(ret->data && fread(ret->data, 1, size, f) == size);
}

void fake_network(const char *name, struct network_dumps *ret)
{
	char file[64];
	FILE *f;

	(void)snprintf(file, sizeof(file), "%s.dumps", name);
	f = file_open(file);
	dump_read(f, &ret->links);
	dump_read(f, &ret->addresses);
	dump_read(f, &ret->routes_v4);
	dump_read(f, &ret->routes_v6);
	ret->bridge_vlans = (struct netlink_dump){ 0 }; /* of some, none was recorded */
	if (ungetc(fgetc(f), f) != EOF)
		dump_read(f, &ret->bridge_vlans);
	must(fgetc(f) == EOF);
	(void)fclose(f);
}

char *fake_network_text(const char *file)
{
	FILE *f = file_open(file);
	char *text = NULL;
	size_t room = 0;

	must(getdelim(&text, &room, '\0', f) > 0);
	(void)fclose(f);
	return text;
}
