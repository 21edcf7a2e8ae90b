// SPDX-License-Identifier: GPL-2.0-or-later
#include "there.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "pivot/base/log.h"
#include "pivot/base/parse.h"
#include "pivot/base/printable.h"

/* The rest of a line that begins with the word, or NULL. */
static char *after(char *line, const char *word)
{
	const size_t n = strlen(word);

	return strncmp(line, word, n) == 0 && line[n] == ' ' ? line + n + 1 : NULL;
}

static int take_part(struct items *items, char *value)
{
	char *bytes = strsep(&value, " ");
	struct item *item = value ? items_find(items, value) : NULL;

	return item ? parse_u64(bytes, 10, item->bytes, &item->there) : 0;
}

static int take_line(char *line, const char *host, struct items *items,
		     struct there *there)
{
	char *value;

	if ((value = after(line, "refused")))
		return log_refuse(-ENOTSUP, "'%s': %s", host, printable_make(value));
	if ((value = after(line, "user")))
		there->is_root = strcmp(value, "0") == 0;
	else if ((value = after(line, "become")))
		(void)snprintf(there->become, sizeof(there->become), "%s", value);
	else if ((value = after(line, "folder")))
		(void)snprintf(there->folder, sizeof(there->folder), "%.*s",
			       (int)sizeof(there->folder) - 1, value);
	else if ((value = after(line, "whole")) && items_find(items, value))
		items_find(items, value)->is_there = true;
	else if ((value = after(line, "part")))
		return take_part(items, value);
	return 0;
}

int there_parse(char *said, const char *host, struct items *items, struct there *ret)
{
	int r = 0;

	*ret = (struct there){ 0 };
	for (size_t i = 0; i < items->n; i++) {
		items->item[i].is_there = false;
		items->item[i].there = 0;
	}
	for (char *line; r == 0 && (line = strsep(&said, "\n"));)
		r = take_line(line, host, items, ret);
	if (r == 0 && !ret->folder[0])
		return log_refuse(-EPROTO, "'%s' did not say where its files go", host);
	return r;
}

int there_count_bad(char *said)
{
	int n = 0;

	for (char *line; (line = strsep(&said, "\n"));)
		n += after(line, "bad") != NULL;
	return n;
}
