// SPDX-License-Identifier: GPL-2.0-or-later
#include "pivot/tree/shell.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "pivot/base/cleanup.h"
#include "pivot/base/macros.h"

void shell_add_unknown(struct text *word, const char *text, size_t n)
{
	text_add_char(word, SHELL_UNKNOWN);
	for (size_t i = 0; i < n; i++) {
		/* inside sh -c "..." the text may hold marks of the outer script */
		if (text[i] != SHELL_UNKNOWN && text[i] != SHELL_HERE)
			text_add_char(word, text[i]);
	}
	text_add_char(word, SHELL_UNKNOWN);
}

/*
 * A value with blanks outside quotes becomes several words in a shell. Nothing real
 * needs that, so it counts as unknown instead of being guessed.
 */
static int add_value(struct shell *shell, struct text *word, const char *value,
		     const char *raw, size_t raw_n, bool is_quoted)
{
	bool is_split = !is_quoted && strpbrk(value, " \t\n") &&
			!strchr(value, SHELL_UNKNOWN) &&
			!(word->s && shell_assignment_length(word->s));

	shell->expanded_bytes += strlen(value) + 1;
	if (shell->expanded_bytes > SHELL_MAX_EXPANSION)
		return -E2BIG;
	if (is_split)
		shell_add_unknown(word, raw, raw_n);
	else
		text_add_string(word, value);
	return 0;
}

static bool starts_with(const char *at, const char *end, const char *start)
{
	size_t n = strlen(start);

	return (size_t)(end - at) >= n && !memcmp(at, start, n);
}

static const char *skip_blanks(const char *at, const char *end)
{
	while (at < end && (*at == ' ' || *at == '\t' || *at == '\n'))
		at++;
	return at;
}

/* "< file" or "cat file" and nothing else: where the file's word begins, or NULL. */
static const char *included_file(const char *at, const char *end)
{
	at = skip_blanks(at, end);
	if (starts_with(at, end, "<") && !starts_with(at, end, "<<"))
		return skip_blanks(at + 1, end);
	if (starts_with(at, end, "cat ") || starts_with(at, end, "cat\t"))
		return skip_blanks(at + 3, end);
	return NULL;
}

/* 1 where the file's text was added; 0 where this is something else or unreadable. */
static int add_included(struct shell *shell, struct text *word, const char *at,
			const char *end, bool is_quoted)
{
	auto_release(text_done) struct text path = { 0 };
	auto_free char *content = NULL;
	const char *inner = included_file(at, end);
	int r;

	if (!inner || !shell->files)
		return 0;
	r = shell_word(shell, &inner, end, &path);
	if (r < 0)
		return r;
	if (path.error || !path.n || skip_blanks(inner, end) != end)
		return path.error;
	if (path.s[0] == SHELL_HERE)
		path.s[0] = '.';
	if (path.s[0] == '/' || strchr(path.s, SHELL_HERE) ||
	    strchr(path.s, SHELL_UNKNOWN))
		return 0;
	if (shell->files->read(shell->files->data, path.s, &content) < 0)
		return 0;
	if (strchr(content, SHELL_HERE) || strchr(content, SHELL_UNKNOWN))
		return 0;
	r = add_value(shell, word, content, at, (size_t)(end - at), is_quoted);
	return r < 0 ? r : 1;
}

static size_t count_of(const char *at, const char *end, const char *what)
{
	size_t count = 0;

	for (; at < end; at++)
		count += starts_with(at, end, what);
	return count;
}

/*
 * The ways scripts find their own folder: $(dirname "$0"), $(cd -- "$(dirname --
 * "${BASH_SOURCE[0]}")" && pwd), $(dirname "$(readlink -f "$0")"), $(pwd).
 */
static bool is_own_folder(const char *at, const char *end)
{
	static const char *const starts[] = { "dirname", "cd ", "readlink ", "realpath ",
					      "CDPATH= cd " };
	bool is_found = false;

	at = skip_blanks(at, end);
	if (starts_with(at, end, "pwd"))
		return skip_blanks(at + 3, end) == end;
	for (size_t i = 0; i < array_size(starts); i++)
		is_found |= starts_with(at, end, starts[i]);
	if (!is_found || count_of(at, end, "dirname") != 1 || count_of(at, end, ".."))
		return false;
	return count_of(at, end, "$0") || count_of(at, end, "BASH_SOURCE");
}

/* inner is what stands between the parentheses or backticks, raw all of it. */
static int add_substitution(struct shell *shell, struct text *word, const char *inner,
			    const char *inner_end, const char *raw, const char *raw_end,
			    bool is_quoted)
{
	int r = add_included(shell, word, inner, inner_end, is_quoted);

	if (r != 0)
		return r < 0 ? r : 0;
	if (is_own_folder(inner, inner_end))
		text_add_char(word, SHELL_HERE);
	else
		shell_add_unknown(word, raw, (size_t)(raw_end - raw));
	return 0;
}

static int add_variable(struct shell *shell, struct text *word, const char *name,
			size_t n, const char *raw, const char *raw_end, bool is_quoted)
{
	const char *value = shell_get(shell, name, n);

	if (value)
		return add_value(shell, word, value, raw, (size_t)(raw_end - raw),
				 is_quoted);
	if (n == 3 && !memcmp(name, "PWD", 3))
		text_add_char(word, SHELL_HERE);
	else
		shell_add_unknown(word, raw, (size_t)(raw_end - raw));
	return 0;
}

/* ${...}: at is behind the brace. */
static int add_braces(struct shell *shell, const char **at, const char *end,
		      struct text *word, bool is_quoted)
{
	const char *raw = *at - 2, *inner = *at;
	const char *after = shell_skip(*at, end, '}', 0);
	size_t n;

	if (!after)
		return -EBADMSG;
	*at = after;
	n = shell_name_length(inner, after - 1);
	if (n && inner + n == after - 1)
		return add_variable(shell, word, inner, n, raw, after, is_quoted);
	if (starts_with(inner, after - 1, "0%/*") && after - 1 - inner == 4)
		text_add_char(word, SHELL_HERE);
	else
		shell_add_unknown(word, raw, (size_t)(after - raw));
	return 0;
}

static int add_parens(struct shell *shell, const char **at, const char *end,
		      struct text *word, bool is_quoted)
{
	const char *inner = *at;
	const char *after = shell_skip(*at, end, ')', 0);

	if (!after)
		return -EBADMSG;
	*at = after;
	return add_substitution(shell, word, inner, after - 1, inner - 2, after,
				is_quoted);
}

int shell_add_backtick(struct shell *shell, const char **at, const char *end,
		       struct text *word, bool is_quoted)
{
	const char *inner = *at;
	const char *after = shell_skip(*at, end, '`', 0);

	if (!after)
		return -EBADMSG;
	*at = after;
	return add_substitution(shell, word, inner, after - 1, inner - 1, after,
				is_quoted);
}

/* $'...' with its C escapes: plain text is taken, escapes are not worth knowing. */
static int add_c_quoted(const char **at, const char *end, struct text *word)
{
	const char *raw = *at - 2, *inner = *at;

	for (; *at < end && **at != '\''; (*at)++) {
		if (**at == '\\')
			(*at)++;
	}
	if (*at >= end)
		return -EBADMSG;
	if (memchr(inner, '\\', (size_t)(*at - inner)))
		shell_add_unknown(word, raw, (size_t)(*at + 1 - raw));
	else
		text_add(word, inner, (size_t)(*at - inner));
	(*at)++;
	return 0;
}

/* At what follows a dollar sign. */
int shell_add_dollar(struct shell *shell, const char **at, const char *end,
		     struct text *word, bool is_quoted)
{
	const char *name = *at;
	size_t n = shell_name_length(*at, end);

	if (n) {
		*at += n;
		return add_variable(shell, word, name, n, name - 1, *at, is_quoted);
	}
	if (*at < end && **at == '(') {
		(*at)++;
		return add_parens(shell, at, end, word, is_quoted);
	}
	if (*at < end && **at == '{') {
		(*at)++;
		return add_braces(shell, at, end, word, is_quoted);
	}
	if (*at < end && **at == '\'' && !is_quoted) {
		(*at)++;
		return add_c_quoted(at, end, word);
	}
	if (*at < end && strchr("0123456789@*#?-$!", **at)) {
		(*at)++;
		shell_add_unknown(word, name - 1, 2);
		return 0;
	}
	if (*at >= end || **at != '"' || is_quoted)
		text_add_char(word, '$');
	return 0;
}
