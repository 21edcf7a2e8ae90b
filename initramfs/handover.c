// SPDX-License-Identifier: GPL-2.0-or-later
#include "handover.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "pivot/base/macros.h"
#include "pivot/base/parse.h"
#include "pivot/base/read.h"

static const char first_line[] = "pivot-kexec-handover 1";

struct handover handover_default(void)
{
	return (struct handover){
		.takeover = TAKEOVER_SYSTEMD,
		.grace_ms = 10000,
		.unbind_ms = 20000,
		.detach_ms = 30000,
		.deadline_ms = 180000,
		.hook_ms = 30000,
	};
}

const struct handover_choice handover_choices[] = {
	{ "takeover", offsetof(struct handover, takeover), { "systemd", "seize" } },
	{ "reset", offsetof(struct handover, reset), { "auto", "never" } },
	{ "display", offsetof(struct handover, display), { "auto", "keep", "unbind" } },
	{ "parallel", offsetof(struct handover, parallel), { "auto", "never" } },
	{ "on-hang", offsetof(struct handover, on_hang), { "reboot", "jump" } },
	{ "report", offsetof(struct handover, report), { "append", "none" } },
	{ "on-hook-failure",
	  offsetof(struct handover, on_hook_failure),
	  { "jump", "reboot" } },
	{ "hop", offsetof(struct handover, hop), { "only", "first", "middle" } },
	{ "extent", offsetof(struct handover, extent), { "clean", "abrupt" } },
	{ 0 },
};

static const struct {
	const char *name;
	size_t offset;
} numbers[] = {
	{ "grace_ms", offsetof(struct handover, grace_ms) },
	{ "unbind_ms", offsetof(struct handover, unbind_ms) },
	{ "detach_ms", offsetof(struct handover, detach_ms) },
	{ "deadline_ms", offsetof(struct handover, deadline_ms) },
	{ "watchdog_s", offsetof(struct handover, watchdog_s) },
	{ "hook_ms", offsetof(struct handover, hook_ms) },
};

enum { N_CHOICES = array_size(handover_choices) - 1 };

/* A bit for each line that must be there once: choices, numbers, the target. */
enum {
	SEEN_NUMBERS = N_CHOICES,
	SEEN_TARGET = SEEN_NUMBERS + array_size(numbers),
	SEEN_ALL = (1 << (SEEN_TARGET + 1)) - 1,
};

/* An enum is an unsigned int, too. */
static unsigned int *member_at(struct handover *handover, size_t offset)
{
	return (unsigned int *)(void *)((char *)handover + offset);
}

const char *takeover_name(enum takeover takeover)
{
	return handover_choices[0].value[takeover];
}

int handover_choose(struct handover *handover, const struct handover_choice *choice,
		    const char *value)
{
	for (unsigned int i = 0; choice->value[i]; i++) {
		if (strcmp(value, choice->value[i]) == 0) {
			*member_at(handover, choice->offset) = i;
			return 0;
		}
	}
	return -EINVAL;
}

static bool is_line(const char *text)
{
	return !strchr(text, '\n');
}

int handover_write(const struct handover *handover, char text[HANDOVER_BYTES])
{
	struct handover copy = *handover;
	int n;

	if (!is_line(handover->target))
		return -EINVAL;
	n = snprintf(text, HANDOVER_BYTES, "%s\ntarget %s\n", first_line,
		     handover->target);
	for (const struct handover_choice *c = handover_choices; c->name; c++)
		n += snprintf(text + n, (size_t)(HANDOVER_BYTES - n), "%s %s\n", c->name,
			      c->value[*member_at(&copy, c->offset)]);
	for (size_t i = 0; i < array_size(numbers); i++)
		n += snprintf(text + n, (size_t)(HANDOVER_BYTES - n), "%s %u\n",
			      numbers[i].name, *member_at(&copy, numbers[i].offset));
	for (size_t i = 0; i < handover->rules.n; i++) {
		if (!is_line(handover->rules.rule[i]))
			return -EINVAL;
		n += snprintf(text + n, (size_t)(HANDOVER_BYTES - n), "rule %s\n",
			      handover->rules.rule[i]);
	}
	for (size_t i = 0; i < handover->n_hooks; i++) {
		if (!is_line(handover->hook[i]))
			return -EINVAL;
		n += snprintf(text + n, (size_t)(HANDOVER_BYTES - n), "hook %s\n",
			      handover->hook[i]);
	}
	return n + snprintf(text + n, (size_t)(HANDOVER_BYTES - n), "end\n");
}

static int parse_choice(const char *name, const char *value, struct handover *handover)
{
	for (int i = 0; i < N_CHOICES; i++)
		if (strcmp(name, handover_choices[i].name) == 0)
			return handover_choose(handover, &handover_choices[i], value) < 0
				       ? -EINVAL
				       : 1 << i;
	return -ENOENT;
}

static int parse_number(const char *name, const char *value, struct handover *handover)
{
	uint64_t number;

	for (size_t i = 0; i < array_size(numbers); i++) {
		if (strcmp(name, numbers[i].name) != 0)
			continue;
		if (parse_u64(value, 10, INT_MAX, &number) < 0)
			return -EINVAL;
		*member_at(handover, numbers[i].offset) = (unsigned int)number;
		return 1 << (SEEN_NUMBERS + i);
	}
	return -EINVAL;
}

static int add_hook(const char *name, struct handover *handover)
{
	if (handover->n_hooks == HOOKS_MAX || strlen(name) >= HOOK_NAME_BYTES)
		return -EINVAL;
	strcpy(handover->hook[handover->n_hooks++], name);
	return 0;
}

/* One "name value" line. The bit of what it set, or -EINVAL. */
static int parse_line(char *line, struct handover *handover)
{
	char *value = strchr(line, ' ');
	int r;

	if (!value)
		return -EINVAL;
	*value++ = '\0';
	if (strcmp(line, "target") == 0) {
		if (strlen(value) >= sizeof(handover->target))
			return -EINVAL;
		strcpy(handover->target, value);
		return 1 << SEEN_TARGET;
	}
	if (strcmp(line, "rule") == 0)
		return rules_add(&handover->rules, value) < 0 ? -EINVAL : 0;
	if (strcmp(line, "hook") == 0)
		return add_hook(value, handover);
	r = parse_choice(line, value, handover);
	return r == -ENOENT ? parse_number(line, value, handover) : r;
}

int handover_parse(char *text, struct handover *ret)
{
	struct handover handover = { 0 };
	char *save = NULL, *line = strtok_r(text, "\n", &save);
	int seen = 0;

	if (!line || strcmp(line, first_line) != 0)
		return -EINVAL;
	while ((line = strtok_r(NULL, "\n", &save)) && strcmp(line, "end") != 0) {
		int bit = parse_line(line, &handover);

		if (bit < 0 || (seen & bit))
			return -EINVAL;
		seen |= bit;
	}
	if (!line || seen != SEEN_ALL || strtok_r(NULL, "\n", &save))
		return -EINVAL;
	*ret = handover;
	return 0;
}

int handover_read(const char *root, struct handover *ret)
{
	char text[HANDOVER_BYTES];
	ssize_t n = read_text(text, sizeof(text), root, "/handover");

	if (n < 0)
		return (int)n;
	return strlen(text) == (size_t)n ? handover_parse(text, ret) : -EINVAL;
}
