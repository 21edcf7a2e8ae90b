/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The deadline of the whole teardown (--deadline). Until the disks are clean the guardian
 * keeps it: what overruns leads home. From then on it is kept here: what is left to do is
 * left undone, and the jump comes all the same; the guardian's time is longer by what one
 * step may take, for what nobody foresees.
 */

#include "teardown.h"

/* It starts, or starts anew, and the guardian with it. 0, or negative errno, logged. */
int deadline_start(struct teardown *teardown);

/* What is left of it, in milliseconds; 0: it is over. */
unsigned int deadline_left_ms(const struct teardown *teardown);

/* That much was spent on what does not count. */
void deadline_extend(struct teardown *teardown, uint64_t spent_ms);

/* The next step may take so long beyond what is left. */
void deadline_allow(struct teardown *teardown, unsigned int step_ms);
