/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What hangs on the devices: disks, interfaces, cards, consoles. */

#include "devices.h"

/*
 * Writes it into those that are there, and adds the ones on other buses that turn up so.
 * What cannot be read is not there.
 */
void occupants_read(const char *root, struct devices *devices);
