/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The left side of a rule; quirks.h describes the language. */

#include <stdbool.h>

#include "initramfs/inventory/devices.h"
#include "initramfs/inventory/machine.h"
#include "pattern.h"

/* "driver:e1000e": a term that the language knows, with a value that fits it? */
bool match_is_term(struct span term);

/* Do all terms of the list hold? One that is none does not. */
bool match_holds(struct span terms, const struct device *device,
		 const struct machine *machine);
