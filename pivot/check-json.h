/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "journey.h"

/* Prints what was found as one JSON object; pivot-kexec(8) describes it. 0 or negative
 * errno, logged. */
int check_print_json(const struct journey *journey);
