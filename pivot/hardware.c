// SPDX-License-Identifier: GPL-2.0-or-later
#include "hardware.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "initramfs/plan.h"
#include "pivot/base/log.h"

int hardware_read(const char *root, struct hardware *ret)
{
	int r = devices_read(root, &ret->devices);

	ret->n_advice = 0;
	plan_sort(&ret->devices);
	machine_read(root, &ret->machine);
	return r < 0 ? log_err(r, "cannot read what devices there are") : 0;
}

/* Domain 0 is not said by people. */
static bool is_named(const struct device *d, const char *name)
{
	return strcasecmp(d->name, name) == 0 ||
	       (strncmp(d->name, "0000:", 5) == 0 && strcasecmp(d->name + 5, name) == 0);
}

/* What a rule uses for itself cannot stand in a name: any character will do there. */
static int add_rule(struct rules *rules, const char *term, const char *value)
{
	char rule[RULE_BYTES];
	int r;

	(void)snprintf(rule, sizeof(rule), "%s:%s", term, value);
	for (char *at = rule + strlen(term) + 1; *at; at++)
		if (strchr(",= \"", *at) || (unsigned char)*at >= 0x7f)
			*at = '?';
	(void)snprintf(rule + strlen(rule), sizeof(rule) - strlen(rule), "=keep");
	r = rules_add(rules, rule);
	if (r == -ENOSPC)
		return log_refuse(-EINVAL, "more than %d times --quirk and --skip",
				  RULES_MAX);
	return r < 0 ? log_refuse(-EINVAL, "--skip: what is '%s'?", value) : 0;
}

int hardware_skip(const struct hardware *hardware, const char *what, struct rules *rules)
{
	for (size_t i = 0; i < hardware->devices.n; i++)
		if (is_named(&hardware->devices.device[i], what))
			return add_rule(rules, "device",
					hardware->devices.device[i].name);
	for (size_t i = 0; i < hardware->devices.n; i++)
		if (strcmp(hardware->devices.device[i].driver, what) == 0)
			return add_rule(rules, "driver", what);
	return log_refuse(-EINVAL,
			  "--skip: there is no device and no driver in use named '%s': "
			  "see 'pivot-kexec plan'",
			  what);
}

static bool is_about_any(const struct hardware *hardware, const char *rule)
{
	for (size_t i = 0; i < hardware->devices.n; i++)
		if (rule_holds(rule, &hardware->devices.device[i], &hardware->machine))
			return true;
	return false;
}

void hardware_warn_of_rules(const struct hardware *hardware, const struct rules *rules)
{
	for (size_t i = 0; i < rules->n; i++)
		if (!is_about_any(hardware, rules->rule[i]))
			(void)log_warn(0, "--quirk '%s' matches no device here",
				       rules->rule[i]);
}

static void advise(struct hardware *hardware, const struct device *device,
		   const struct quirk *quirk, const char *append)
{
	struct advice *a;

	for (size_t i = 0; i < hardware->n_advice; i++) {
		a = &hardware->advice[i];
		if (append[0] ? strcmp(a->append, append) == 0
			      : a->quirk == quirk && !a->append[0]) {
			a->n_devices++;
			return;
		}
	}
	if (hardware->n_advice == ADVICE_MAX)
		return;
	a = &hardware->advice[hardware->n_advice++];
	*a = (struct advice){ .device = device, .n_devices = 1, .quirk = quirk };
	strcpy(a->append, append);
}

static bool is_let_go(const struct policy *policy)
{
	return policy->action != POLICY_KEEP && policy->action != POLICY_DOWN_ONLY;
}

void hardware_advise(struct hardware *hardware, const struct handover *handover)
{
	hardware->n_advice = 0;
	hardware->asks_for_two = hardware->slowest = NULL;
	hardware->slowest_ms = 0;
	for (size_t i = 0; i < hardware->devices.n; i++) {
		const struct device *d = &hardware->devices.device[i];
		struct policy policy;

		policy_of(d, &hardware->machine, &handover->rules, &policy);
		if (policy.wants_two_stages && !hardware->asks_for_two)
			hardware->asks_for_two = d;
		if (policy.deadline_ms > hardware->slowest_ms && is_let_go(&policy)) {
			hardware->slowest = d;
			hardware->slowest_ms = policy.deadline_ms;
		}
		if (policy.append[0])
			advise(hardware, d, policy.quirk, policy.append);
		if (policy.warning)
			advise(hardware, d, policy.warning, "");
	}
}
