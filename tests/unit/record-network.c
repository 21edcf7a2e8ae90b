// SPDX-License-Identifier: GPL-2.0-or-later

/*
 * Writes what the kernel says of the network to standard output, for tests/unit/networks:
 * each of the dumps behind its size. How it is used: tests/networks.py --record.
 */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "pivot/network/state.h"

static void dump_write(const struct netlink_dump *dump)
{
	const uint32_t size = (uint32_t)dump->size;

	if (fwrite(&size, sizeof(size), 1, stdout) != 1 ||
	    fwrite(dump->data, 1, size, stdout) != size)
		exit(EXIT_FAILURE);
}

int main(void)
{
	struct network_dumps dumps;

	if (network_dumps_read(&dumps) < 0)
		return EXIT_FAILURE;
	dump_write(&dumps.links);
	dump_write(&dumps.addresses);
	dump_write(&dumps.routes_v4);
	dump_write(&dumps.routes_v6);
	dump_write(&dumps.bridge_vlans);
	return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
