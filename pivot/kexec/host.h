/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What a loader has to know of the machine it runs on. */

#include <stdint.h>

#include "firmware.h"
#include "memory-map.h"

struct host {
	struct memory_map map;
	struct firmware firmware;
	struct spans usable;  /* where something may be put for the next kernel */
	struct spans mapped;  /* what the page tables for the jump map */
	uint16_t serial_port; /* of a console, for who has nothing else; 0: none */
};

/* Below a root. 0, or negative errno and *what could not be read. */
int host_read(const char *root, struct host *ret, const char **what);
