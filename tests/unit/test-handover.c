// SPDX-License-Identifier: GPL-2.0-or-later
#include "initramfs/handover.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "fake-root.h"
#include "unit.h"

static const struct handover example = {
	.takeover = TAKEOVER_SEIZE,
	.grace_ms = 1,
	.unbind_ms = 22,
	.detach_ms = 333,
	.deadline_ms = 2147483647,
	.watchdog_s = 60,
	.target = "Linux 6.12.1 (nixpkgs kexecTree)",
	.on_hang = ON_HANG_JUMP,
	.report = REPORT_NONE,
	.hop = HOP_FIRST,
	.extent = EXTENT_ABRUPT,
	.on_hook_failure = HOOK_FAILURE_REBOOT,
	.hook_ms = 4444,
	.rules = { .n = 2, .rule = { "driver:igb=reset:never", "dmi:Dell Inc. x=keep" } },
	.n_hooks = 2,
	.hook = { "save logs.sh", "b" },
};

static const char example_text[] = "pivot-kexec-handover 1\n"
				   "target Linux 6.12.1 (nixpkgs kexecTree)\n"
				   "takeover seize\n"
				   "reset auto\n"
				   "display auto\n"
				   "parallel auto\n"
				   "on-hang jump\n"
				   "report none\n"
				   "on-hook-failure reboot\n"
				   "hop first\n"
				   "extent abrupt\n"
				   "grace_ms 1\n"
				   "unbind_ms 22\n"
				   "detach_ms 333\n"
				   "deadline_ms 2147483647\n"
				   "watchdog_s 60\n"
				   "hook_ms 4444\n"
				   "rule driver:igb=reset:never\n"
				   "rule dmi:Dell Inc. x=keep\n"
				   "hook save logs.sh\n"
				   "hook b\n"
				   "end\n";

static int parse(const char *text, struct handover *ret)
{
	char copy[2 * HANDOVER_BYTES];

	(void)snprintf(copy, sizeof(copy), "%s", text);
	return handover_parse(copy, ret);
}

static void assert_same(const struct handover *a, const struct handover *b)
{
	ck_assert_int_eq(a->takeover, b->takeover);
	ck_assert_int_eq(a->reset, b->reset);
	ck_assert_int_eq(a->display, b->display);
	ck_assert_int_eq(a->parallel, b->parallel);
	ck_assert_int_eq(a->on_hang, b->on_hang);
	ck_assert_int_eq(a->report, b->report);
	ck_assert_int_eq(a->on_hook_failure, b->on_hook_failure);
	ck_assert_uint_eq(a->hook_ms, b->hook_ms);
	ck_assert_uint_eq(a->n_hooks, b->n_hooks);
	for (size_t i = 0; i < a->n_hooks; i++)
		ck_assert_str_eq(a->hook[i], b->hook[i]);
	ck_assert_int_eq(a->hop, b->hop);
	ck_assert_int_eq(a->extent, b->extent);
	ck_assert_uint_eq(a->watchdog_s, b->watchdog_s);
	ck_assert_uint_eq(a->rules.n, b->rules.n);
	for (size_t i = 0; i < a->rules.n; i++)
		ck_assert_str_eq(a->rules.rule[i], b->rules.rule[i]);
	ck_assert_uint_eq(a->grace_ms, b->grace_ms);
	ck_assert_uint_eq(a->unbind_ms, b->unbind_ms);
	ck_assert_uint_eq(a->detach_ms, b->detach_ms);
	ck_assert_uint_eq(a->deadline_ms, b->deadline_ms);
	ck_assert_str_eq(a->target, b->target);
}

START_TEST(writes_what_it_reads)
{
	char text[HANDOVER_BYTES];
	struct handover read;

	ck_assert_int_eq(handover_write(&example, text), (int)strlen(example_text));
	ck_assert_str_eq(text, example_text);
	ck_assert_int_eq(parse(text, &read), 0);
	assert_same(&read, &example);
}
END_TEST

START_TEST(carries_the_defaults)
{
	char text[HANDOVER_BYTES];
	struct handover read;

	struct handover standard = handover_default();

	ck_assert_int_gt(handover_write(&standard, text), 0);
	ck_assert_int_eq(parse(text, &read), 0);
	assert_same(&read, &standard);
}
END_TEST

START_TEST(carries_the_largest_there_is)
{
	struct handover largest = {
		.takeover = TAKEOVER_SYSTEMD,
		.grace_ms = 2147483647,
		.unbind_ms = 2147483647,
		.detach_ms = 2147483647,
		.deadline_ms = 2147483647,
		.watchdog_s = 60,
	};
	char text[HANDOVER_BYTES];
	struct handover read;

	memset(largest.target, 'x', sizeof(largest.target) - 1);
	largest.rules.n = RULES_MAX;
	for (size_t i = 0; i < RULES_MAX; i++) {
		memset(largest.rules.rule[i], '*', RULE_BYTES - 1);
		memcpy(largest.rules.rule[i], "driver:", 7);
		strcpy(largest.rules.rule[i] + RULE_BYTES - 6, "=keep");
	}
	ck_assert_int_gt(handover_write(&largest, text), 0);
	ck_assert_int_eq(parse(text, &read), 0);
	assert_same(&read, &largest);
}
END_TEST

/* All but the last newline, which says nothing. */
START_TEST(refuses_a_file_cut_at_any_byte)
{
	for (size_t n = 0; n < sizeof(example_text) - 2; n++) {
		struct handover read = { .target = "untouched" };
		char text[sizeof(example_text)];

		(void)snprintf(text, sizeof(text), "%.*s", (int)n, example_text);
		ck_assert_msg(parse(text, &read) == -EINVAL, "cut at %zu", n);
		ck_assert_str_eq(read.target, "untouched");
	}
}
END_TEST

/* The example with one line put in place of another. */
static int parse_with(const char *old, const char *new)
{
	const char *at = strstr(example_text, old);
	char text[2 * HANDOVER_BYTES];
	struct handover read;

	ck_assert_ptr_nonnull(at);
	(void)snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - example_text),
		       example_text, new, at + strlen(old));
	return parse(text, &read);
}

START_TEST(refuses_a_line_twice)
{
	ck_assert_int_eq(parse_with("end\n", "grace_ms 1\nend\n"), -EINVAL);
	ck_assert_int_eq(parse_with("end\n", "takeover seize\nend\n"), -EINVAL);
	ck_assert_int_eq(parse_with("end\n", "target again\nend\n"), -EINVAL);
}
END_TEST

START_TEST(refuses_a_line_missing)
{
	ck_assert_int_eq(parse_with("unbind_ms 22\n", ""), -EINVAL);
	ck_assert_int_eq(parse_with("takeover seize\n", ""), -EINVAL);
	ck_assert_int_eq(parse_with("watchdog_s 60\n", ""), -EINVAL);
	ck_assert_int_eq(parse_with("report none\n", ""), -EINVAL);
}
END_TEST

START_TEST(refuses_names_it_does_not_know)
{
	ck_assert_int_eq(parse_with("end\n", "colour blue\nend\n"), -EINVAL);
	ck_assert_int_eq(parse_with("end\n", "lonely\nend\n"), -EINVAL);
	ck_assert_int_eq(parse_with("seize", "ask nicely"), -EINVAL);
	ck_assert_int_eq(parse_with("on-hang jump", "on-hang hope"), -EINVAL);
	ck_assert_int_eq(parse_with("report none", "report maybe"), -EINVAL);
	ck_assert_int_eq(parse_with("driver:igb=reset:never", "driver:igb=hope"),
			 -EINVAL);
	ck_assert_int_eq(parse_with("handover 1", "handover 2"), -EINVAL);
}
END_TEST

START_TEST(refuses_what_is_no_number)
{
	ck_assert_int_eq(parse_with("grace_ms 1", "grace_ms "), -EINVAL);
	ck_assert_int_eq(parse_with("grace_ms 1", "grace_ms -1"), -EINVAL);
	ck_assert_int_eq(parse_with("grace_ms 1", "grace_ms 1 "), -EINVAL);
	ck_assert_int_eq(parse_with("grace_ms 1", "grace_ms 0x1"), -EINVAL);
	ck_assert_int_eq(parse_with("grace_ms 1", "grace_ms 2147483648"), -EINVAL);
	ck_assert_int_eq(parse_with("grace_ms 1", "grace_ms 99999999999999999999"),
			 -EINVAL);
}
END_TEST

START_TEST(refuses_a_target_that_does_not_fit)
{
	char line[300] = "target ";

	memset(line + 7, 'x', 256);
	ck_assert_int_eq(parse_with("target Linux 6.12.1 (nixpkgs kexecTree)", line),
			 -EINVAL);
}
END_TEST

START_TEST(refuses_anything_behind_the_end)
{
	ck_assert_int_eq(parse_with("end\n", "end\ngrace_ms 1\n"), -EINVAL);
	ck_assert_int_eq(parse_with("end\n", "end\nend\n"), -EINVAL);
}
END_TEST

START_TEST(does_not_write_a_newline_in_a_text)
{
	struct handover handover = example;
	char text[HANDOVER_BYTES];

	strcpy(handover.target, "Linux\ntakeover systemd");
	ck_assert_int_eq(handover_write(&handover, text), -EINVAL);
	handover = example;
	strcpy(handover.rules.rule[1], "driver:a=keep\ntakeover systemd");
	ck_assert_int_eq(handover_write(&handover, text), -EINVAL);
}
END_TEST

START_TEST(takes_no_more_hooks_than_there_is_room_for)
{
	struct handover handover = handover_default(), read;
	char text[HANDOVER_BYTES];

	for (size_t i = 0; i < HOOKS_MAX; i++)
		memset(handover.hook[i], 'x', HOOK_NAME_BYTES - 1);
	handover.n_hooks = HOOKS_MAX;
	ck_assert_int_gt(handover_write(&handover, text), 0);
	ck_assert_int_eq(parse(text, &read), 0);
	assert_same(&read, &handover);
	strcpy(text + strlen(text) - strlen("end\n"), "hook x\nend\n");
	ck_assert_int_eq(parse(text, &read), -EINVAL);
	strcpy(handover.hook[1], "a\nb");
	ck_assert_int_eq(handover_write(&handover, text), -EINVAL);
}
END_TEST

START_TEST(reads_the_file_of_the_stage)
{
	struct handover read;

	fake_root_make();
	ck_assert_int_eq(handover_read(fake_root(), &read), -ENOENT);
	fake_file(example_text, "/handover");
	ck_assert_int_eq(handover_read(fake_root(), &read), 0);
	assert_same(&read, &example);
}
END_TEST

START_TEST(refuses_a_file_with_a_nul_or_too_long)
{
	char text[2 * HANDOVER_BYTES] = "";
	struct handover read;

	fake_root_make();
	memcpy(text, example_text, sizeof(example_text));
	fake_bytes(text, sizeof(example_text) + 5, "/handover");
	ck_assert_int_eq(handover_read(fake_root(), &read), -EINVAL);
	memset(text, 'x', sizeof(text));
	fake_bytes(text, sizeof(text), "/handover");
	ck_assert_int_eq(handover_read(fake_root(), &read), -EFBIG);
}
END_TEST

UNIT_MAIN("handover", takes_no_more_hooks_than_there_is_room_for, writes_what_it_reads,
	  carries_the_defaults, carries_the_largest_there_is,
	  refuses_a_file_cut_at_any_byte, refuses_a_line_twice, refuses_a_line_missing,
	  refuses_names_it_does_not_know, refuses_what_is_no_number,
	  refuses_a_target_that_does_not_fit, refuses_anything_behind_the_end,
	  does_not_write_a_newline_in_a_text, reads_the_file_of_the_stage,
	  refuses_a_file_with_a_nul_or_too_long)
