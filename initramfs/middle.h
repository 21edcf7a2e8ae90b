/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What comes before the teardown in a middle kernel, whose initramfs the stage is: its
 * drivers take the devices, which brings these into a state that is known, to let go of
 * them again.
 */

#include "teardown/teardown.h"

#define MIDDLE_MODULES "/modules"

enum { MIDDLE_ORDER_BYTES = 32768 };

/*
 * Loads the modules that the tool has put into the stage, in the order of
 * MIDDLE_MODULES/order, a line "FILE [PARAMETERS]" for each, and waits until no more
 * devices appear. What fails is logged: the teardown clears what got no driver.
 */
void middle_bind(const struct teardown *teardown);
