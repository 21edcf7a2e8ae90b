// SPDX-License-Identifier: GPL-2.0-or-later
#include "pivot/tree/shell.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "pivot/base/cleanup.h"
#include "pivot/base/macros.h"

static bool is_one_of(const char *word, const char *const *list)
{
	for (; *list; list++) {
		if (!strcmp(word, *list))
			return true;
	}
	return false;
}

static int command_add(struct shell_command *command, char *word)
{
	/* grown by doubling, whenever the count reaches a power of two */
	if ((command->n & (command->n - 1)) == 0) {
		size_t size = command->n ? command->n * 2 : 1;
		char **words = reallocarray(command->words, size, sizeof(*words));

		if (!words)
			return -ENOMEM;
		command->words = words;
	}
	command->words[command->n++] = word;
	return 0;
}

static void command_drop_first(struct shell_command *command)
{
	free(command->words[0]);
	command->n--;
	memmove(command->words, command->words + 1, command->n * sizeof(char *));
}

void shell_command_done(struct shell_command *command)
{
	for (size_t i = 0; i < command->n; i++)
		free(command->words[i]);
	free(command->words);
	*command = (struct shell_command){ 0 };
}

void shell_reader_done(struct shell_reader *reader)
{
	while (reader->n_heredocs)
		free(reader->heredocs[--reader->n_heredocs].delimiter);
}

static bool has(const struct shell_reader *reader, size_t ahead, char c)
{
	return (size_t)(reader->end - reader->at) > ahead && reader->at[ahead] == c;
}

static void skip_line(struct shell_reader *reader)
{
	const char *end = memchr(reader->at, '\n', (size_t)(reader->end - reader->at));

	reader->at = end ? end : reader->end;
}

static void skip_space(struct shell_reader *reader)
{
	while (reader->at < reader->end) {
		if (has(reader, 0, '\\') && has(reader, 1, '\n'))
			reader->at += 2;
		else if (has(reader, 0, '\\') && has(reader, 1, '\r') &&
			 has(reader, 2, '\n'))
			reader->at += 3;
		else if (strchr(" \t\r", *reader->at))
			reader->at++;
		else
			return;
	}
}

static int take_word(struct shell *shell, struct shell_reader *reader, char **ret)
{
	auto_release(text_done) struct text word = { 0 };
	int r = shell_word(shell, &reader->at, reader->end, &word);

	return r < 0 ? r : text_take(&word, ret);
}

static void skip_heredoc(struct shell_reader *reader, const char *delimiter,
			 bool is_indented)
{
	size_t n = strlen(delimiter);

	while (reader->at < reader->end) {
		const char *line = reader->at;

		skip_line(reader);
		while (is_indented && line < reader->at && *line == '\t')
			line++;
		if ((size_t)(reader->at - line) == n && !memcmp(line, delimiter, n))
			break;
		if (reader->at < reader->end)
			reader->at++;
	}
	if (reader->at < reader->end)
		reader->at++;
}

/* Behind a newline: the bodies of the here-documents the line asked for. */
static void skip_heredocs(struct shell_reader *reader)
{
	for (size_t i = 0; i < reader->n_heredocs; i++)
		skip_heredoc(reader, reader->heredocs[i].delimiter,
			     reader->heredocs[i].is_indented);
	shell_reader_done(reader);
}

static int add_heredoc(struct shell *shell, struct shell_reader *reader)
{
	bool is_indented = has(reader, 0, '-');
	int r;

	if (reader->n_heredocs == SHELL_MAX_HEREDOCS)
		return -E2BIG;
	if (is_indented)
		reader->at++;
	skip_space(reader);
	r = take_word(shell, reader, &reader->heredocs[reader->n_heredocs].delimiter);
	if (r == 0)
		reader->heredocs[reader->n_heredocs++].is_indented = is_indented;
	return r;
}

static int skip_redirection(struct shell *shell, struct shell_reader *reader)
{
	auto_free char *target = NULL;

	if (has(reader, 0, '<') && has(reader, 1, '<') && !has(reader, 2, '<')) {
		reader->at += 2;
		return add_heredoc(shell, reader);
	}
	while (reader->at < reader->end && strchr("<>&|", *reader->at))
		reader->at++;
	skip_space(reader);
	/* process substitution: its parentheses are read as a subshell */
	if (has(reader, 0, '('))
		return 0;
	return take_word(shell, reader, &target);
}

/* Takes ; & && | || ( ) or a newline, and remembers what it means for what follows. */
static void take_separator(struct shell_reader *reader, struct shell_command *command)
{
	char c = *reader->at++;
	bool is_double = has(reader, 0, c) && strchr("&|;", c);

	if (is_double)
		reader->at++;
	reader->is_chained = c == '|' || (c == '&' && is_double);
	/* what is piped or put in the background runs in a subshell */
	if ((c == '|' || c == '&') && !is_double)
		command->is_conditional = true;
	if (c == '(')
		reader->parens++;
	if (c == ')' && reader->parens)
		reader->parens--;
	if (c == '\n')
		skip_heredocs(reader);
}

static bool is_file_number(const char *word)
{
	return *word && strspn(word, "0123456789") == strlen(word);
}

static int add_word(struct shell *shell, struct shell_reader *reader,
		    struct shell_command *command)
{
	auto_free char *word = NULL;
	int r = take_word(shell, reader, &word);

	if (r < 0)
		return r;
	if ((has(reader, 0, '<') || has(reader, 0, '>')) && is_file_number(word))
		return 0;
	r = command_add(command, word);
	if (r == 0)
		(void)take_ptr(&word);
	return r;
}

/* 1 where the command goes on, 0 where it ended. */
static int read_token(struct shell *shell, struct shell_reader *reader,
		      struct shell_command *command)
{
	int r;

	skip_space(reader);
	if (reader->at >= reader->end)
		return 0;
	if (*reader->at == '#') {
		skip_line(reader);
		return 1;
	}
	if (strchr("<>", *reader->at) || (*reader->at == '&' && has(reader, 1, '>'))) {
		r = skip_redirection(shell, reader);
		return r < 0 ? r : 1;
	}
	if (strchr("\n;|&()", *reader->at)) {
		take_separator(reader, command);
		return 0;
	}
	r = add_word(shell, reader, command);
	return r < 0 ? r : 1;
}

/* Takes the keywords off the front and keeps count of what is open. */
static void strip_keywords(struct shell_reader *reader, struct shell_command *command)
{
	static const char *const opening[] = { "if", "while", "until", "{", NULL };
	static const char *const closing[] = { "fi", "done", "esac", "}", NULL };
	static const char *const between[] = { "then", "else", "elif", "do",
					       "!",    "time", NULL };
	static const char *const headed[] = { "for", "case", "select", "function", NULL };

	for (; command->n; command_drop_first(command)) {
		const char *word = command->words[0];

		if (is_one_of(word, headed)) {
			reader->keywords++;
			return;
		}
		if (is_one_of(word, opening))
			reader->keywords++;
		else if (is_one_of(word, closing))
			reader->keywords -= reader->keywords > 0;
		else if (!is_one_of(word, between))
			return;
	}
}

int shell_next(struct shell *shell, struct shell_reader *reader,
	       struct shell_command *ret)
{
	bool was_chained = reader->is_chained;
	int r = 1;

	*ret = (struct shell_command){ 0 };
	if (reader->at >= reader->end)
		return 0;
	ret->is_conditional = was_chained || reader->parens;
	reader->is_chained = false;
	while (r == 1)
		r = read_token(shell, reader, ret);
	if (r < 0)
		return r;
	/* a line may end behind && */
	if (!ret->n)
		reader->is_chained |= was_chained;
	strip_keywords(reader, ret);
	ret->is_conditional |= reader->keywords > 0;
	return 1;
}
