// SPDX-License-Identifier: GPL-2.0-or-later
#include "host.h"

#include <string.h>

#include "pivot/base/read.h"

/* The last of the kernel's consoles that is a serial port with I/O addresses. Source:
 * drivers/tty/serial/serial_core.c (io_type 0: UPIO_PORT). */
static uint16_t read_serial_port(const char *root)
{
	char active[256], *save = NULL;
	uint64_t port, type, found = 0;

	if (read_text(active, sizeof(active), root, "/sys/class/tty/console/active") < 0)
		return 0;
	for (char *tty = strtok_r(active, " ", &save); tty;
	     tty = strtok_r(NULL, " ", &save))
		if (strncmp(tty, "ttyS", 4) == 0 &&
		    read_u64(&port, 16, root, "/sys/class/tty/%s/port", tty) == 0 &&
		    read_u64(&type, 10, root, "/sys/class/tty/%s/io_type", tty) == 0 &&
		    type == 0 && port <= UINT16_MAX)
			found = port;
	return (uint16_t)found;
}

int host_read(const char *root, struct host *ret, const char **what)
{
	int r = memory_map_read(root, &ret->map);

	*what = "the memory map, '/sys/firmware/memmap'";
	if (r < 0)
		return r;
	r = firmware_read(root, &ret->firmware);
	*what = "what the firmware said, below '/sys/firmware/efi'";
	if (r < 0)
		return r;
	r = memory_usable(root, &ret->map, &ret->usable);
	*what = "which memory is free of firmware tables, '/proc/kpageflags'";
	if (r < 0)
		return r;
	memory_mapped(&ret->map, &ret->firmware, &ret->mapped);
	ret->serial_port = read_serial_port(root);
	return 0;
}
