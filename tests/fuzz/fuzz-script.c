// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "pivot/tree/script.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static int read_any(void *data, const char *path, char **ret)
{
	(void)data;
	if (!strcmp(path, "none"))
		return -ENOENT;
	*ret = strdup("init=/init quiet");
	return *ret ? 0 : -ENOMEM;
}

/* A value taken for known holds nothing that was not. */
static void check_value(const struct script_value *value)
{
	if (value->text &&
	    (strchr(value->text, SHELL_UNKNOWN) || strchr(value->text, SHELL_HERE)))
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
	static const struct shell_files files = { .read = read_any };
	/* exactly n bytes, so that reading one more is seen */
	char *text = malloc(n ? n : 1);
	struct script script;
	char why_not[64] = "";

	if (!text)
		return 0;
	memcpy(text, data, n);
	if (script_parse(text, n, &files, &script, why_not, sizeof(why_not)) < 0 &&
	    !why_not[0])
		abort();
	check(&script);
	script_done(&script);
	why_not[0] = '\0';
	if (script_parse_ipxe(text, n, &script, why_not, sizeof(why_not)) < 0 &&
	    !why_not[0])
		abort();
	check(&script);
	script_done(&script);
	free(text);
	return 0;
}
