// SPDX-License-Identifier: GPL-2.0-or-later
#include "initramfs/quirks/quirks.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "pivot/base/macros.h"
#include "unit.h"

/* An I210 that no row of the table knows. */
static struct device device;
static struct machine machine;
static struct rules rules;
static struct policy policy;

static void a_network_card(void)
{
	device = (struct device){
		.bus = "pci",
		.name = "0000:03:00.0",
		.driver = "igb",
		.vendor = 0x8086,
		.device = 0x1533,
		.class = 0x0200,
	};
	machine = (struct machine){
		.dmi = "Dell Inc. PowerEdge R710 00W9X3",
		.kernel = 0x0601c0,
	};
	rules.n = 0;
}

static void rule(const char *text)
{
	char word[RULE_BYTES] = "";

	ck_assert_msg(rules_add(&rules, text) == 0, "no rule: %s", text);
	ck_assert_int_eq(rule_check(text, word, sizeof(word)), 0);
	policy_of(&device, &machine, &rules, &policy);
}

/* Does a rule with this match apply to the device? */
static bool matches(const char *match)
{
	char text[RULE_BYTES];

	rules.n = 0;
	(void)snprintf(text, sizeof(text), "%s=deadline:77", match);
	rule(text);
	return policy.deadline_ms == 77000;
}

/* The word that a rule is refused for. */
static const char *offence(const char *text)
{
	static char word[RULE_BYTES];

	word[0] = 'x';
	ck_assert_msg(rule_check(text, word, sizeof(word)) == -EINVAL, "taken: %s", text);
	ck_assert_int_eq(rules_add(&rules, text), -EINVAL);
	return word;
}

START_TEST(says_nothing_about_what_it_does_not_know)
{
	a_network_card();
	memset(&policy, 'x', sizeof(policy));
	policy_of(&device, &machine, &rules, &policy);
	ck_assert_int_eq(policy.action, POLICY_DEFAULT);
	ck_assert_int_eq(policy.reset, POLICY_RESET_AUTO);
	ck_assert(!policy.keeps_bus_master && !policy.has_vtcon_first);
	ck_assert(!policy.is_by_user && !policy.quirk && !policy.warning);
	ck_assert_uint_eq(policy.deadline_ms, 0);
	ck_assert_str_eq(policy.append, "");
}
END_TEST

START_TEST(knows_a_device_by_its_driver)
{
	a_network_card();
	ck_assert(matches("driver:igb") && matches("driver:IGB"));
	ck_assert(matches("driver:i*") && matches("driver:?g?") && matches("driver:*b*"));
	ck_assert(!matches("driver:ig") && !matches("driver:igbvf") &&
		  !matches("driver:?"));
	ck_assert(matches("driver:*"));
	device.driver[0] = '\0';
	ck_assert(!matches("driver:*"));
}
END_TEST

START_TEST(knows_a_device_by_its_address)
{
	a_network_card();
	ck_assert(matches("device:0000:03:00.0") && matches("device:03:00.0"));
	ck_assert(matches("device:03:00.*") && matches("device:*:03:00.?"));
	ck_assert(!matches("device:3:00.0") && !matches("device:03:00.1"));
	ck_assert(!matches("device:00:03:00.0") && !matches("device:00.0"));
	strcpy(device.name, "0001:03:00.0");
	ck_assert(matches("device:0001:03:00.0") && !matches("device:03:00.0"));
	strcpy(device.name, "10000:e1:00.0"); /* below a VMD */
	ck_assert(matches("device:10000:e1:00.0") && !matches("device:e1:00.0"));
	strcpy(device.name, "f8b3781a-1e82-4818-a1c3-63d806ec15bb"); /* on VMBus */
	ck_assert(matches("device:f8b3781a-1e82-4818-a1c3-63d806ec15bb"));
}
END_TEST

START_TEST(knows_a_device_by_ids_and_class)
{
	a_network_card();
	ck_assert(matches("pci:8086:1533") && matches("pci:8086:15??"));
	ck_assert(matches("pci:8086:*") && matches("pci:*:1533"));
	ck_assert(!matches("pci:8086:1534") && !matches("pci:1533:8086"));
	ck_assert(matches("class:0200") && matches("class:02*") && matches("class:02??"));
	ck_assert(!matches("class:0280") && !matches("class:0002"));
	device.vendor = 0x1af4;
	device.device = 0x0f0a;
	ck_assert(matches("pci:1AF4:0F0A"));
	device.vendor = device.device = 0;
	ck_assert(!matches("pci:*:*") && !matches("pci:0000:0000"));
}
END_TEST

START_TEST(knows_a_machine_by_a_part_of_its_name)
{
	a_network_card();
	ck_assert(matches("dmi:PowerEdge R710") && matches("dmi:poweredge r7"));
	ck_assert(matches("dmi:Dell Inc. Power") && matches("dmi:00w9x3"));
	ck_assert(matches("dmi:Dell*R7?0") && matches("dmi:D"));
	ck_assert(!matches("dmi:PowerEdge R720") && !matches("dmi:Supermicro"));
	ck_assert(!matches("dmi:00W9X3 "));
	machine.dmi[0] = '\0';
	ck_assert(!matches("dmi:D"));
}
END_TEST

START_TEST(knows_the_running_kernel)
{
	a_network_card();
	ck_assert(matches("kernel:>=6.1") && matches("kernel:>=6.1.192"));
	ck_assert(matches("kernel:<6.2") && matches("kernel:<6.1.193"));
	ck_assert(!matches("kernel:<6.1.192") && !matches("kernel:>=6.2"));
	ck_assert(matches("kernel:>=5.14,kernel:<6.16"));
	ck_assert(!matches("kernel:>=5.14,kernel:<5.15"));
	machine.kernel = 0;
	ck_assert(!matches("kernel:>=2.6") && !matches("kernel:<99.0"));
}
END_TEST

START_TEST(wants_every_term_to_hold)
{
	a_network_card();
	ck_assert(matches("driver:igb,class:0200,dmi:Dell,device:03:00.0,pci:8086:1533"));
	ck_assert(!matches("driver:igb,class:0200,dmi:HP,device:03:00.0"));
	ck_assert(!matches("driver:ice,class:0200"));
}
END_TEST

START_TEST(does_what_a_rule_says)
{
	a_network_card();
	rule("driver:igb=unbind,reset:flr,keep-bus-master,vtcon-first,deadline:3600,"
	     "append:pci=nomsi,warn");
	ck_assert_int_eq(policy.action, POLICY_UNBIND);
	ck_assert_int_eq(policy.reset, POLICY_RESET_FLR);
	ck_assert(policy.keeps_bus_master && policy.has_vtcon_first && policy.is_by_user);
	ck_assert_uint_eq(policy.deadline_ms, 3600000);
	ck_assert_str_eq(policy.append, "pci=nomsi");
	ck_assert_ptr_null(policy.quirk);
	ck_assert_ptr_null(policy.warning);
}
END_TEST

START_TEST(goes_in_two_stages_for_who_says_so)
{
	a_network_card();
	policy_of(&device, &machine, &rules, &policy);
	ck_assert(!policy.wants_two_stages);
	rule("driver:other=two-stage");
	ck_assert(!policy.wants_two_stages);
	rule("driver:igb=two-stage");
	ck_assert(policy.wants_two_stages);
	ck_assert_int_eq(policy.action, POLICY_DEFAULT);
	rule("class:02*=keep,two-stage"); /* whatever else is done with it */
	ck_assert(policy.wants_two_stages);
	ck_assert_int_eq(policy.action, POLICY_KEEP);
	ck_assert_str_eq(offence("driver:igb=two-stages"), "two-stages");
	ck_assert_str_eq(offence("driver:igb=two-stage:abrupt"), "two-stage:abrupt");
}
END_TEST

START_TEST(lets_the_last_word_count)
{
	a_network_card();
	rule("driver:igb=unbind,keep,down-only,unload,reset:bus,reset:never,append:a,no-append");
	ck_assert_int_eq(policy.action, POLICY_UNLOAD);
	ck_assert_int_eq(policy.reset, POLICY_RESET_NEVER);
	ck_assert_str_eq(policy.append, "");
	rule("class:02*=keep,reset:pm,no-append,append:b,deadline:5,deadline:9");
	ck_assert_int_eq(policy.action, POLICY_KEEP);
	ck_assert_int_eq(policy.reset, POLICY_RESET_PM);
	ck_assert_uint_eq(policy.deadline_ms, 9000);
	ck_assert_str_eq(policy.append, "b");
	rule("driver:*=down-only,reset:auto");
	ck_assert_int_eq(policy.action, POLICY_DOWN_ONLY);
	ck_assert_int_eq(policy.reset, POLICY_RESET_AUTO);
	rule("driver:other=unbind,append:c");
	ck_assert_int_eq(policy.action, POLICY_DOWN_ONLY);
	ck_assert_str_eq(policy.append, "b");
}
END_TEST

START_TEST(gives_the_user_the_last_word)
{
	a_network_card();
	strcpy(device.driver, "hpsa");
	policy_of(&device, &machine, &rules, &policy);
	ck_assert_int_eq(policy.reset, POLICY_RESET_NEVER);
	ck_assert_uint_eq(policy.deadline_ms, 120000);
	ck_assert_ptr_nonnull(policy.quirk);
	ck_assert_str_eq(policy.quirk->match, "driver:hpsa");
	ck_assert(!policy.is_by_user);
	rule("driver:hpsa=reset:flr");
	ck_assert_int_eq(policy.reset, POLICY_RESET_FLR);
	ck_assert_uint_eq(policy.deadline_ms, 120000); /* of which nothing was said */
	ck_assert(!policy.is_by_user);
	rule("device:03:00.0=keep");
	ck_assert_int_eq(policy.action, POLICY_KEEP);
	ck_assert(policy.is_by_user);
}
END_TEST

START_TEST(keeps_a_usb_controller_where_a_bmc_types)
{
	a_network_card();
	strcpy(device.driver, "xhci_hcd");
	device.class = 0x0c03;
	policy_of(&device, &machine, &rules, &policy);
	ck_assert_int_eq(policy.action, POLICY_DEFAULT);
	strcpy(machine.dmi, "Supermicro SYS-5019D-FN8TP X11SDV-8C-TP8F");
	policy_of(&device, &machine, &rules, &policy);
	ck_assert_int_eq(policy.action, POLICY_KEEP);
	rule("driver:xhci_hcd=unbind");
	ck_assert_int_eq(policy.action, POLICY_UNBIND);
}
END_TEST

START_TEST(warns_beside_what_it_does)
{
	a_network_card();
	strcpy(machine.dmi, "Amazon EC2 c5.metal Not Specified");
	policy_of(&device, &machine, &rules, &policy);
	ck_assert(policy.keeps_bus_master && policy.quirk && !policy.warning);
	machine.kernel = 0x061000;
	policy_of(&device, &machine, &rules, &policy);
	ck_assert(policy.keeps_bus_master && policy.quirk && policy.warning);
	ck_assert_str_eq(policy.quirk->policy, "keep-bus-master");
	ck_assert_str_eq(policy.warning->policy, "warn");
	strcpy(machine.dmi, "Amazon EC2 c5.large");
	policy_of(&device, &machine, &rules, &policy);
	ck_assert(!policy.keeps_bus_master && !policy.warning);
}
END_TEST

START_TEST(tells_jasper_and_meteor_lake_from_others)
{
	a_network_card();
	strcpy(device.driver, "i915");
	device.class = 0x0300;
	for (unsigned int id = 0; id <= 0xffff; id++) {
		bool is_known = id == 0x4e51 || id == 0x4e55 || id == 0x4e57 ||
				id == 0x4e61 || id == 0x4e71 || id == 0x7d40 ||
				id == 0x7d60 || id == 0x7d45 || id == 0x7d55 ||
				id == 0x7dd5;
		bool is_of_another_lake = id == 0x7d51 || id == 0x7d67 || id == 0x7dd1 ||
					  id == 0x7d41 || id >> 8 == 0x46;

		device.device = (uint16_t)id;
		policy_of(&device, &machine, &rules, &policy);
		ck_assert(!is_known || policy.warning);
		ck_assert(!is_of_another_lake || !policy.warning);
	}
}
END_TEST

START_TEST(has_only_rules_in_its_table)
{
	char text[RULE_BYTES], word[RULE_BYTES];
	size_t n = 0;

	for (const struct quirk *q = quirk_table; q->match; q++, n++) {
		ck_assert(snprintf(text, sizeof(text), "%s=%s", q->match, q->policy) <
			  (int)sizeof(text));
		ck_assert_msg(rule_check(text, word, sizeof(word)) == 0, "%s: '%s'", text,
			      word);
	}
	ck_assert_uint_gt(n, 20);
}
END_TEST

START_TEST(says_why_and_from_where_in_every_row)
{
	for (const struct quirk *q = quirk_table; q->match; q++) {
		ck_assert_msg(q->why && q->why[0] && strlen(q->why) <= 90, "%s",
			      q->match);
		ck_assert_msg(q->source && q->source[0], "%s", q->match);
		ck_assert_msg(!strstr(q->source, "://"), "%s", q->source);
		for (const struct quirk *p = quirk_table; p < q; p++)
			ck_assert_msg(strcmp(p->match, q->match) != 0, "%s", q->match);
	}
}
END_TEST

START_TEST(refuses_a_match_that_is_none)
{
	static const char *const terms[] = {
		"",
		"driver",
		"driver:",
		"drivers:igb",
		"Driver:igb",
		"driver:a b",
		"driver:a\tb",
		"device:",
		"device:a b",
		"pci:8086",
		"pci:8086:",
		"pci::1533",
		"pci:8086:153",
		"pci:8086:15333",
		"pci:8086:15g3",
		"pci:0x8086:1533",
		"pci:8086:1533:1",
		"pci:8086*:1533",
		"pci:80861533",
		"class:",
		"class:02",
		"class:02000",
		"class:0x02",
		"class:02 0",
		"dmi:",
		"dmi:a\nb",
		"dmi:\x7f",
		"dmi:caf\xc3\xa9",
		"kernel:",
		"kernel:6.1",
		"kernel:<",
		"kernel:<6",
		"kernel:<6.",
		"kernel:<6.1.",
		"kernel:<6..1",
		"kernel:<6.1-rc1",
		"kernel:<v6.1",
		"kernel:>6.1",
		"kernel:< 6.1",
		"kernel:>=",
		"kernel:<0.0",
		"kernel:<1111111111111.11",
		"nonsense",
		"*",
	};
	char text[RULE_BYTES];

	rules.n = 0;
	for (size_t i = 0; i < array_size(terms); i++) {
		(void)snprintf(text, sizeof(text), "%s=keep", terms[i]);
		ck_assert_str_eq(offence(text), terms[i]);
		(void)snprintf(text, sizeof(text), "driver:igb,%s,class:0200=keep",
			       terms[i]);
		ck_assert_str_eq(offence(text), terms[i]);
	}
	ck_assert_uint_eq(rules.n, 0);
}
END_TEST

START_TEST(refuses_a_policy_that_is_none)
{
	static const char *const words[] = {
		"",
		"Keep",
		"keep ",
		"keeps",
		"kee",
		"unbound",
		"reset",
		"reset:",
		"reset:fast",
		"reset:FLR",
		"reset:flr ",
		"deadline",
		"deadline:",
		"deadline:0",
		"deadline:000",
		"deadline:-1",
		"deadline:3601",
		"deadline:36000",
		"deadline:1s",
		"deadline:4294967297",
		"deadline:18446744073709551617",
		"append:",
		"append:a b",
		"append:a\tb",
		"append:a\nb",
		"append:\"a",
		"append:\x01",
		"append:\x7f",
		"no-reset",
		"driver:igb",
		"warn:x",
	};
	char text[RULE_BYTES];

	rules.n = 0;
	for (size_t i = 0; i < array_size(words); i++) {
		(void)snprintf(text, sizeof(text), "driver:igb=%s", words[i]);
		ck_assert_str_eq(offence(text), words[i]);
		(void)snprintf(text, sizeof(text), "driver:igb=keep,%s,warn", words[i]);
		ck_assert_str_eq(offence(text), words[i]);
	}
	ck_assert_uint_eq(rules.n, 0);
}
END_TEST

START_TEST(splits_a_rule_at_its_equals_sign)
{
	a_network_card();
	rule("kernel:>=5.4,driver:igb=append:a=b=c");
	ck_assert_str_eq(policy.append, "a=b=c");
	rule("driver:igb=append:d>=e");
	ck_assert_str_eq(policy.append, "d>=e");
	ck_assert_str_eq(offence("driver:igb"), "");
	ck_assert_str_eq(offence(""), "");
	ck_assert_str_eq(offence("kernel:>=5.4"), "");
	ck_assert_str_eq(offence("=keep"), "");
	ck_assert_str_eq(offence("driver:igb="), "");
	ck_assert_str_eq(offence("driver:igb==keep"), "=keep");
	ck_assert_str_eq(offence("dmi:a=b=keep"), "b=keep");
}
END_TEST

START_TEST(refuses_what_does_not_fit)
{
	char text[2 * RULE_BYTES] = "driver:igb=append:";
	size_t at = strlen(text);
	char word[4];

	a_network_card();
	memset(text + at, 'a', POLICY_APPEND_BYTES - 1);
	rule(text);
	ck_assert_uint_eq(strlen(policy.append), POLICY_APPEND_BYTES - 1);
	text[at + POLICY_APPEND_BYTES - 1] = 'a';
	(void)offence(text);
	memset(text, 'd', sizeof(text) - 1);
	memcpy(text, "driver:", 7);
	memcpy(text + RULE_BYTES - 6, "=keep", 6);
	rule(text);
	memcpy(text + RULE_BYTES - 6, "d=keep", 7);
	ck_assert_uint_eq(strlen(offence(text)), RULE_BYTES - 1);
	ck_assert_int_eq(rule_check("driver:igb=nonsense", word, sizeof(word)), -EINVAL);
	ck_assert_str_eq(word, "non");
	ck_assert_int_eq(rule_check("driver:igb=nonsense", NULL, 0), -EINVAL);
}
END_TEST

START_TEST(says_when_there_are_too_many_rules)
{
	rules.n = 0;
	for (size_t i = 0; i < RULES_MAX; i++)
		ck_assert_int_eq(rules_add(&rules, "driver:igb=keep"), 0);
	ck_assert_int_eq(rules_add(&rules, "driver:igb=keep"), -ENOSPC);
	ck_assert_uint_eq(rules.n, RULES_MAX);
}
END_TEST

/* A pattern that would keep a careless matcher busy for years. */
START_TEST(is_soon_done_with_any_pattern)
{
	char text[RULE_BYTES];

	a_network_card();
	memset(machine.dmi, 'a', sizeof(machine.dmi) - 1);
	memset(text, 0, sizeof(text));
	strcpy(text, "dmi:");
	for (size_t i = 4; i < RULE_BYTES - 18; i += 2)
		memcpy(text + i, "*a", 2);
	strcat(text, "*b");
	ck_assert(!matches(text));
}
END_TEST

/* Rules that nobody checked, as in a handover that was tampered with. */
START_TEST(passes_over_rules_that_are_none)
{
	static const char *const texts[] = { "",
					     "=",
					     "driver:igb",
					     "nonsense=keep",
					     "=keep",
					     ",=keep",
					     "driver:igb=nonsense,,deadline:x" };

	a_network_card();
	for (size_t i = 0; i < array_size(texts); i++)
		strcpy(rules.rule[rules.n++], texts[i]);
	policy_of(&device, &machine, &rules, &policy);
	ck_assert_int_eq(policy.action, POLICY_DEFAULT);
	ck_assert(!policy.is_by_user);
	ck_assert_uint_eq(policy.deadline_ms, 0);
}
END_TEST

UNIT_MAIN("quirks", says_nothing_about_what_it_does_not_know,
	  knows_a_device_by_its_driver, knows_a_device_by_its_address,
	  knows_a_device_by_ids_and_class, knows_a_machine_by_a_part_of_its_name,
	  knows_the_running_kernel, wants_every_term_to_hold, does_what_a_rule_says,
	  goes_in_two_stages_for_who_says_so, lets_the_last_word_count,
	  gives_the_user_the_last_word, keeps_a_usb_controller_where_a_bmc_types,
	  warns_beside_what_it_does, tells_jasper_and_meteor_lake_from_others,
	  has_only_rules_in_its_table, says_why_and_from_where_in_every_row,
	  refuses_a_match_that_is_none, refuses_a_policy_that_is_none,
	  splits_a_rule_at_its_equals_sign, refuses_what_does_not_fit,
	  says_when_there_are_too_many_rules, is_soon_done_with_any_pattern,
	  passes_over_rules_that_are_none)
