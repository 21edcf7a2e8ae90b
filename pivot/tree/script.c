// SPDX-License-Identifier: GPL-2.0-or-later
#include "script.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pivot/base/cleanup.h"
#include "shell.h"

static void value_done(struct script_value *value)
{
	free(value->text);
	free(value->unknown);
	*value = (struct script_value){ 0 };
}

void script_done(struct script *script)
{
	value_done(&script->kernel);
	value_done(&script->command_line);
	for (size_t i = 0; i < SCRIPT_MAX_INITRDS; i++)
		value_done(&script->initrds[i]);
	script->n_initrds = 0;
}

int script_set_value(struct script_value *value, const char *word)
{
	static const char mark[] = { SHELL_UNKNOWN, '\0' };
	char *end;

	value_done(value);
	end = value->text = malloc(strlen(word) + 1);
	if (!end)
		return -ENOMEM;
	for (;;) {
		size_t n = strcspn(word, mark);

		end = mempcpy(end, word, n);
		*end = '\0';
		if (!word[n])
			return 0;
		word += n + 1;
		n = strcspn(word, mark);
		if (!value->unknown && !(value->unknown = strndup(word, n)))
			return -ENOMEM;
		word += n + (word[n] == SHELL_UNKNOWN);
	}
}

int script_set_path(struct script_value *value, const char *word)
{
	const char *last = strrchr(word, SHELL_UNKNOWN);
	const char *slash = last ? strchr(last, '/') : NULL;

	if (slash && slash[1])
		word = slash + 1;
	while (strncmp(word, "./", 2) == 0)
		word += 2 + strspn(word + 2, "/");
	return script_set_value(value, word);
}

/* --- the options of kexec(8) --- */

/* The command's words, or parts of them; NULL: not given. */
struct load {
	const char *kernel;
	const char *initrd;
	const char *command_line;
	bool is_load;
};

/* Nothing but one expansion, such as "$@" or $kexec_extra_flags. */
static bool is_only_unknown(const char *word)
{
	const char *end =
		word[0] == SHELL_UNKNOWN ? strchr(word + 1, SHELL_UNKNOWN) : NULL;

	return end && !end[1];
}

/* option is without its dashes. Does it want a value? */
static bool take_option(struct load *load, const char *option, const char *value)
{
	static const char *const initrd[] = { "initrd", "ramdisk", NULL };
	static const char *const line[] = { "command-line", "append", NULL };
	static const char *const other[] = { "type",	"t",	   "dtb", "entry",
					     "mem-min", "mem-max", NULL };

	if (shell_is_one_of(option, initrd))
		load->initrd = value;
	else if (shell_is_one_of(option, line))
		load->command_line = value;
	else
		return shell_is_one_of(option, other);
	return true;
}

/* Takes words[0], and words[1] where that is its value. Returns how many it took. */
static size_t take_word(struct load *load, char **words, size_t n)
{
	char *word = words[0];
	bool is_long = strncmp(word, "--", 2) == 0;
	char *equals = is_long ? strchr(word, '=') : NULL;

	if (word[0] != '-') {
		if (*word && (!load->kernel || is_only_unknown(load->kernel)))
			load->kernel = word;
		return 1;
	}
	if (equals) {
		*equals = '\0';
		(void)take_option(load, word + 2, equals + 1); /* it has its value */
		return 1;
	}
	load->is_load |=
		is_long ? strcmp(word, "--load") == 0 : strchr(word, 'l') != NULL;
	if (strcmp(word, "--reuse-cmdline") == 0)
		load->command_line = "\001--reuse-cmdline\001";
	return n > 1 && take_option(load, word + 1 + is_long, words[1]) ? 2 : 1;
}

/* kexec, ${SCRIPT_DIR}/kexec, ./kexec-musl-x86_64, sudo kexec ... */
static struct load read_kexec(struct shell *shell)
{
	struct load load = { 0 };
	size_t i = 0;

	for (; i < shell->n_words; i++) {
		const char *slash = strrchr(shell->words[i], '/');

		if (strncmp(slash ? slash + 1 : shell->words[i], "kexec", 5) == 0)
			break;
	}
	for (i++; i < shell->n_words;)
		i += take_word(&load, shell->words + i, shell->n_words - i);
	return load;
}

/* --- the script --- */

static bool is_same(const struct script_value *a, const struct script_value *b)
{
	return strcmp(a->text ?: "", b->text ?: "") == 0 &&
	       strcmp(a->unknown ?: "", b->unknown ?: "") == 0;
}

static int read_load(const struct load *load, struct script *ret)
{
	int r = 0;

	if (load->kernel)
		r = script_set_path(&ret->kernel, load->kernel);
	if (r == 0 && load->initrd) {
		ret->n_initrds = 1;
		r = script_set_path(&ret->initrds[0], load->initrd);
	}
	if (r == 0 && load->command_line)
		r = script_set_value(&ret->command_line, load->command_line);
	return r;
}

/* The first load is kept, and those behind it must be the same. */
static int run_command(struct shell *shell, struct script *script, bool *has_load)
{
	static const char *const printing[] = { "echo", "printf", NULL };
	auto_release(script_done) struct script other = { 0 };
	struct load load;
	int r;

	if (!shell->n_words || shell_is_one_of(shell->words[0], printing))
		return 0;
	r = shell_keep_variables(shell);
	load = read_kexec(shell);
	if (r < 0 || !load.is_load)
		return r;
	if (!*has_load) {
		*has_load = true;
		return read_load(&load, script);
	}
	r = read_load(&load, &other);
	if (r == 0 && (!is_same(&script->kernel, &other.kernel) ||
		       !is_same(&script->initrds[0], &other.initrds[0]) ||
		       !is_same(&script->command_line, &other.command_line)))
		r = -ENOTUNIQ;
	return r;
}

/*
 * The nixos-images installer keeps both halves of its command line in variables, and its
 * kexec command in the text of a sh -c.
 */
static int add_installer_line(const struct shell *shell, struct script_value *line)
{
	const char *init = shell_get(shell, "init", 4);
	const char *params = shell_get(shell, "kernelParams", 12);
	auto_free char *both = NULL;

	if ((line->text && !line->unknown) || !init || !params)
		return 0;
	if (asprintf(&both, "init=%s %s", init, params) < 0) {
		both = NULL; /* its value is not defined then */
		return -ENOMEM;
	}
	return script_set_value(line, both);
}

const char *script_why_not(int error)
{
	switch (error) {
	case -E2BIG:
		return "is too large for a script that loads a kernel";
	case -EBADMSG:
		return "has a quote or bracket that is never closed";
	case -EILSEQ:
		return "is binary data, not a script";
	case -ENOENT:
		return "loads no kernel";
	case -ENOTUNIQ:
		return "loads different kernels in different cases";
	default:
		return "cannot be read: out of memory";
	}
}

int script_parse(const char *text, struct script *ret)
{
	auto_release(shell_forget_all) struct shell shell = { .at = text };
	bool has_load = false;
	int r;

	*ret = (struct script){ 0 };
	if (strchr(text, SHELL_UNKNOWN))
		return -EILSEQ;
	while ((r = shell_next(&shell)) > 0) {
		r = run_command(&shell, ret, &has_load);
		if (r < 0)
			return r;
	}
	if (r == 0)
		r = add_installer_line(&shell, &ret->command_line);
	return r == 0 && !has_load && !ret->command_line.text ? -ENOENT : r;
}
