// SPDX-License-Identifier: GPL-2.0-or-later
#include "shell.h"

#include <errno.h>
#include <string.h>

/* Blanks, and line ends behind a backslash; scripts from Windows end lines with \r\n. */
static void skip_blanks(struct shell *shell)
{
	for (;;) {
		shell->at += strspn(shell->at, " \t\r");
		if (strncmp(shell->at, "\\\n", 2) == 0)
			shell->at += 2;
		else if (strncmp(shell->at, "\\\r\n", 3) == 0)
			shell->at += 3;
		else
			return;
	}
}

static const char *behind_line(const char *at)
{
	at += strcspn(at, "\n");
	return at + (*at == '\n');
}

static const char *behind_heredoc(const char *line, const char *delimiter,
				  bool is_indented)
{
	size_t n = strlen(delimiter);

	while (*line) {
		const char *text = line + (is_indented ? strspn(line, "\t") : 0);
		bool is_last =
			strcspn(text, "\n") == n && memcmp(text, delimiter, n) == 0;

		line = behind_line(text);
		if (is_last)
			break;
	}
	return line;
}

/* Behind <<: takes the delimiter and finds the body's end, where the line's end leads. */
static int read_heredoc(struct shell *shell)
{
	bool is_indented = *shell->at == '-';
	char *delimiter;
	int r;

	shell->at += is_indented;
	skip_blanks(shell);
	r = shell_read_word(shell, &delimiter);
	if (r < 0)
		return r;
	shell->heredocs_end = behind_heredoc(
		shell->heredocs_end ?: behind_line(shell->at), delimiter, is_indented);
	return 0;
}

static int skip_redirection(struct shell *shell)
{
	char *target;

	if (strncmp(shell->at, "<<", 2) == 0 && shell->at[2] != '<') {
		shell->at += 2;
		return read_heredoc(shell);
	}
	shell->at += strspn(shell->at, "<>&|");
	skip_blanks(shell);
	return shell_read_word(shell, &target);
}

static void skip_separator(struct shell *shell)
{
	if (*shell->at++ != '\n')
		return;
	/* never back: a quote that began on the line may have reached further */
	if (shell->heredocs_end && shell->heredocs_end > shell->at)
		shell->at = shell->heredocs_end;
	shell->heredocs_end = NULL;
}

static int add_word(struct shell *shell)
{
	char *word;
	int r = shell_read_word(shell, &word);

	if (r < 0)
		return r;
	/* the 2 of 2>file */
	if ((*shell->at == '<' || *shell->at == '>') && *word &&
	    !word[strspn(word, "0123456789")])
		return 0;
	if (shell->n_words == SHELL_MAX_WORDS)
		return -E2BIG;
	shell->words[shell->n_words++] = word;
	return 0;
}

/* 1 where the command goes on, 0 at its end. */
static int read_token(struct shell *shell)
{
	int r;

	skip_blanks(shell);
	if (!*shell->at)
		return 0;
	if (*shell->at == '#') {
		shell->at += strcspn(shell->at, "\n");
		return 1;
	}
	if (strchr("\n;|&()", *shell->at) && strncmp(shell->at, "&>", 2) != 0) {
		skip_separator(shell);
		return 0;
	}
	r = strchr("<>&", *shell->at) ? skip_redirection(shell) : add_word(shell);
	return r < 0 ? r : 1;
}

/* They tell when a command runs, which is not looked at. */
static void drop_keywords(struct shell *shell)
{
	static const char *const keywords[] = { "if", "then", "else", "elif", "while",
						"do", "{",    "!",    NULL };
	size_t n = 0;

	while (n < shell->n_words && shell_is_one_of(shell->words[n], keywords))
		n++;
	shell->n_words -= n;
	memmove(shell->words, shell->words + n, shell->n_words * sizeof(char *));
}

int shell_next(struct shell *shell)
{
	int r = 1;

	shell->n_words = 0;
	shell->text_bytes = 0;
	if (!*shell->at)
		return 0;
	while (r == 1)
		r = read_token(shell);
	drop_keywords(shell);
	return r < 0 ? r : 1;
}
