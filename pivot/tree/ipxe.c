// SPDX-License-Identifier: GPL-2.0-or-later
#include "pivot/tree/script.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "pivot/base/cleanup.h"

/* Sources: ipxe.org/cmd/kernel, ipxe.org/cmd/initrd, ipxe.org/scripting. */

static const char blanks[] = " \t\r";

/* Takes the next word off the line into *ret, allocated. 1, 0 at its end, -ENOMEM. */
static int next_word(const char **at, const char *end, char **ret)
{
	const char *start;

	while (*at < end && strchr(blanks, **at))
		(*at)++;
	start = *at;
	while (*at < end && !strchr(blanks, **at))
		(*at)++;
	if (start == *at)
		return 0;
	*ret = strndup(start, (size_t)(*at - start));
	return *ret ? 1 : -ENOMEM;
}

/* "kernel --name x http://host/bzImage": the word that names the file. */
static int next_file(const char **at, const char *end, char **ret)
{
	int r = next_word(at, end, ret);

	while (r == 1 && (*ret)[0] == '-') {
		auto_free char *option = take_ptr(ret);

		if (!strcmp(option, "--name") || !strcmp(option, "-n") ||
		    !strcmp(option, "--timeout") || !strcmp(option, "-t")) {
			auto_free char *value = NULL;

			r = next_word(at, end, &value);
		}
		if (r == 1)
			r = next_word(at, end, ret);
	}
	return r;
}

/* Names are URLs relative to the script's: of another server only the last part helps. */
static const char *file_of_url(const char *url)
{
	const char *slash = strrchr(url, '/');

	if (slash && (strstr(url, "://") || strstr(url, "${")))
		return slash + 1;
	return url;
}

/* Marks the expansions as the shell's reader does. */
static void mark_expansions(struct text *word, const char *s)
{
	while (*s) {
		const char *open = strstr(s, "${");
		const char *close = open ? strchr(open, '}') : NULL;

		if (!close) {
			text_add_string(word, s);
			return;
		}
		text_add(word, s, (size_t)(open - s));
		shell_add_unknown(word, open, (size_t)(close + 1 - open));
		s = close + 1;
	}
}

static int set_value(struct script_value *value, const char *s, bool is_path)
{
	auto_release(text_done) struct text word = { 0 };

	mark_expansions(&word, s);
	text_add(&word, "", 0);
	return word.error ? word.error : script_value_set(value, word.s, is_path);
}

/*
 * initrd= names what EFI should fetch, ${cmdline} is what another iPXE script adds:
 * neither belongs to the target.
 */
static bool is_dropped(const char *word)
{
	return !strncmp(word, "initrd=", 7) || !strcmp(word, "${cmdline}");
}

static int read_parameters(const char *at, const char *end, struct script_value *ret)
{
	auto_release(text_done) struct text line = { 0 };

	for (;;) {
		auto_free char *word = NULL;
		int r = next_word(&at, end, &word);

		if (r < 0)
			return r;
		if (r == 0 || !strcmp(word, "||") || !strcmp(word, "&&"))
			break;
		if (is_dropped(word))
			continue;
		if (line.n)
			text_add_char(&line, ' ');
		text_add_string(&line, word);
	}
	text_add(&line, "", 0);
	return line.error ? line.error : set_value(ret, line.s, false);
}

static int read_kernel(struct script *script, const char *at, const char *end)
{
	auto_free char *name = NULL;
	int r = next_file(&at, end, &name);

	if (r != 1)
		return r;
	if (script->kernel.text)
		return -ENOTUNIQ;
	r = set_value(&script->kernel, file_of_url(name), true);
	return r < 0 ? r : read_parameters(at, end, &script->command_line);
}

static int read_initrd(struct script *script, const char *at, const char *end)
{
	auto_free char *name = NULL;
	int r = next_file(&at, end, &name);

	if (r != 1)
		return r;
	if (script->n_initrds == SCRIPT_MAX_INITRDS)
		return -E2BIG;
	return set_value(&script->initrds[script->n_initrds++], file_of_url(name), true);
}

static int read_line(struct script *script, const char *at, const char *end)
{
	auto_free char *verb = NULL;
	int r = next_word(&at, end, &verb);

	if (r != 1)
		return r;
	if (!strcmp(verb, "kernel"))
		return read_kernel(script, at, end);
	if (!strcmp(verb, "initrd"))
		return read_initrd(script, at, end);
	return 0;
}

static const char *describe(int error)
{
	switch (error) {
	case -ENOENT:
		return "has no line 'kernel ...'";
	case -ENOTUNIQ:
		return "loads different kernels in different cases";
	case -E2BIG:
		return "is too large for a script that loads a kernel";
	case -EBADMSG:
		return "is binary data, not a script";
	default:
		return strerror(-error);
	}
}

static int read_lines(struct script *script, const char *text, size_t n)
{
	const char *at = text, *end = text + n;
	int r = 0;

	if (n > SCRIPT_MAX_BYTES)
		return -E2BIG;
	if (memchr(text, '\0', n) || memchr(text, SHELL_UNKNOWN, n) ||
	    memchr(text, SHELL_HERE, n))
		return -EBADMSG;
	while (at < end && r == 0) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		const char *line_end = newline ? newline : end;

		r = read_line(script, at, line_end);
		at = newline ? newline + 1 : end;
	}
	if (r < 0)
		return r;
	return script->kernel.text ? 0 : -ENOENT;
}

int script_parse_ipxe(const char *text, size_t n, struct script *ret, char *why_not,
		      size_t why_not_size)
{
	int r;

	*ret = (struct script){ 0 };
	r = read_lines(ret, text, n);
	if (r < 0)
		(void)snprintf(why_not, why_not_size, "%s", describe(r));
	return r;
}
