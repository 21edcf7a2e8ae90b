// SPDX-License-Identifier: GPL-2.0-or-later
#include "complete.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "initramfs/inventory/devices.h"
#include "option-table.h"
#include "pivot/base/cleanup.h"

/* The word that is completed: candidates begin with it. */
struct word {
	const char *text;
	int before; /* so many bytes of it are an option, with its "=" */
};

static void put(const struct word *word, const char *candidate, const char *help)
{
	const char *typed = word->text + word->before;

	if (strncmp(candidate, typed, strlen(typed)) != 0)
		return;
	(void)printf("%.*s%s\t", word->before, word->text, candidate);
	for (; *help; help++)
		(void)putchar(*help == '\n' ? ' ' : *help);
	(void)putchar('\n');
}

/* --- what an option takes --- */

/* Those of "auto seize", each behind the prefix. */
static void put_words(const struct word *word, const char *prefix, const char *words)
{
	char text[64];

	for (; *words; words += strcspn(words, " "), words += *words == ' ') {
		(void)snprintf(text, sizeof(text), "%s%.*s", prefix,
			       (int)strcspn(words, " "), words);
		put(word, text, "");
	}
}

static void put_choice(const struct word *word, const char *name)
{
	for (const struct handover_choice *c = handover_choices; c->name; c++)
		for (int i = 0; strcmp(c->name, name) == 0 && c->value[i]; i++)
			put(word, c->value[i], "");
}

static bool is_first_of_its_driver(const struct devices *devices, size_t n)
{
	const char *driver = devices->device[n].driver;

	for (size_t i = 0; i < n; i++)
		if (strcmp(devices->device[i].driver, driver) == 0)
			return false;
	return *driver;
}

/* Devices of this machine, and their drivers. */
static void put_devices(const struct word *word)
{
	auto_free struct devices *devices = malloc(sizeof(*devices));
	char text[192];

	if (!devices || devices_read("", devices) < 0)
		return;
	for (size_t i = 0; i < devices->n; i++) {
		const struct device *d = &devices->device[i];

		if (!d->is_bridge)
			put(word, d->name, device_describe(d, text, sizeof(text)));
		if (!d->is_bridge && is_first_of_its_driver(devices, i))
			put(word, d->driver, "driver");
	}
}

static void put_values(const struct word *word, const struct option_line *line)
{
	if (line->words)
		put_words(word, "", line->words);
	else if (line->name)
		put_choice(word, line->name);
	if (line->name && strcmp(line->name, "skip") == 0)
		put_devices(word);
	else if (strcmp(line->argument, "FILE") == 0)
		(void)printf(":file\n");
	else if (strcmp(line->argument, "DIR") == 0)
		(void)printf(":folder\n");
}

/* --- options --- */

static bool may_be_left_out(const struct option_line *line)
{
	return line->argument && line->argument[0] == '[';
}

static const struct option_line *find_option(const char *word)
{
	for (size_t i = 0; i < n_option_lines; i++) {
		const struct option_line *line = &option_lines[i];
		const char letter[] = { '-', line->letter, '\0' };
		size_t n = line->name ? strlen(line->name) : 0;

		if (line->letter && strcmp(word, letter) == 0)
			return line;
		if (n && strncmp(word, "--", 2) == 0 &&
		    strncmp(word + 2, line->name, n) == 0 &&
		    (!word[2 + n] || word[2 + n] == '='))
			return line;
	}
	return NULL;
}

static void put_options(const struct word *word, const struct verb *verb)
{
	char text[64];

	for (size_t i = 0; i < n_option_lines; i++) {
		const struct option_line *line = &option_lines[i];

		if (!option_is_for(line, verb))
			continue;
		if (line->name)
			(void)snprintf(text, sizeof(text), "--%s", line->name);
		else
			(void)snprintf(text, sizeof(text), "-%c", line->letter);
		put(word, text, line->help ?: "");
		if (may_be_left_out(line) && line->words) {
			(void)strcat(text, "=");
			put_words(word, text, line->words);
		}
	}
}

static void put_plain(const struct word *word, bool is_first, const struct verb *verb,
		      const struct verb *verbs)
{
	for (const struct verb *v = verbs; is_first && v->name; v++)
		put(word, v->name, v->help);
	if (verb->kind == VERB_NETWORK)
		put_words(word, "", "addr route");
	else if (verb->kind != VERB_TREELESS)
		(void)printf(":file\n");
}

static const struct verb *find_verb(const char *name, const struct verb *verbs)
{
	for (const struct verb *verb = verbs; verb->name; verb++)
		if (strcmp(verb->name, name) == 0)
			return verb;
	return &verbs[0];
}

int complete(int n, char **words, const struct verb *verbs)
{
	struct word word = { n > 0 ? words[n - 1] : "", 0 };
	const struct verb *verb = find_verb(n > 1 ? words[0] : "", verbs);
	const struct option_line *before = n > 1 ? find_option(words[n - 2]) : NULL;
	const struct option_line *line = find_option(word.text);
	const char *equals = strchr(word.text, '=');

	if (before && before->argument && !may_be_left_out(before) &&
	    !strchr(words[n - 2], '=')) {
		put_values(&word, before);
	} else if (line && line->argument && equals) {
		word.before = (int)(equals + 1 - word.text);
		put_values(&word, line);
	} else if (word.text[0] == '-') {
		put_options(&word, verb);
	} else {
		put_plain(&word, n <= 1, verb, verbs);
	}
	return EXIT_DONE;
}
