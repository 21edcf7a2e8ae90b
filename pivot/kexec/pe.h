/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* PE files, which EFI programs are. Source: the PE/COFF specification. Pure. */

#include <stdbool.h>
#include <stdint.h>

#include "head.h"

/* Where the PE header is; 0: there is none. */
uint64_t pe_offset(const struct head *head);

bool pe_has_section(const struct head *head, const char *name);
