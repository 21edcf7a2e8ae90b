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

const struct handover handover_default = {
	.takeover = TAKEOVER_SYSTEMD,
	.grace_ms = 10000,
	.unbind_ms = 20000,
	.detach_ms = 30000,
	.deadline_ms = 180000,
};

static const char *const takeover_names[] = {
	[TAKEOVER_SYSTEMD] = "systemd",
	[TAKEOVER_SEIZE] = "seize",
};

static const struct {
	const char *name;
	size_t offset;
} numbers[] = {
	{ "grace_ms", offsetof(struct handover, grace_ms) },
	{ "unbind_ms", offsetof(struct handover, unbind_ms) },
	{ "detach_ms", offsetof(struct handover, detach_ms) },
	{ "deadline_ms", offsetof(struct handover, deadline_ms) },
};

enum { SEEN_TAKEOVER = 1U << 30, SEEN_TARGET = 1U << 29 };

static unsigned int *number_at(struct handover *handover, size_t i)
{
	return (unsigned int *)(void *)((char *)handover + numbers[i].offset);
}

const char *takeover_name(enum takeover takeover)
{
	return takeover_names[takeover];
}

int handover_write(const struct handover *handover, char text[HANDOVER_BYTES])
{
	struct handover copy = *handover;
	int n;

	if (strchr(handover->target, '\n'))
		return -EINVAL;
	n = snprintf(text, HANDOVER_BYTES, "%s\ntakeover %s\ntarget %s\n", first_line,
		     takeover_name(handover->takeover), handover->target);
	for (size_t i = 0; i < array_size(numbers); i++)
		n += snprintf(text + n, (size_t)(HANDOVER_BYTES - n), "%s %u\n",
			      numbers[i].name, *number_at(&copy, i));
	return n + snprintf(text + n, (size_t)(HANDOVER_BYTES - n), "end\n");
}

static int parse_takeover(const char *value, struct handover *handover)
{
	for (size_t i = 0; i < array_size(takeover_names); i++) {
		if (strcmp(value, takeover_names[i]) == 0) {
			handover->takeover = (enum takeover)i;
			return SEEN_TAKEOVER;
		}
	}
	return -EINVAL;
}

/* One "name value" line. The bit of what it set, or -EINVAL. */
static int parse_line(char *line, struct handover *handover)
{
	char *value = strchr(line, ' ');
	uint64_t number;

	if (!value)
		return -EINVAL;
	*value++ = '\0';
	if (strcmp(line, "takeover") == 0)
		return parse_takeover(value, handover);
	if (strcmp(line, "target") == 0) {
		if (strlen(value) >= sizeof(handover->target))
			return -EINVAL;
		strcpy(handover->target, value);
		return SEEN_TARGET;
	}
	for (size_t i = 0; i < array_size(numbers); i++) {
		if (strcmp(line, numbers[i].name) != 0)
			continue;
		if (parse_u64(value, 10, INT_MAX, &number) < 0)
			return -EINVAL;
		*number_at(handover, i) = (unsigned int)number;
		return 1 << i;
	}
	return -EINVAL;
}

int handover_parse(char *text, struct handover *ret)
{
	const int all = SEEN_TAKEOVER | SEEN_TARGET | ((1 << array_size(numbers)) - 1);
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
	if (!line || seen != all || strtok_r(NULL, "\n", &save))
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
