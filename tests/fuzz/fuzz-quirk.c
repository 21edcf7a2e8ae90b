// SPDX-License-Identifier: GPL-2.0-or-later

/* Rules, one a line; the first line is the machine's name. Whoever can write a handover,
 * or name a machine, chooses them. */

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "initramfs/quirks/quirks.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static struct device device = {
	.bus = "pci",
	.name = "0000:03:00.0",
	.driver = "e1000e",
	.vendor = 0x8086,
	.device = 0x153a,
	.class = 0x0200,
};

static bool is_string(const char *text, size_t size)
{
	return memchr(text, '\0', size);
}

static void fuzz_rule(const char *rule, struct rules *rules)
{
	char word[8];
	int r = rule_check(rule, word, sizeof(word));

	must(r == 0 || (r == -EINVAL && is_string(word, sizeof(word))));
	must(rule_check(rule, NULL, 0) == r);
	if (r == 0)
		must(strlen(rule) < RULE_BYTES && strchr(rule, '='));
	/* the init takes the words of who checked them: what is none must do no harm */
	if (rules->n < RULES_MAX && strlen(rule) < RULE_BYTES)
		strcpy(rules->rule[rules->n++], rule);
}

static void fuzz_policy(const struct machine *machine, const struct rules *rules)
{
	struct policy policy;

	memset(&policy, 'x', sizeof(policy));
	policy_of(&device, machine, rules, &policy);
	must(policy.action <= POLICY_UNLOAD && policy.reset <= POLICY_RESET_BUS);
	must(policy.deadline_ms <= 3600 * 1000);
	must(is_string(policy.append, sizeof(policy.append)));
	must(!policy.append[strcspn(policy.append, " \t\n\"")]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct rules rules;
	struct machine machine = { .kernel = 0x0601c0 };
	char *text = strndup((const char *)data, size), *rest = text, *line;

	must(text);
	rules.n = 0;
	line = strsep(&rest, "\n");
	strncpy(machine.dmi, line, sizeof(machine.dmi) - 1);
	while ((line = strsep(&rest, "\n"))) {
		char *exact = strdup(line); /* just as long as it is */

		must(exact);
		fuzz_rule(exact, &rules);
		free(exact);
	}
	fuzz_policy(&machine, &rules);
	free(text);
	return 0;
}
