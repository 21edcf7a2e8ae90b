// SPDX-License-Identifier: GPL-2.0-or-later
#include "cpuinfo.h"

#include <string.h>

#include "pivot/base/read.h"

static const char *find_line(const char *text, const char *name)
{
	size_t n = strlen(name);

	while (text && (strncmp(text, name, n) != 0 || !strchr(" \t:", text[n]))) {
		text = strchr(text, '\n');
		text = text ? text + 1 : NULL;
	}
	return text ? text + n : NULL;
}

static bool ends_word(char c)
{
	return !c || strchr(" \t\n", c);
}

bool cpuinfo_has(const char *root, const char *name, const char *text)
{
	char info[8192] = ""; /* the first processor: all are alike */
	const size_t n = strlen(text);
	const char *line, *end;

	(void)read_text(info, sizeof(info), root, "/proc/cpuinfo");
	line = find_line(info, name);
	end = line ? line + strcspn(line, "\n") : NULL;
	for (const char *at = line; at && (at = strstr(at, text)) && at < end; at += n)
		if (ends_word(at[-1]) && ends_word(at[n]))
			return true;
	return false;
}
