// SPDX-License-Identifier: GPL-2.0-or-later
#include "pivot/tree/shell.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool is_name_start(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_name(char c)
{
	return is_name_start(c) || (c >= '0' && c <= '9');
}

size_t shell_name_length(const char *at, const char *end)
{
	size_t n = 0;

	if (at >= end || !is_name_start(*at))
		return 0;
	while (at + n < end && is_name(at[n]))
		n++;
	return n;
}

size_t shell_assignment_length(const char *word)
{
	size_t n = shell_name_length(word, word + strlen(word));

	return n && (word[n] == '=' || (word[n] == '+' && word[n + 1] == '=')) ? n : 0;
}

const char *shell_get(const struct shell *shell, const char *name, size_t n)
{
	for (const struct shell_variable *v = shell->variables; v; v = v->next) {
		if (strlen(v->name) == n && !memcmp(v->name, name, n))
			return v->value;
	}
	return NULL;
}

static struct shell_variable *variable_add(struct shell *shell, const char *name,
					   size_t n)
{
	struct shell_variable *v = calloc(1, sizeof(*v));

	if (!v)
		return NULL;
	v->name = strndup(name, n);
	if (!v->name) {
		free(v);
		return NULL;
	}
	v->next = shell->variables;
	shell->variables = v;
	return v;
}

int shell_set(struct shell *shell, const char *name, size_t n, const char *value)
{
	struct shell_variable *v = shell->variables;
	char *copy;

	while (v && (strlen(v->name) != n || memcmp(v->name, name, n)))
		v = v->next;
	if (!v)
		v = variable_add(shell, name, n);
	copy = strdup(value);
	if (!v || !copy) {
		free(copy);
		return -ENOMEM;
	}
	free(v->value);
	v->value = copy;
	return 0;
}

void shell_done(struct shell *shell)
{
	while (shell->variables) {
		struct shell_variable *v = shell->variables;

		shell->variables = v->next;
		free(v->name);
		free(v->value);
		free(v);
	}
}
