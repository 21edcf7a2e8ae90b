// SPDX-License-Identifier: GPL-2.0-or-later
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "pivot/tree/script.h"
#include "pivot/tree/shell.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* A value taken for known holds nothing that was not. */
static void check_value(const struct script_value *value)
{
	if (value->text && strchr(value->text, SHELL_UNKNOWN))
		abort();
}

static void check(const struct script *script)
{
	check_value(&script->kernel);
	check_value(&script->command_line);
	for (size_t i = 0; i < script->n_initrds; i++)
		check_value(&script->initrds[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	/* ends where it is allocated, so that reading one byte more is seen */
	char *text = malloc(n + 1);
	struct script script;

	if (!text)
		return 0;
	memcpy(text, data, n);
	text[n] = '\0';
	(void)script_parse(text, &script); /* whatever it says */
	check(&script);
	script_done(&script);
	(void)script_parse_ipxe(text, &script);
	check(&script);
	script_done(&script);
	free(text);
	return 0;
}
