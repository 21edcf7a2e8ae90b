/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What the machine is made of, and what is known about it. */

#include "initramfs/handover.h"
#include "initramfs/inventory/devices.h"
#include "initramfs/inventory/machine.h"

enum { ADVICE_MAX = 32 };

/* What the quirks say beyond what is done with a device. */
struct advice {
	const struct device *device; /* the first that it is about */
	size_t n_devices;
	const struct quirk *quirk;	  /* NULL where a rule of the user's says it */
	char append[POLICY_APPEND_BYTES]; /* to the target's command line; "": a warning
					   */
};

struct hardware {
	struct machine machine;
	struct devices devices;
	const struct device *asks_for_two; /* stages, by a quirk or a rule; NULL: none */
	const struct device *slowest; /* by these; NULL: none has a time of its own */
	unsigned int slowest_ms;      /* to let go */
	size_t n_advice;
	struct advice advice[ADVICE_MAX];
};

/* The machine below a root, its devices in the order of the plan, where they stay. 0 or
 * negative errno; logged. */
int hardware_read(const char *root, struct hardware *ret);

/* --skip: a device by its name, or a driver, becomes a rule. 0 or -EINVAL; logged. */
int hardware_skip(const struct hardware *hardware, const char *what, struct rules *rules);

/* Warns of each rule that is about no device here: a slip of the pen, mostly. */
void hardware_warn_of_rules(const struct hardware *hardware, const struct rules *rules);

/* Fills in the advice, which the rules of the handover are part of. */
void hardware_advise(struct hardware *hardware, const struct handover *handover);
