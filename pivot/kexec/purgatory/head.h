/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The first bytes of the purgatory, as entry.S lays them out. */

#include <stdint.h>

#include "pivot/kexec/purgatory.h"

struct purgatory_head {
	uint8_t jump[8]; /* to the code */
	uint64_t bytes;	 /* with what lies behind the file */
	struct purgatory_job job;
};
