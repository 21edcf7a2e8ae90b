// SPDX-License-Identifier: GPL-2.0-or-later
#include "script.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "pivot/base/cleanup.h"
#include "shell.h"

/* Sources: ipxe.org/cmd/kernel, ipxe.org/cmd/initrd, ipxe.org/scripting. */

/* Takes the next word off the line, or NULL at its end. */
static char *next_word(char **line)
{
	char *word;

	do
		word = strsep(line, " \t\r");
	while (word && !*word);
	return word;
}

/* "--name x http://host/bzImage": the word that names the file. */
static char *next_file(char **line)
{
	static const char *const with_value[] = { "--name", "-n", "--timeout", "-t",
						  NULL };
	char *word = next_word(line);

	while (word && word[0] == '-') {
		if (shell_is_one_of(word, with_value))
			(void)next_word(line); /* the value */
		word = next_word(line);
	}
	return word;
}

/* Marks ${...} as the shell's reader does. */
static char *mark_expansions(const char *s)
{
	char *marked = malloc(2 * strlen(s) + 1);
	const char *close = s; /* the next brace at or behind s; NULL: there is none */
	char *end = marked;

	while (marked && *s) {
		if (close && close < s + 2)
			close = strchr(s, '}');
		if (!close || strncmp(s, "${", 2) != 0) {
			*end++ = *s++;
			continue;
		}
		*end++ = SHELL_UNKNOWN;
		end = mempcpy(end, s, (size_t)(close + 1 - s));
		*end++ = SHELL_UNKNOWN;
		s = close + 1;
	}
	if (marked)
		*end = '\0';
	return marked;
}

/* Names are URLs relative to the script's: of another server only the last part helps. */
static int set_file(struct script_value *value, const char *url)
{
	auto_free char *word =
		mark_expansions(strstr(url, "://") ? strrchr(url, '/') + 1 : url);

	return word ? script_set_path(value, word) : -ENOMEM;
}

/*
 * initrd= names what EFI should fetch, ${cmdline} is what another iPXE script adds:
 * neither belongs to the target.
 */
static bool is_dropped(const char *word)
{
	return strncmp(word, "initrd=", 7) == 0 || strcmp(word, "${cmdline}") == 0;
}

static int set_parameters(struct script_value *value, char *rest)
{
	static const char *const ends[] = { "||", "&&", NULL };
	auto_free char *line = calloc(1, rest ? strlen(rest) + 2 : 1);
	auto_free char *marked = NULL;
	char *end = line;
	char *word;

	while (line && (word = next_word(&rest)) && !shell_is_one_of(word, ends)) {
		if (is_dropped(word))
			continue;
		if (end != line)
			*end++ = ' ';
		end = stpcpy(end, word);
	}
	marked = line ? mark_expansions(line) : NULL;
	return marked ? script_set_value(value, marked) : -ENOMEM;
}

static int read_kernel(struct script *script, char *line)
{
	const char *file = next_file(&line);
	int r;

	if (!file)
		return 0;
	if (script->kernel.text)
		return -ENOTUNIQ;
	r = set_file(&script->kernel, file);
	return r < 0 ? r : set_parameters(&script->command_line, line);
}

static int read_initrd(struct script *script, char *line)
{
	const char *file = next_file(&line);

	if (!file)
		return 0;
	if (script->n_initrds == SCRIPT_MAX_INITRDS)
		return -E2BIG;
	return set_file(&script->initrds[script->n_initrds++], file);
}

static int read_line(struct script *script, char *line)
{
	const char *verb = next_word(&line);

	if (verb && strcmp(verb, "kernel") == 0)
		return read_kernel(script, line);
	if (verb && strcmp(verb, "initrd") == 0)
		return read_initrd(script, line);
	return 0;
}

int script_parse_ipxe(const char *text, struct script *ret)
{
	auto_free char *copy = strdup(text);
	char *rest = copy;
	char *line;
	int r = copy ? 0 : -ENOMEM;

	*ret = (struct script){ 0 };
	if (strchr(text, SHELL_UNKNOWN))
		return -EILSEQ;
	while (r == 0 && (line = strsep(&rest, "\n")))
		r = read_line(ret, line);
	return r == 0 && !ret->kernel.text ? -ENOENT : r;
}
