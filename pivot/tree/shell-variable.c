// SPDX-License-Identifier: GPL-2.0-or-later
#include "shell.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pivot/base/cleanup.h"

bool shell_is_one_of(const char *word, const char *const *list)
{
	for (; *list; list++) {
		if (strcmp(word, *list) == 0)
			return true;
	}
	return false;
}

static bool is_name_start(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

size_t shell_name_length(const char *text)
{
	size_t n = 0;

	if (!is_name_start(*text))
		return 0;
	while (is_name_start(text[n]) || (text[n] >= '0' && text[n] <= '9'))
		n++;
	return n;
}

size_t shell_assignment_length(const char *word)
{
	size_t n = shell_name_length(word);

	return n && (word[n] == '=' || strncmp(word + n, "+=", 2) == 0) ? n : 0;
}

static size_t find(const struct shell *shell, const char *name, size_t n)
{
	size_t i = 0;

	while (i < shell->n_variables && (strncmp(shell->variables[i].name, name, n) ||
					  shell->variables[i].name[n]))
		i++;
	return i;
}

const char *shell_get(const struct shell *shell, const char *name, size_t n)
{
	size_t i = find(shell, name, n);

	return i < shell->n_variables ? shell->variables[i].value : NULL;
}

static int set(struct shell *shell, const char *name, size_t n, const char *value)
{
	size_t i = find(shell, name, n);
	auto_free char *copy = strdup(value);

	if (i == SHELL_MAX_VARIABLES)
		return -E2BIG;
	if (i == shell->n_variables) {
		shell->variables[i] = (struct shell_variable){ .name = strndup(name, n) };
		shell->n_variables += shell->variables[i].name != NULL;
	}
	if (!copy || !shell->variables[i].name)
		return -ENOMEM;
	free(shell->variables[i].value);
	shell->variables[i].value = take_ptr(&copy);
	return 0;
}

void shell_forget_all(struct shell *shell)
{
	while (shell->n_variables) {
		struct shell_variable *variable = &shell->variables[--shell->n_variables];

		free(variable->name);
		free(variable->value);
	}
}

static int set_unknown(struct shell *shell, const char *name, size_t n)
{
	auto_free char *unknown = NULL;

	if (asprintf(&unknown, "%c$%.*s%c", SHELL_UNKNOWN, (int)n, name, SHELL_UNKNOWN) <
	    0) {
		unknown = NULL; /* its value is not defined then */
		return -ENOMEM;
	}
	return set(shell, name, n, unknown);
}

static int forget(struct shell *shell, const char *word)
{
	size_t n = shell_name_length(word);

	return n && !word[n] ? set_unknown(shell, word, n) : 0;
}

/* Which of several values a variable has at last only running the script would tell. */
static int assign(struct shell *shell, const char *word)
{
	size_t n = shell_assignment_length(word);
	const char *before = shell_get(shell, word, n);
	const char *value = word + n + 1;

	if (!n)
		return 0;
	if (word[n] == '=' && (!before || strcmp(before, value) == 0))
		return set(shell, word, n, value);
	return set_unknown(shell, word, n);
}

static int keep_all(struct shell *shell, size_t from,
		    int (*keep)(struct shell *shell, const char *word))
{
	int r = 0;

	for (size_t i = from; i < shell->n_words && r == 0; i++)
		r = keep(shell, shell->words[i]);
	return r;
}

int shell_keep_variables(struct shell *shell)
{
	static const char *const declaring[] = { "export",  "local",   "readonly",
						 "declare", "typeset", NULL };
	static const char *const forgetting[] = { "for", "read", "unset", NULL };
	static const char *const foreign[] = { ".", "source", "eval", NULL };

	if (shell_is_one_of(shell->words[0], declaring))
		return keep_all(shell, 1, assign);
	if (shell_is_one_of(shell->words[0], forgetting))
		return keep_all(shell, 1, forget);
	if (shell_is_one_of(shell->words[0], foreign))
		shell_forget_all(shell); /* they may set anything */
	/* A=1 B=2 sets them; A=1 command sets A for that command only */
	for (size_t i = 0; i < shell->n_words; i++) {
		if (!shell_assignment_length(shell->words[i]))
			return 0;
	}
	return keep_all(shell, 0, assign);
}
