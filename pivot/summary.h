/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What was decided of a jump, in a few lines, before anything is changed. */

#include <stdio.h>

#include "journey.h"

void summary_print(FILE *to, const struct journey *journey);
