// SPDX-License-Identifier: GPL-2.0-or-later
#include "authorized-keys.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { TYPE_MAX_BYTES = 64, LENGTH_BYTES = 4 };

/* Part of a line. */
struct text {
	const char *at;
	size_t n;
};

/* A line taken apart. */
struct key {
	struct text options; /* n is 0: none */
	struct text key;     /* the type and what follows it in base64 */
	struct text comment;
	bool is_authority; /* signs keys, and is none itself */
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static void skip(struct text *text, size_t n)
{
	text->at += n;
	text->n -= n;
}

static void skip_blanks(struct text *text)
{
	while (text->n > 0 && is_blank(*text->at))
		skip(text, 1);
}

static struct text next_word(struct text *rest)
{
	struct text word = { rest->at, 0 };

	while (word.n < rest->n && !is_blank(word.at[word.n]))
		word.n++;
	skip(rest, word.n);
	return word;
}

/* --- is it a key? --- */

static int digit_of(char c)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		"0123456789+/";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

/*
 * Is that base64, whole and well padded? Its first bytes, size at most. How many bytes
 * it stands for, 0 where it is not.
 */
static size_t decode(struct text word, uint8_t *ret, size_t size)
{
	size_t padding = 0, bytes = 0;
	uint32_t bits = 0;

	while (padding < 2 && padding < word.n && word.at[word.n - 1 - padding] == '=')
		padding++;
	if (word.n % 4)
		return 0;
	for (size_t i = 0; i < word.n - padding; i++) {
		int digit = digit_of(word.at[i]);

		if (digit < 0)
			return 0;
		bits = bits << 6 | (uint32_t)digit;
		if (i % 4 == 0)
			continue;
		if (bytes < size)
			ret[bytes] = (uint8_t)(bits >> (6 - 2 * (i % 4)));
		bytes++;
	}
	return bytes;
}

/* The type is told again in what is encoded, with its length before it. */
static bool are_key(struct text type, struct text base64)
{
	uint8_t head[LENGTH_BYTES + TYPE_MAX_BYTES];
	size_t bytes = decode(base64, head, sizeof(head));

	return type.n > 0 && type.n <= TYPE_MAX_BYTES && bytes > LENGTH_BYTES + type.n &&
	       head[0] == 0 && head[1] == 0 && head[2] == 0 && head[3] == type.n &&
	       memcmp(head + LENGTH_BYTES, type.at, type.n) == 0;
}

static bool parse_key(struct text rest, struct key *ret)
{
	struct text type = next_word(&rest), base64;

	skip_blanks(&rest);
	base64 = next_word(&rest);
	if (!are_key(type, base64))
		return false;
	skip_blanks(&rest);
	ret->key = (struct text){ type.at, (size_t)(base64.at + base64.n - type.at) };
	ret->comment = rest;
	return true;
}

/* --- options --- */

/* "..." with \" in it. */
static bool skip_quoted(struct text *rest)
{
	if (rest->n == 0 || *rest->at != '"')
		return false;
	skip(rest, 1);
	while (rest->n > 0 && *rest->at != '"')
		skip(rest,
		     rest->n > 1 && rest->at[0] == '\\' && rest->at[1] == '"' ? 2 : 1);
	if (rest->n == 0)
		return false;
	skip(rest, 1);
	return true;
}

/* NAME or NAME="VALUE" */
static bool skip_option(struct text *rest, bool *is_authority)
{
	static const char authority[] = "cert-authority";
	struct text name = { rest->at, 0 };

	while (rest->n > 0 && (isalnum((unsigned char)*rest->at) || *rest->at == '-'))
		skip(rest, 1);
	name.n = (size_t)(rest->at - name.at);
	if (name.n == strlen(authority) && strncasecmp(name.at, authority, name.n) == 0)
		*is_authority = true;
	if (rest->n > 0 && *rest->at == '=') {
		skip(rest, 1);
		return name.n > 0 && skip_quoted(rest);
	}
	return name.n > 0;
}

static bool skip_options(struct text *rest, struct key *ret)
{
	ret->options.at = rest->at;
	while (skip_option(rest, &ret->is_authority)) {
		ret->options.n = (size_t)(rest->at - ret->options.at);
		if (rest->n == 0 || *rest->at != ',')
			return rest->n > 0 && is_blank(*rest->at);
		skip(rest, 1);
	}
	return false;
}

/* A key without options is tried first, as sshd does. */
static bool parse_line(struct text rest, struct key *ret)
{
	*ret = (struct key){ 0 };
	if (memchr(rest.at, '\0', rest.n))
		return false;
	if (parse_key(rest, ret))
		return true;
	if (!skip_options(&rest, ret))
		return false;
	skip_blanks(&rest);
	return parse_key(rest, ret);
}

/* --- all of them --- */

/* A line that begins so, and with a whole word. */
static bool has_key(const struct authorized_keys *keys, const char *begin, size_t n)
{
	const char *line = keys->text, *end = keys->text + keys->bytes;

	while (line < end) {
		const char *next =
			(const char *)memchr(line, '\n', (size_t)(end - line)) + 1;

		if ((size_t)(next - line) > n && memcmp(line, begin, n) == 0 &&
		    (line[n] == ' ' || line[n] == '\n'))
			return true;
		line = next;
	}
	return false;
}

static char *put(char *at, struct text text, char behind)
{
	memcpy(at, text.at, text.n);
	at[text.n] = behind;
	return at + text.n + 1;
}

/* 1 where it is new, 0 where it is known, or -ENOMEM. */
static int add(struct authorized_keys *keys, const struct key *key)
{
	size_t most = key->options.n + key->key.n + key->comment.n + 3;
	char *text = realloc(keys->text, keys->bytes + most), *line, *end;

	if (!text)
		return -ENOMEM;
	keys->text = text;
	line = text + keys->bytes;
	end = key->is_authority ? put(line, key->options, ' ') : line;
	end = put(end, key->key, '\n');
	if (has_key(keys, line, (size_t)(end - line) - 1))
		return 0;
	if (key->comment.n > 0) {
		end[-1] = ' ';
		end = put(end, key->comment, '\n');
	}
	keys->bytes = (size_t)(end - text);
	keys->n++;
	return 1;
}

static int add_line(struct authorized_keys *keys, struct text line,
		    struct key_counts *counts)
{
	struct key key;
	int r;

	skip_blanks(&line);
	while (line.n > 0 && isspace((unsigned char)line.at[line.n - 1]))
		line.n--;
	if (line.n == 0 || *line.at == '#')
		return 0;
	if (!parse_line(line, &key)) {
		counts->n_no_keys++;
		return 0;
	}
	r = add(keys, &key);
	counts->n_keys++;
	counts->n_new += r == 1;
	counts->n_stripped += r == 1 && key.options.n > 0 && !key.is_authority;
	return r < 0 ? r : 0;
}

int authorized_keys_add(struct authorized_keys *keys, const char *text, size_t bytes,
			struct key_counts *ret)
{
	const char *end = text + bytes;
	int r = 0;

	*ret = (struct key_counts){ 0 };
	while (r == 0 && text < end) {
		size_t left = (size_t)(end - text);
		const char *newline = memchr(text, '\n', left);
		size_t n = newline ? (size_t)(newline - text) : left;

		r = add_line(keys, (struct text){ text, n }, ret);
		text += n + (newline != NULL);
	}
	return r;
}

void authorized_keys_done(struct authorized_keys *keys)
{
	free(keys->text);
	*keys = (struct authorized_keys){ 0 };
}
