// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "match.h"
#include "pivot/base/macros.h"
#include "quirks.h"

/* The "=" between match and policy: the first that is not the end of a ">=". */
static const char *find_equals(const char *rule)
{
	const char *at = strchr(rule, '=');

	while (at && at > rule && at[-1] == '>')
		at = strchr(at + 1, '=');
	return at;
}

static bool parse_deadline(struct span value, unsigned int *ret_ms)
{
	unsigned int seconds = 0;

	for (size_t i = 0; i < value.n; i++) {
		if (value.at[i] < '0' || value.at[i] > '9' || seconds > 3600)
			return false;
		seconds = seconds * 10 + (unsigned int)(value.at[i] - '0');
	}
	if (seconds == 0 || seconds > 3600)
		return false;
	*ret_ms = seconds * 1000;
	return true;
}

/* One word of a command line. A quote would take in what follows. */
static bool parse_append(struct span value, char ret[POLICY_APPEND_BYTES])
{
	if (value.n == 0 || value.n >= POLICY_APPEND_BYTES)
		return false;
	for (size_t i = 0; i < value.n; i++)
		if (value.at[i] <= ' ' || value.at[i] > '~' || value.at[i] == '"')
			return false;
	memcpy(ret, value.at, value.n);
	ret[value.n] = '\0';
	return true;
}

static bool parse_reset(struct span value, enum policy_reset *ret)
{
	static const char *const names[] = {
		[POLICY_RESET_AUTO] = "auto", [POLICY_RESET_NEVER] = "never",
		[POLICY_RESET_FLR] = "flr",   [POLICY_RESET_PM] = "pm",
		[POLICY_RESET_BUS] = "bus",
	};

	for (size_t i = 0; i < array_size(names); i++)
		if (span_is(value, names[i])) {
			*ret = (enum policy_reset)i;
			return true;
		}
	return false;
}

static bool parse_action(struct span word, enum policy_action *ret)
{
	static const char *const names[] = {
		[POLICY_UNBIND] = "unbind",
		[POLICY_KEEP] = "keep",
		[POLICY_DOWN_ONLY] = "down-only",
		[POLICY_UNLOAD] = "unload",
	};

	for (size_t i = POLICY_UNBIND; i < array_size(names); i++)
		if (span_is(word, names[i])) {
			*ret = (enum policy_action)i;
			return true;
		}
	return false;
}

/* Does what the word says, except for "warn"; false where it is none. */
static bool apply(struct span word, struct policy *policy)
{
	struct span value;

	if (span_after(word, "reset:", &value))
		return parse_reset(value, &policy->reset);
	if (span_after(word, "deadline:", &value))
		return parse_deadline(value, &policy->deadline_ms);
	if (span_after(word, "append:", &value))
		return parse_append(value, policy->append);
	if (span_is(word, "no-append"))
		policy->append[0] = '\0';
	else if (span_is(word, "keep-bus-master"))
		policy->keeps_bus_master = true;
	else if (span_is(word, "two-stage"))
		policy->wants_two_stages = true;
	else if (span_is(word, "vtcon-first"))
		policy->has_vtcon_first = true;
	else
		return parse_action(word, &policy->action);
	return true;
}

static int refuse(struct span part, char *word, size_t size)
{
	if (size > 0)
		(void)snprintf(word, size, "%.*s", (int)part.n, part.at);
	return -EINVAL;
}

int rule_check(const char *rule, char *word, size_t size)
{
	const char *equals = find_equals(rule);
	struct policy ignored = { 0 };
	struct span list, part;

	if (strlen(rule) >= RULE_BYTES)
		return refuse((struct span){ rule, RULE_BYTES }, word, size);
	if (!equals)
		return refuse((struct span){ "", 0 }, word, size);
	list = (struct span){ rule, (size_t)(equals - rule) };
	while (span_next(&list, &part))
		if (!match_is_term(part))
			return refuse(part, word, size);
	list = (struct span){ equals + 1, strlen(equals + 1) };
	while (span_next(&list, &part))
		if (!span_is(part, "warn") && !apply(part, &ignored))
			return refuse(part, word, size);
	return 0;
}

int rules_add(struct rules *rules, const char *rule)
{
	char word[1];

	if (rule_check(rule, word, sizeof(word)) < 0)
		return -EINVAL;
	if (rules->n == RULES_MAX)
		return -ENOSPC;
	strcpy(rules->rule[rules->n++], rule);
	return 0;
}

static void apply_quirk(const struct quirk *quirk, struct policy *policy)
{
	struct span list = { quirk->policy, strlen(quirk->policy) }, word;

	while (span_next(&list, &word))
		if (span_is(word, "warn"))
			policy->warning = quirk;
		else if (apply(word, policy))
			policy->quirk = quirk;
}

static void apply_rule(const char *text, struct policy *policy)
{
	struct span list = { text, strlen(text) }, word;

	while (span_next(&list, &word)) {
		enum policy_action action;

		(void)apply(word, policy); /* rule_check() has told what is none */
		if (parse_action(word, &action))
			policy->is_by_user = true;
	}
}

bool rule_holds(const char *rule, const struct device *device,
		const struct machine *machine)
{
	const char *equals = find_equals(rule);

	return equals && match_holds((struct span){ rule, (size_t)(equals - rule) },
				     device, machine);
}

void policy_of(const struct device *device, const struct machine *machine,
	       const struct rules *rules, struct policy *ret)
{
	*ret = (struct policy){ 0 };
	for (const struct quirk *quirk = quirk_table; quirk->match; quirk++)
		if (match_holds((struct span){ quirk->match, strlen(quirk->match) },
				device, machine))
			apply_quirk(quirk, ret);
	for (size_t i = 0; i < rules->n; i++)
		if (rule_holds(rules->rule[i], device, machine))
			apply_rule(find_equals(rules->rule[i]) + 1, ret);
}
