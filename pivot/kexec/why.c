// SPDX-License-Identifier: GPL-2.0-or-later
#include "why.h"

#include <stdarg.h>
#include <stdio.h>

int why_fail(char why[WHY_BYTES], int error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(why, WHY_BYTES, format, args);
	va_end(args);
	return error;
}
