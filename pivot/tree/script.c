// SPDX-License-Identifier: GPL-2.0-or-later
#include "pivot/tree/script.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pivot/base/cleanup.h"
#include "pivot/base/macros.h"
#include "pivot/tree/kexec-command.h"

enum { MAX_SUBSHELLS = 3 }; /* sh -c "sh -c ..." */

struct parser {
	struct shell shell;
	/* what its kexec commands said so far: words of shell.h, or NULL */
	char *kernel;
	char *initrd;
	char *command_line;
	bool has_load;
	bool has_other_load;
};

static void parser_done(struct parser *parser)
{
	shell_done(&parser->shell);
	free(parser->kernel);
	free(parser->initrd);
	free(parser->command_line);
}

static bool is_unknown(const char *word)
{
	return strchr(word, SHELL_UNKNOWN);
}

static bool is_same(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

static int copy_word(char **ret, const char *word)
{
	*ret = word ? strdup(word) : NULL;
	return word && !*ret ? -ENOMEM : 0;
}

static int keep_load(struct parser *parser, const struct kexec_command *load)
{
	int r;

	if (parser->has_load) {
		parser->has_other_load |=
			!is_same(parser->kernel, load->kernel) ||
			!is_same(parser->initrd, load->initrd) ||
			!is_same(parser->command_line, load->command_line);
		return 0;
	}
	parser->has_load = true;
	r = copy_word(&parser->kernel, load->kernel);
	if (r == 0)
		r = copy_word(&parser->initrd, load->initrd);
	if (r == 0)
		r = copy_word(&parser->command_line, load->command_line);
	return r;
}

static int run_kexec(struct parser *parser, const struct shell_command *command)
{
	struct kexec_command load;

	if (!kexec_command_parse(command, &load))
		return 0;
	return keep_load(parser, &load);
}

static int assign_unknown(struct parser *parser, const char *name, size_t n)
{
	auto_release(text_done) struct text unknown = { 0 };

	text_add_char(&unknown, SHELL_UNKNOWN);
	text_add_char(&unknown, '$');
	text_add(&unknown, name, n);
	text_add_char(&unknown, SHELL_UNKNOWN);
	if (unknown.error)
		return unknown.error;
	return shell_set(&parser->shell, name, n, unknown.s);
}

/* word: NAME=value or NAME+=value. What is set on some ways only is known on none. */
static int assign(struct parser *parser, const char *word, size_t n, bool is_certain)
{
	const char *before = shell_get(&parser->shell, word, n);
	const char *value = word + n + 1;

	if (word[n] == '=' &&
	    (is_certain || value[0] == SHELL_HERE || is_same(before, value)))
		return shell_set(&parser->shell, word, n, value);
	return assign_unknown(parser, word, n);
}

static int forget(struct parser *parser, const char *name)
{
	size_t n = shell_name_length(name, name + strlen(name));

	return n && !name[n] ? assign_unknown(parser, name, n) : 0;
}

static bool is_word(const struct shell_command *command, const char *word)
{
	return command->n && !strcmp(command->words[0], word);
}

static int run_declaration(struct parser *parser, const struct shell_command *command,
			   size_t from)
{
	int r = 0;

	for (size_t i = from; i < command->n && r == 0; i++) {
		const char *word = command->words[i];
		size_t n = shell_assignment_length(word);

		if (n)
			r = assign(parser, word, n, !command->is_conditional);
	}
	return r;
}

static int run_forgetting(struct parser *parser, const struct shell_command *command)
{
	int r = 0;

	for (size_t i = 1; i < command->n && r == 0; i++)
		r = forget(parser, command->words[i]);
	return r;
}

/* What comes from another file or from eval may set anything. */
static void forget_all(struct parser *parser)
{
	shell_done(&parser->shell);
}

static int run_assignments(struct parser *parser, const struct shell_command *command)
{
	static const char *const declaring[] = { "export", "local", "readonly", "declare",
						 "typeset" };
	static const char *const forgetting[] = { "for",    "read",   "unset",
						  "select", "printf", "mapfile" };

	for (size_t i = 0; i < array_size(declaring); i++) {
		if (is_word(command, declaring[i]))
			return run_declaration(parser, command, 1);
	}
	for (size_t i = 0; i < array_size(forgetting); i++) {
		if (is_word(command, forgetting[i]))
			return run_forgetting(parser, command);
	}
	if (is_word(command, ".") || is_word(command, "source") ||
	    is_word(command, "eval"))
		forget_all(parser);
	/* A=1 B=2 sets them; A=1 command sets A for that command only */
	for (size_t i = 0; i < command->n; i++) {
		if (!shell_assignment_length(command->words[i]))
			return 0;
	}
	return run_declaration(parser, command, 0);
}

static int run(struct parser *parser, const char *text, size_t n, unsigned int depth);

static bool is_shell(const char *word)
{
	static const char *const shells[] = { "sh", "bash", "dash", "ash" };

	for (size_t i = 0; i < array_size(shells); i++) {
		if (!strcmp(kexec_command_base_name(word), shells[i]))
			return true;
	}
	return false;
}

/* sh -c "...": its variables are its own, those of the outer script are in the text. */
static int run_subshell(struct parser *parser, const char *text, unsigned int depth)
{
	struct shell_variable *outer = parser->shell.variables;
	int r;

	if (depth == MAX_SUBSHELLS)
		return 0;
	parser->shell.variables = NULL;
	r = run(parser, text, strlen(text), depth + 1);
	shell_done(&parser->shell);
	parser->shell.variables = outer;
	return r;
}

static int run_subshells(struct parser *parser, const struct shell_command *command,
			 unsigned int depth)
{
	for (size_t i = 0; i + 2 < command->n; i++) {
		const char *flags = command->words[i + 1];

		if (is_shell(command->words[i]) && flags[0] == '-' && strchr(flags, 'c'))
			return run_subshell(parser, command->words[i + 2], depth);
	}
	return 0;
}

static int run_command(struct parser *parser, const struct shell_command *command,
		       unsigned int depth)
{
	int r;

	if (is_word(command, "echo") || is_word(command, "printf"))
		return run_assignments(parser, command);
	r = run_assignments(parser, command);
	if (r == 0)
		r = run_kexec(parser, command);
	if (r == 0)
		r = run_subshells(parser, command, depth);
	return r;
}

static int run(struct parser *parser, const char *text, size_t n, unsigned int depth)
{
	auto_release(shell_reader_done) struct shell_reader reader = { .at = text,
								       .end = text + n };
	int r = 1;

	while (r > 0) {
		auto_release(shell_command_done) struct shell_command command = { 0 };

		r = shell_next(&parser->shell, &reader, &command);
		if (r > 0) {
			int failed = run_command(parser, &command, depth);

			if (failed < 0)
				return failed;
		}
	}
	return r;
}

/*
 * The nixos-images installer keeps both halves of its command line in variables, so it
 * is known even where the kexec command itself is written in a way not understood.
 */
static int add_installer_line(struct parser *parser)
{
	const char *init = shell_get(&parser->shell, "init", 4);
	const char *params = shell_get(&parser->shell, "kernelParams", 12);

	if (parser->command_line && !is_unknown(parser->command_line))
		return 0;
	if (!init || !params || is_unknown(init) || is_unknown(params))
		return 0;
	free(parser->command_line);
	parser->command_line = NULL;
	parser->has_load = true;
	if (asprintf(&parser->command_line, "init=%s %s", init, params) < 0) {
		parser->command_line = NULL; /* its value is not defined then */
		return -ENOMEM;
	}
	return 0;
}

static int set_values(const struct parser *parser, struct script *ret)
{
	int r = 0;

	if (parser->kernel)
		r = script_value_set(&ret->kernel, parser->kernel, true);
	if (r == 0 && parser->initrd) {
		ret->n_initrds = 1;
		r = script_value_set(&ret->initrds[0], parser->initrd, true);
	}
	if (r == 0 && parser->command_line)
		r = script_value_set(&ret->command_line, parser->command_line, false);
	return r;
}

static int fail(int error, char *why_not, size_t size)
{
	switch (error) {
	case -E2BIG:
		(void)snprintf(why_not, size,
			       "is too large for a script that loads a kernel");
		break;
	case -EBADMSG:
		(void)snprintf(why_not, size,
			       "has a quote or bracket that is never closed");
		break;
	case -ENOENT:
		(void)snprintf(why_not, size, "has no command 'kexec --load'");
		break;
	case -ENOTUNIQ:
		(void)snprintf(why_not, size,
			       "loads different kernels in different cases");
		break;
	default:
		(void)snprintf(why_not, size, "cannot be read: %s", strerror(-error));
		break;
	}
	return error;
}

static bool is_binary(const char *text, size_t n)
{
	return memchr(text, '\0', n) || memchr(text, SHELL_UNKNOWN, n) ||
	       memchr(text, SHELL_HERE, n);
}

int script_parse(const char *text, size_t n, const struct shell_files *files,
		 struct script *ret, char *why_not, size_t why_not_size)
{
	auto_release(parser_done) struct parser parser = { .shell.files = files };
	int r;

	*ret = (struct script){ 0 };
	if (n > SCRIPT_MAX_BYTES)
		return fail(-E2BIG, why_not, why_not_size);
	if (is_binary(text, n)) {
		(void)snprintf(why_not, why_not_size, "is binary data, not a script");
		return -EBADMSG;
	}
	r = run(&parser, text, n, 0);
	if (r == 0)
		r = add_installer_line(&parser);
	if (r == 0 && parser.has_other_load)
		r = -ENOTUNIQ;
	if (r == 0 && !parser.has_load)
		r = -ENOENT;
	if (r == 0)
		r = set_values(&parser, ret);
	return r < 0 ? fail(r, why_not, why_not_size) : 0;
}
