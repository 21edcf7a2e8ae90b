// SPDX-License-Identifier: GPL-2.0-or-later
#include "parameter.h"

#include <string.h>

const char *parameter_find(const char *line, const char *name, size_t *n)
{
	const size_t length = strlen(name);
	const char *value = NULL;

	for (const char *at = line; (at = strstr(at, name)); at += length)
		if ((at == line || at[-1] == ' ') && at[length] == '=')
			value = at + length + 1;
	if (value)
		*n = strcspn(value, " ");
	return value;
}
