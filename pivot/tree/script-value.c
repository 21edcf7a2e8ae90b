// SPDX-License-Identifier: GPL-2.0-or-later
#include "pivot/tree/script.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "pivot/base/cleanup.h"

static int keep_first(char **unknown, const char *s, size_t n)
{
	if (*unknown)
		return 0;
	*unknown = strndup(s, n);
	return *unknown ? 0 : -ENOMEM;
}

/* One byte or one marked expansion of the word. Returns how many bytes it took. */
static size_t add_part(const char *at, int is_path, struct text *text, char **unknown,
		       int *error)
{
	if (*at == SHELL_HERE && is_path) {
		text_add_char(text, '.');
	} else if (*at == SHELL_HERE) {
		*error = keep_first(unknown, "${SCRIPT_DIR}", strlen("${SCRIPT_DIR}"));
	} else if (*at == SHELL_UNKNOWN) {
		size_t n = strcspn(at + 1, "\001");

		*error = keep_first(unknown, at + 1, n);
		return n + 1 + (at[n + 1] == SHELL_UNKNOWN);
	} else {
		text_add_char(text, *at);
	}
	return 1;
}

int script_value_set(struct script_value *value, const char *word, int is_path)
{
	auto_release(text_done) struct text text = { 0 };
	auto_free char *unknown = NULL;
	int r = 0;

	while (*word && r == 0)
		word += add_part(word, is_path, &text, &unknown, &r);
	free(value->text);
	free(value->unknown);
	*value = (struct script_value){ 0 };
	if (r == 0)
		r = text_take(&text, &value->text);
	if (r == 0)
		value->unknown = take_ptr(&unknown);
	return r;
}

static void value_done(struct script_value *value)
{
	free(value->text);
	free(value->unknown);
}

void script_done(struct script *script)
{
	value_done(&script->kernel);
	value_done(&script->command_line);
	for (size_t i = 0; i < SCRIPT_MAX_INITRDS; i++)
		value_done(&script->initrds[i]);
	*script = (struct script){ 0 };
}
