/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What is decided of the loading, as lines of text on standard output. */

#include "journey.h"

/* "gather, else load". Returns text. */
enum { DETAILS_LOADERS_BYTES = 64 };
const char *details_loaders(unsigned int loaders, char text[DETAILS_LOADERS_BYTES]);

/* For --verbose: which loaders are not tried, and why; where in memory the target goes.
 */
void details_print(const struct journey *journey);
