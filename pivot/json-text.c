// SPDX-License-Identifier: GPL-2.0-or-later
#include "json-text.h"

#include <stdio.h>

json_t *json_text(const char *text)
{
	char clean[1024];
	json_t *value = json_string(text);

	if (value)
		return value;
	(void)snprintf(clean, sizeof(clean), "%s", text);
	for (char *at = clean; *at; at++)
		if ((unsigned char)*at >= 0x80)
			*at = '?';
	return json_string(clean);
}
