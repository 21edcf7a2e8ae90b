// SPDX-License-Identifier: GPL-2.0-or-later
#include "json-text.h"

#include <errno.h>
#include <stdio.h>

#include "pivot/base/cleanup.h"

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

int json_print(json_t *value)
{
	int r = value ? json_dumpf(value, stdout, JSON_INDENT(2)) : -1;

	json_decref(value);
	if (r < 0)
		return -ENOMEM;
	(void)putchar('\n');
	return 0;
}

int json_line(json_t *value, char **ret)
{
	auto_free char *text = value ? json_dumps(value, JSON_COMPACT) : NULL;

	json_decref(value);
	if (!text || asprintf(ret, "%s\n", text) < 0)
		return -ENOMEM;
	return 0;
}
