// SPDX-License-Identifier: GPL-2.0-or-later
#include "printable.h"

#include <stddef.h>

char *printable_make(char *text)
{
	for (char *at = text; at && *at; at++)
		if ((unsigned char)*at < ' ' || *at == 0x7f)
			*at = '?';
	return text;
}
