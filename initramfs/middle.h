/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What comes before the teardown in a middle kernel, whose initramfs the stage is: its
 * drivers take the devices, which brings these into a state that is known, to let go of
 * them again.
 */

#define MIDDLE_MODULES "/modules"

enum { MIDDLE_ORDER_BYTES = 32768 };

struct middle_times {
	unsigned int load_ms;	/* for one module: its drivers may probe meanwhile */
	unsigned int settle_ms; /* for all devices to appear, at most */
	unsigned int quiet_ms;	/* without one that came, or got a driver, and it ends */
};

#define MIDDLE_TIMES                                                  \
	{                                                             \
		.load_ms = 30000, .settle_ms = 20000, .quiet_ms = 100 \
	}

/*
 * Loads the modules that the tool has put into the stage, in the order of
 * <root>MIDDLE_MODULES/order, a line "FILE [PARAMETERS]" for each, and waits until no
 * more devices appear. What fails is logged: the teardown clears what got no driver.
 */
void middle_bind(const char *root, const struct middle_times *times);
