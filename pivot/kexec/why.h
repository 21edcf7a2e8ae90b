/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* A loader does not log, because another may follow: it says why it failed. */

#include "pivot/base/macros.h"

enum { WHY_BYTES = 256 };

/* Returns error. */
printf_like(3, 4) int why_fail(char why[WHY_BYTES], int error, const char *format, ...);
