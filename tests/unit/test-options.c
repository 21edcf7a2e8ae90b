// SPDX-License-Identifier: GPL-2.0-or-later
#include "pivot/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "fake-output.h"
#include "pivot/base/macros.h"
#include "pivot/kexec/load.h"
#include "pivot/option-table.h"
#include "unit.h"

static const struct verb verbs[] = {
	{ NULL, VERB_ACTS, "run", "TREE", "jump" },
	{ NULL, VERB_READS, "plan", "TREE", "think" },
	{ NULL, VERB_ACTS, "build", "TREE", "write" },
	{ 0 },
};

static struct options options;
static const char *said;

/* The verb that was named before the words. */
static const struct verb *verb;

/* words: what a shell would pass, a NULL at the end. */
static int parse_words(const char *const *words)
{
	char *argv[64] = { 0 };
	int argc = 0, r;

	while (words[argc]) {
		argv[argc] = (char *)words[argc]; /* moved about, but not written to */
		argc++;
	}
	options = (struct options){ .root = "", .program = argv[0], .delay_s = 3 };
	optind = 0; /* getopt(3): start anew */
	output_catch();
	r = options_parse(argc, argv, verbs, verb ?: &verbs[0], &options);
	said = output_caught();
	return r;
}

#define parse(...) parse_words((const char *const[]){ "pivot-kexec", __VA_ARGS__, NULL })

START_TEST(takes_a_tree_and_nothing_else)
{
	const struct handover standard = handover_default();

	ck_assert_int_eq(parse("./result"), 0);
	ck_assert_str_eq(options.tree, "./result");
	ck_assert_uint_eq(options.delay_s, 3);
	ck_assert_int_eq(options.takeover, CHOOSE_AUTO);
	ck_assert_mem_eq(&options.handover, &standard, sizeof(standard));
	ck_assert(!options.force);
	ck_assert_int_eq(options.loader, LOADER_AUTO);
	ck_assert_int_eq(options.handover.report, REPORT_APPEND);
	ck_assert(!options.has_no_tune);
	ck_assert(!options.verbose);
	ck_assert_ptr_null(options.output);
	ck_assert_ptr_null(options.tree_options.kernel);
	ck_assert_uint_eq(options.tree_options.n_initrds, 0);
	ck_assert_int_eq(options.stages, STAGES_AUTO);
	ck_assert_ptr_null(options.middle.kernel);
	ck_assert_ptr_null(options.middle.modules);
	ck_assert(!options.has_target_in_middle);
	ck_assert_str_eq(said, "");
}
END_TEST

START_TEST(takes_every_option)
{
	ck_assert_int_eq(parse("--kernel", "k", "--command-line=c d", "--append", "e",
			       "--takeover", "seize", "--delay", "0", "--deadline", "60",
			       "--force", "-v", "tree"),
			 0);
	ck_assert_str_eq(options.tree_options.kernel, "k");
	ck_assert_str_eq(options.tree_options.command_line, "c d");
	ck_assert_str_eq(options.tree_options.append, "e");
	ck_assert_int_eq(options.takeover, CHOOSE_SEIZE);
	ck_assert_uint_eq(options.delay_s, 0);
	ck_assert_uint_eq(options.handover.deadline_ms, 60000);
	ck_assert(options.force);
	ck_assert(options.verbose);
	ck_assert_str_eq(options.tree, "tree");
}
END_TEST

START_TEST(takes_options_before_and_behind_the_tree)
{
	verb = &verbs[2];
	ck_assert_int_eq(parse("tree", "--output", "f", "--delay=86400"), 0);
	ck_assert_str_eq(options.tree, "tree");
	ck_assert_str_eq(options.output, "f");
	ck_assert_uint_eq(options.delay_s, 86400);
	ck_assert_int_eq(parse("-o", "f", "tree"), 0);
	ck_assert_str_eq(options.output, "f");
}
END_TEST

START_TEST(takes_a_tarball_on_standard_input)
{
	ck_assert_int_eq(parse("-"), 0);
	ck_assert_str_eq(options.tree, "-");
}
END_TEST

START_TEST(takes_a_tree_named_like_an_option)
{
	ck_assert_int_eq(parse("--", "--force"), 0);
	ck_assert_str_eq(options.tree, "--force");
	ck_assert(!options.force);
}
END_TEST

START_TEST(keeps_initrds_in_their_order)
{
	ck_assert_int_eq(parse("--initrd", "a", "--initrd", "b", "tree"), 0);
	ck_assert_uint_eq(options.tree_options.n_initrds, 2);
	ck_assert_str_eq(options.tree_options.initrds[0], "a");
	ck_assert_str_eq(options.tree_options.initrds[1], "b");
}
END_TEST

START_TEST(needs_no_tree_where_a_kernel_is_named)
{
	ck_assert_int_eq(parse("--kernel", "bzImage"), 0);
	ck_assert_ptr_null(options.tree);
}
END_TEST

START_TEST(chooses_each_way_of_the_takeover)
{
	ck_assert_int_eq(parse("--takeover=auto", "t"), 0);
	ck_assert_int_eq(options.takeover, CHOOSE_AUTO);
	ck_assert_int_eq(parse("--takeover=systemd", "t"), 0);
	ck_assert_int_eq(options.takeover, CHOOSE_SYSTEMD);
}
END_TEST

START_TEST(chooses_each_loader)
{
	char word[32];

	ck_assert_int_eq(parse("--loader=auto", "t"), 0);
	ck_assert_int_eq(options.loader, LOADER_AUTO);
	for (int i = 0; i < LOADERS; i++) {
		(void)snprintf(word, sizeof(word), "--loader=%s", loader_name(i));
		ck_assert_int_eq(parse(word, "t"), 0);
		ck_assert_int_eq(options.loader, i);
	}
	ck_assert_int_eq(parse("--loader=gather", "--loader", "auto", "t"), 0);
	ck_assert_int_eq(options.loader, LOADER_AUTO);
}
END_TEST

START_TEST(says_which_loaders_there_are)
{
	ck_assert_int_eq(parse("--loader=kexec", "t"), -EINVAL);
	ck_assert_str_eq(said, "pivot-kexec: --loader takes auto, gather, load, file or "
			       "kexec-tools, not 'kexec'\n");
	ck_assert_int_eq(parse("--loader=", "t"), -EINVAL);
	ck_assert_int_eq(parse("--loader"), -EINVAL);
}
END_TEST

START_TEST(leaves_out_what_is_not_wanted)
{
	ck_assert_int_eq(parse("--no-report", "--no-tune", "-v", "t"), 0);
	ck_assert_int_eq(options.handover.report, REPORT_NONE);
	ck_assert(options.has_no_tune);
	ck_assert(options.verbose);
	ck_assert_int_eq(parse("--verbose", "t"), 0);
	ck_assert(options.verbose);
}
END_TEST

START_TEST(takes_every_word_about_devices)
{
	ck_assert_int_eq(parse("--reset=never", "--display=unbind", "--parallel=never",
			       "--on-hang=jump", "--watchdog=60", "--skip", "03:00.0",
			       "--quirk", "driver:igb=deadline:60", "--skip=nvme",
			       "--quirk=class:0c03=keep", "t"),
			 0);
	ck_assert_int_eq(options.handover.reset, RESET_NEVER);
	ck_assert_int_eq(options.handover.display, DISPLAY_UNBIND);
	ck_assert_int_eq(options.handover.parallel, PARALLEL_NEVER);
	ck_assert_int_eq(options.handover.on_hang, ON_HANG_JUMP);
	ck_assert_uint_eq(options.handover.watchdog_s, 60);
	ck_assert_uint_eq(options.n_skips, 2);
	ck_assert_str_eq(options.skips[0], "03:00.0");
	ck_assert_str_eq(options.skips[1], "nvme");
	ck_assert_uint_eq(options.handover.rules.n, 2);
	ck_assert_str_eq(options.handover.rules.rule[0], "driver:igb=deadline:60");
	ck_assert_str_eq(options.handover.rules.rule[1], "class:0c03=keep");
}
END_TEST

START_TEST(says_what_is_wrong_about_devices)
{
	ck_assert_int_eq(parse("--on-hang=hope", "t"), -EINVAL);
	ck_assert_str_eq(said,
			 "pivot-kexec: --on-hang takes reboot or jump, not 'hope'\n");
	ck_assert_int_eq(parse("--quirk", "driver:igb=hope", "t"), -EINVAL);
	ck_assert_str_eq(said,
			 "pivot-kexec: --quirk: what is 'hope'? See pivot-kexec(8)\n");
	ck_assert_int_eq(parse("--quirk", "driver:igb", "t"), -EINVAL);
	ck_assert_str_eq(said, "pivot-kexec: --quirk takes MATCH=POLICY, such as "
			       "driver:igb=reset:never\n");
}
END_TEST

/* --- two stages --- */

START_TEST(takes_each_number_of_stages)
{
	ck_assert_int_eq(parse("--stages=1", "t"), 0);
	ck_assert_int_eq(options.stages, STAGES_ONE);
	ck_assert_int_eq(parse("--stages", "2", "t"), 0);
	ck_assert_int_eq(options.stages, STAGES_TWO);
	ck_assert_int_eq(options.handover.extent, EXTENT_CLEAN);
	ck_assert_int_eq(parse("--stages=auto", "t"), 0);
	ck_assert_int_eq(options.stages, STAGES_AUTO);
}
END_TEST

START_TEST(takes_two_stages_with_or_without_how)
{
	ck_assert_int_eq(parse("--two-stage", "./t"), 0);
	ck_assert_int_eq(options.stages, STAGES_TWO);
	ck_assert_int_eq(options.handover.extent, EXTENT_CLEAN);
	ck_assert_str_eq(options.tree, "./t"); /* which is no way of it */
	ck_assert_int_eq(parse("--two-stage=clean", "./t"), 0);
	ck_assert_int_eq(options.handover.extent, EXTENT_CLEAN);
	ck_assert_int_eq(parse("--two-stage=abrupt", "./t"), 0);
	ck_assert_int_eq(options.stages, STAGES_TWO);
	ck_assert_int_eq(options.handover.extent, EXTENT_ABRUPT);
	ck_assert_int_eq(parse("--two-stage=abrupt", "--two-stage", "./t"), 0);
	ck_assert_int_eq(options.handover.extent, EXTENT_CLEAN);
}
END_TEST

START_TEST(takes_another_middle_kernel_for_two_stages)
{
	ck_assert_int_eq(parse("--middle-kernel=k", "--middle-modules", "m", "t"), 0);
	ck_assert_int_eq(options.stages, STAGES_TWO);
	ck_assert_str_eq(options.middle.kernel, "k");
	ck_assert_str_eq(options.middle.modules, "m");
	ck_assert(!options.has_target_in_middle);
	ck_assert_int_eq(parse("--middle-kernel=target", "t"), 0);
	ck_assert_int_eq(options.stages, STAGES_TWO);
	ck_assert_ptr_null(options.middle.kernel);
	ck_assert(options.has_target_in_middle);
	ck_assert_int_eq(parse("--middle-kernel=target", "--middle-kernel=./target", "t"),
			 0);
	ck_assert_str_eq(options.middle.kernel, "./target");
	ck_assert(!options.has_target_in_middle);
}
END_TEST

/* Those of the kernel that runs, should something ask for two stages. */
START_TEST(takes_modules_alone_for_where_there_are_two_stages)
{
	ck_assert_int_eq(parse("--middle-modules=m", "t"), 0);
	ck_assert_int_eq(options.stages, STAGES_AUTO);
	ck_assert_str_eq(options.middle.modules, "m");
}
END_TEST

/* What leaves the devices to a middle kernel is nothing to do without one. */
START_TEST(leaves_no_devices_alone_without_a_middle_kernel)
{
	ck_assert_int_eq(parse("--two-stage=abrupt", "--stages=auto", "t"), 0);
	ck_assert_int_eq(options.handover.extent, EXTENT_ABRUPT);
	ck_assert_int_eq(options.stages, STAGES_TWO);
	ck_assert_int_eq(parse("--two-stage=abrupt", "--stages=1", "t"), -EINVAL);
	ck_assert_str_eq(said,
			 "pivot-kexec: with --stages=1 there is no middle kernel\n");
}
END_TEST

START_TEST(refuses_a_middle_kernel_in_one_stage)
{
	static const char *const with[] = { "--middle-kernel=k", "--middle-kernel=target",
					    "--middle-modules=m" };

	for (size_t i = 0; i < array_size(with); i++) {
		ck_assert_int_eq(parse(with[i], "--stages=1", "t"), -EINVAL);
		ck_assert_str_eq(
			said, "pivot-kexec: with --stages=1 there is no middle kernel\n");
		ck_assert_int_eq(parse("--stages=1", with[i], "t"), -EINVAL);
		ck_assert_int_eq(parse("--stages=1", "--two-stage", with[i], "t"), 0);
		ck_assert_int_eq(options.stages, STAGES_TWO); /* the last word counts */
	}
	ck_assert_int_eq(parse("--two-stage", "--stages=1", "t"), 0);
	ck_assert_int_eq(options.stages, STAGES_ONE);
}
END_TEST

START_TEST(says_what_is_wrong_about_stages)
{
	ck_assert_int_eq(parse("--stages=3", "t"), -EINVAL);
	ck_assert_str_eq(said, "pivot-kexec: --stages takes auto, 1 or 2, not '3'\n");
	ck_assert_int_eq(parse("--stages=", "t"), -EINVAL);
	ck_assert_int_eq(parse("--two-stage=soon", "t"), -EINVAL);
	ck_assert_str_eq(said,
			 "pivot-kexec: --two-stage takes clean or abrupt, not 'soon'\n");
	ck_assert_int_eq(parse("--two-stage=", "t"), -EINVAL);
	ck_assert_int_eq(parse("--middle-kernel=target", "--middle-modules=m", "t"),
			 -EINVAL);
	ck_assert_str_eq(said,
			 "pivot-kexec: the target's kernel as the middle one has no "
			 "modules: name its file with --middle-kernel for that\n");
	ck_assert_int_eq(parse("--middle-kernel"), -EINVAL);
}
END_TEST

/* An answer about another machine must not lead to anything on this one. */
START_TEST(takes_a_recording_only_where_nothing_is_changed)
{
	static const struct verb plan = { .name = "plan", .kind = VERB_READS };
	static const struct verb build = { .name = "build", .kind = VERB_ACTS };

	ck_assert_int_eq(parse("--root", "/srv/recorded", "t"), -EINVAL);
	ck_assert_str_eq(said, "pivot-kexec: --root is for 'plan'\n");
	verb = &build;
	ck_assert_int_eq(parse("--json", "t"), -EINVAL);
	ck_assert_str_eq(said, "pivot-kexec: --json is for 'run', 'plan', 'check' and "
			       "'network'\n");
	verb = &plan;
	ck_assert_int_eq(parse("--root", "/srv/recorded", "--json"), 0);
	ck_assert_str_eq(options.root, "/srv/recorded");
	ck_assert(options.json);
	ck_assert_ptr_null(options.tree);
}
END_TEST

START_TEST(takes_no_tree_where_there_is_none)
{
	static const struct verb cancel = { .name = "cancel", .kind = VERB_TREELESS };

	verb = &cancel;
	ck_assert_int_eq(parse_words((const char *const[]){ "pivot-kexec", NULL }), 0);
	ck_assert_int_eq(parse("./result"), -EINVAL);
	ck_assert_ptr_nonnull(strstr(said, "'cancel' takes no tree"));
}
END_TEST

START_TEST(asks_for_a_tree)
{
	ck_assert_int_eq(parse("--force"), -EINVAL);
	ck_assert_str_eq(said,
			 "pivot-kexec: name a tree, such as ./result; see --help\n");
}
END_TEST

START_TEST(takes_one_tree_only)
{
	ck_assert_int_eq(parse("a", "b"), -EINVAL);
	ck_assert_str_eq(
		said, "pivot-kexec: one tree at a time, and a verb comes first, but here "
		      "are 'a' and 'b'\n");
}
END_TEST

START_TEST(says_where_a_value_that_may_be_left_out_stands)
{
	ck_assert_int_eq(parse("--watchdog", "300", "tree"), -EINVAL);
	ck_assert_str_eq(said, "pivot-kexec: there is no tree '300'; if it is for "
			       "--watchdog, write --watchdog=300\n");
	ck_assert_int_eq(parse("--two-stage", "abrupt"), -EINVAL);
	ck_assert_str_eq(said, "pivot-kexec: there is no tree 'abrupt'; if it is for "
			       "--two-stage, write --two-stage=abrupt\n");
	ck_assert_int_eq(parse("--watchdog", "./300"), 0);
	ck_assert_int_eq(parse("--watchdog", "tree.tar"), 0);
	ck_assert_int_eq(parse("--watchdog", "tests", "-v"), 0); /* it is there */
	ck_assert_int_eq(parse("--watchdog=300", "tree"), 0);
	ck_assert_int_eq(parse("tree", "--watchdog"), 0);
}
END_TEST

START_TEST(takes_what_is_told_and_asked)
{
	ck_assert_int_eq(parse("t"), 0);
	ck_assert(!options.quiet && !options.yes);
	ck_assert_int_eq(parse("-q", "-y", "--json", "t"), 0);
	ck_assert(options.quiet && options.yes && options.json);
	verb = &verbs[1];
	ck_assert_int_eq(parse("--yes", "t"), -EINVAL);
	ck_assert_str_eq(said, "pivot-kexec: --yes is for 'run'\n");
}
END_TEST

START_TEST(says_what_a_value_may_be)
{
	ck_assert_int_eq(parse("--takeover=kindly", "t"), -EINVAL);
	ck_assert_str_eq(said, "pivot-kexec: --takeover takes auto, systemd or seize, "
			       "not 'kindly'\n");
	ck_assert_int_eq(parse("--delay=86401", "t"), -EINVAL);
	ck_assert_str_eq(said, "pivot-kexec: --delay takes seconds, 0 to 86400, not "
			       "'86401'\n");
	ck_assert_int_eq(parse("--deadline=0", "t"), -EINVAL);
	ck_assert_str_eq(said, "pivot-kexec: --deadline takes seconds, 1 to 86400, not "
			       "'0'\n");
	ck_assert_int_eq(parse("--deadline=86401", "t"), -EINVAL);
	ck_assert_int_eq(parse("--delay=3s", "t"), -EINVAL);
	ck_assert_int_eq(parse("--delay=", "t"), -EINVAL);
	ck_assert_int_eq(parse("--delay=-1", "t"), -EINVAL);
}
END_TEST

START_TEST(says_what_is_no_option)
{
	ck_assert_int_eq(parse("--colour", "t"), -EINVAL);
	ck_assert_str_eq(
		said,
		"pivot-kexec: unrecognized option '--colour'\npivot-kexec: see --help\n");
	ck_assert_int_eq(parse("--kernel"), -EINVAL);
	ck_assert_str_eq(
		said,
		"pivot-kexec: option '--kernel' requires an argument\npivot-kexec: see --help\n");
	ck_assert_int_eq(parse("--force=yes", "t"), -EINVAL);
}
END_TEST

START_TEST(takes_sixteen_initrds_and_no_more)
{
	const char *words[2 * INITRDS_MAX + 5] = { "pivot-kexec" };
	size_t n = 1;

	for (; n < 2 * INITRDS_MAX + 1; n += 2) {
		words[n] = "--initrd";
		words[n + 1] = "i";
	}
	words[n] = "--initrd=more";
	words[n + 1] = "t";
	ck_assert_int_eq(parse_words(words), -EINVAL);
	ck_assert_str_eq(said, "pivot-kexec: more than 16 times --initrd\n");
}
END_TEST

START_TEST(prints_help_with_every_verb_and_option)
{
	static const char *const words[] = {
		"--kernel",	"--initrd",	   "--command-line",
		"--append",	"--takeover",	   "--delay",
		"--deadline",	"--force",	   "--output",
		"--help",	"--version",	   "run     TREE",
		"plan    TREE", "--loader",	   "--no-report",
		"--no-tune",	"--verbose",	   "--two-stage[=HOW]",
		"--stages",	"--middle-kernel", "--middle-modules",
	};

	ck_assert_int_eq(parse("--help"), 1);
	for (size_t i = 0; i < array_size(words); i++)
		ck_assert_msg(strstr(said, words[i]), "not in the help: %s", words[i]);
	ck_assert_int_eq(parse("-h"), 1);
}
END_TEST

START_TEST(prints_its_version)
{
	ck_assert_int_eq(parse("--version"), 1);
	ck_assert_str_eq(said, "pivot-kexec " PIVOT_VERSION "\n");
}
END_TEST

START_TEST(takes_words_of_ip_for_the_network)
{
	static const struct verb network = { .name = "network", .kind = VERB_NETWORK };

	verb = &network;
	ck_assert_int_eq(parse("--json", "addr"), 0);
	ck_assert_int_eq(options.network, NETWORK_ADDR);
	ck_assert_ptr_null(options.tree);
	ck_assert_int_eq(parse("--json", "route"), 0);
	ck_assert_int_eq(options.network, NETWORK_ROUTE);
	ck_assert_int_eq(parse("--json", "-4", "route"), 0);
	ck_assert_int_eq(options.network, NETWORK_ROUTE);
	ck_assert_int_eq(parse("-6", "--json", "route"), 0);
	ck_assert_int_eq(options.network, NETWORK_ROUTE6);
	ck_assert_int_eq(parse("--networkd"), 0);
	ck_assert_int_eq(options.network, NETWORK_FILES);
}
END_TEST

START_TEST(takes_an_address_for_the_command_line)
{
	ck_assert_int_eq(parse("./tree"), 0);
	ck_assert(!options.has_ip);
	ck_assert_int_eq(parse("--ip", "./tree"), 0);
	ck_assert(options.has_ip);
	ck_assert_ptr_null(options.ip);
	ck_assert_int_eq(parse("--ip=ens3", "./tree"), 0);
	ck_assert_str_eq(options.ip, "ens3");
	ck_assert_int_eq(parse("--ip=eth0:dhcp", "./tree"), -EINVAL);
	ck_assert_int_eq(parse("--ip=eth0 init=/x", "./tree"), -EINVAL);
}
END_TEST

START_TEST(takes_hooks)
{
	ck_assert_int_eq(parse("--hook", "a", "--hook=b", "--hook-timeout=7",
			       "--on-hook-failure=reboot", "tree"),
			 0);
	ck_assert_uint_eq(options.n_hooks, 2);
	ck_assert_str_eq(options.hooks[1], "b");
	ck_assert_uint_eq(options.handover.hook_ms, 7000);
	ck_assert_int_eq(options.handover.on_hook_failure, HOOK_FAILURE_REBOOT);
	ck_assert_int_eq(parse("--hook-timeout=0", "tree"), -EINVAL);
	ck_assert_int_eq(parse("--on-hook-failure=cry", "tree"), -EINVAL);
	ck_assert_str_eq(said, "pivot-kexec: --on-hook-failure takes jump or reboot, not "
			       "'cry'\n");
	ck_assert_int_eq(parse("--hook=1", "--hook=2", "--hook=3", "--hook=4", "--hook=5",
			       "--hook=6", "--hook=7", "--hook=8", "--hook=9", "tree"),
			 -EINVAL);
	ck_assert_str_eq(said, "pivot-kexec: more than 8 times --hook\n");
}
END_TEST

START_TEST(refuses_an_option_that_would_do_nothing)
{
	static const struct verb cancel = { .name = "cancel", .kind = VERB_TREELESS };

	verb = &cancel;
	ck_assert_int_eq(parse("--watchdog"), -EINVAL);
	ck_assert_str_eq(said, "pivot-kexec: --watchdog is not for 'cancel'\n");
	ck_assert_int_eq(parse("-v"), -EINVAL);
	ck_assert_int_eq(parse("--help"), 1);
	verb = NULL;
	ck_assert_int_eq(parse("-o", "f", "tree"), -EINVAL);
	ck_assert_str_eq(said, "pivot-kexec: --output is for 'build' and 'bundle'\n");
	ck_assert_int_eq(parse("-4", "tree"), -EINVAL);
	ck_assert_str_eq(said, "pivot-kexec: -4 is for 'network'\n");
}
END_TEST

START_TEST(refuses_other_words_for_the_network)
{
	static const struct verb network = { .name = "network", .kind = VERB_NETWORK };

	verb = &network;
	ck_assert_int_eq(parse("--json"), -EINVAL);
	ck_assert_str_eq(said,
			 "pivot-kexec: 'network' takes addr, route or --networkd\n");
	ck_assert_int_eq(parse("--json", "link"), -EINVAL);
	ck_assert_ptr_nonnull(strstr(said, ", not 'link'"));
	ck_assert_int_eq(parse("route"), -EINVAL);
	ck_assert_ptr_nonnull(strstr(said, "say --json"));
	ck_assert_int_eq(parse("--json", "-6", "addr"), -EINVAL);
	ck_assert_ptr_nonnull(strstr(said, "-6 is for 'network route'"));
	ck_assert_int_eq(parse("--networkd", "addr"), -EINVAL);
	ck_assert_ptr_nonnull(strstr(said, "takes nothing else"));
	ck_assert_int_eq(parse("--json", "--root", "x", "addr"), -EINVAL);
	ck_assert_ptr_nonnull(strstr(said, "--root is for 'plan'"));
	verb = NULL;
	ck_assert_int_eq(parse("-4", "tree"), -EINVAL);
	ck_assert_int_eq(parse("--networkd", "tree"), -EINVAL);
	ck_assert_str_eq(said, "pivot-kexec: --networkd is for 'network'\n");
}
END_TEST

START_TEST(takes_another_machine_and_notes_what_it_is_told)
{
	verb = NULL;
	ck_assert_int_eq(parse("x"), 0);
	ck_assert(!options.is_remote);
	ck_assert_uint_eq(options.wait_s, 600);
	ck_assert_int_eq(parse("--to", "ssh://me@there:22", "--wait=0", "-v", "--append",
			       "a b", "--two-stage", "--watchdog=30", "x"),
			 0);
	ck_assert(options.is_remote);
	ck_assert_str_eq(options.to.user, "me");
	ck_assert_str_eq(options.to.host, "there");
	ck_assert_uint_eq(options.wait_s, 0);
	ck_assert_uint_eq(options.n_given, 6);
	ck_assert_str_eq(options.given[2].line->name, "verbose");
	ck_assert_ptr_null(options.given[2].value);
	ck_assert_str_eq(options.given[3].value, "a b");
	ck_assert_ptr_null(options.given[4].value);
	ck_assert_str_eq(options.given[5].value, "30");
}
END_TEST

START_TEST(says_what_is_wrong_about_another_machine)
{
	verb = NULL;
	ck_assert_int_eq(parse("--to", "there", "x"), -EINVAL);
	ck_assert_str_eq(said, "pivot-kexec: --to takes ssh://[user@]host[:port], not "
			       "'there'\n");
	ck_assert_int_eq(parse("--wait=5", "x"), -EINVAL);
	ck_assert_ptr_nonnull(strstr(said, "--wait is for --to"));
	verb = &verbs[1];
	ck_assert_int_eq(parse("--to", "ssh://there", "--root", "x"), -EINVAL);
	ck_assert_ptr_nonnull(strstr(said, "two machines"));
	verb = &verbs[2];
	ck_assert_int_eq(parse("--to", "ssh://there", "x"), -EINVAL);
	ck_assert_ptr_nonnull(strstr(said, "--to is for 'run'"));
	verb = NULL;
}
END_TEST

/* A path of this machine's means nothing on another. */
START_TEST(no_file_is_named_to_another_machine)
{
	for (size_t i = 0; i < n_option_lines; i++) {
		const struct option_line *line = &option_lines[i];

		if (!line->argument || line->verbs)
			continue;
		if (strcmp(line->argument, "FILE") == 0 ||
		    strcmp(line->argument, "DIR") == 0)
			ck_assert_msg(line->travels != TRAVELS_AS_IT_IS, "--%s",
				      line->name);
	}
}
END_TEST

/* --- those of nixos-anywhere --- */

START_TEST(takes_extra_flags_behind_all_others)
{
	ck_assert_int_eq(parse("--kexec-extra-flags", "--delay=9 -s --append='a b'",
			       "--delay=4", "t"),
			 0);
	ck_assert_uint_eq(options.delay_s, 9);
	ck_assert_int_eq(options.loader, LOADER_FILE);
	ck_assert_str_eq(options.tree_options.append, "a b");
	ck_assert_str_eq(options.tree, "t");
	ck_assert_str_eq(said, "");
	ck_assert_int_eq(parse("--kexec-extra-flags", "", "t"), 0);
	ck_assert_str_eq(options.tree, "t");
	ck_assert_int_eq(parse("t", "--kexec-extra-flags=--stages=2"), 0);
	ck_assert_int_eq(options.stages, STAGES_TWO);
	ck_assert_str_eq(options.tree, "t");
	ck_assert_int_eq(parse("--kexec-extra-flags=--version", "t"), 1);
}
END_TEST

#define OURS                                                                           \
	"pivot-kexec: --kexec-extra-flags takes options of pivot-kexec, and those of " \
	"kexec(8) that pivot-kexec(8) names\n"

START_TEST(refuses_extra_flags_that_are_no_options)
{
	ck_assert_int_eq(parse("--kexec-extra-flags", "--mem-max=1", "t"), -EINVAL);
	ck_assert_str_eq(said, "pivot-kexec: unrecognized option '--mem-max=1'\n"
			       "pivot-kexec: see --help\n" OURS);
	ck_assert_int_eq(parse("--kexec-extra-flags", "a b", "t"), -EINVAL);
	ck_assert_str_eq(said, "pivot-kexec: 'a' is no option\n" OURS);
	ck_assert_int_eq(parse("--kexec-extra-flags", "--networkd", "t"), -EINVAL);
	ck_assert_str_eq(said, "pivot-kexec: --networkd is for 'network'\n" OURS);
	ck_assert_int_eq(parse("--kexec-extra-flags", "--delay", "t"), -EINVAL);
	ck_assert_int_eq(parse("--kexec-extra-flags", "$x", "t"), -EINVAL);
}
END_TEST

/* Nor in themselves. */
START_TEST(takes_extra_flags_once)
{
	ck_assert_int_eq(parse("--kexec-extra-flags=", "--kexec-extra-flags=", "t"),
			 -EINVAL);
	ck_assert_str_eq(said, "pivot-kexec: --kexec-extra-flags may be given once\n");
	ck_assert_int_eq(parse("--kexec-extra-flags=--kexec-extra=-v", "t"), -EINVAL);
	ck_assert_str_eq(said,
			 "pivot-kexec: --kexec-extra-flags may be given once\n" OURS);
}
END_TEST

START_TEST(keeps_options_as_they_were_given)
{
	ck_assert_int_eq(parse("--delay", "9", "-v", "t", "--two-stage",
			       "--kexec-extra-flags=-s", "--announce=now"),
			 0);
	ck_assert_str_eq(options.announce, "now");
	ck_assert_uint_eq(options.n_given, 6);
	ck_assert_str_eq(options.given[0].line->name, "delay");
	ck_assert_str_eq(options.given[0].value, "9");
	ck_assert_str_eq(options.given[1].line->name, "verbose");
	ck_assert_ptr_null(options.given[1].value);
	ck_assert_ptr_null(options.given[2].value);
	ck_assert_str_eq(options.given[5].line->name, "loader");
	ck_assert_str_eq(options.given[5].value, "file");
}
END_TEST

START_TEST(takes_so_many_options_and_no_more)
{
	const char *words[GIVEN_MAX + 4] = { "pivot-kexec" };
	char *argv[GIVEN_MAX + 4];

	for (int i = 1; i <= GIVEN_MAX + 1; i++)
		words[i] = "-v";
	memcpy(argv, words, sizeof(argv));
	options = (struct options){ .root = "", .program = argv[0] };
	optind = 0;
	output_catch();
	ck_assert_int_eq(options_parse(GIVEN_MAX + 2, argv, verbs, &verbs[0], &options),
			 -EINVAL);
	ck_assert_str_eq(output_caught(), "pivot-kexec: more than 256 options\n");
}
END_TEST

UNIT_MAIN("options", takes_an_address_for_the_command_line, takes_hooks,
	  refuses_an_option_that_would_do_nothing, takes_a_tree_and_nothing_else,
	  takes_every_option, takes_options_before_and_behind_the_tree,
	  takes_a_tarball_on_standard_input, takes_a_tree_named_like_an_option,
	  keeps_initrds_in_their_order, needs_no_tree_where_a_kernel_is_named,
	  chooses_each_way_of_the_takeover, chooses_each_loader,
	  says_which_loaders_there_are, leaves_out_what_is_not_wanted,
	  takes_no_tree_where_there_is_none, asks_for_a_tree, takes_one_tree_only,
	  says_what_a_value_may_be, says_where_a_value_that_may_be_left_out_stands,
	  takes_what_is_told_and_asked, says_what_is_no_option,
	  takes_sixteen_initrds_and_no_more, prints_help_with_every_verb_and_option,
	  prints_its_version, takes_every_word_about_devices,
	  says_what_is_wrong_about_devices,
	  takes_another_machine_and_notes_what_it_is_told,
	  says_what_is_wrong_about_another_machine, no_file_is_named_to_another_machine,
	  takes_a_recording_only_where_nothing_is_changed, takes_each_number_of_stages,
	  takes_two_stages_with_or_without_how,
	  takes_another_middle_kernel_for_two_stages,
	  takes_modules_alone_for_where_there_are_two_stages,
	  leaves_no_devices_alone_without_a_middle_kernel,
	  refuses_a_middle_kernel_in_one_stage, says_what_is_wrong_about_stages,
	  takes_words_of_ip_for_the_network, refuses_other_words_for_the_network,
	  takes_extra_flags_behind_all_others, refuses_extra_flags_that_are_no_options,
	  takes_extra_flags_once, keeps_options_as_they_were_given,
	  takes_so_many_options_and_no_more)
