// SPDX-License-Identifier: GPL-2.0-or-later
#include "pivot/bundle/script.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "fake-output.h"
#include "unit.h"

/* The script itself; that a shell makes the same words of it is in tests/tool. */

static const struct verb verbs[] = {
	{ NULL, VERB_ACTS, "run", "TREE", "jump" },
	{ NULL, VERB_ACTS, "bundle", "TREE", "pack" },
	{ 0 },
};

static struct options options;
static const char *said;

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
	r = options_parse(argc, argv, verbs, &verbs[1], &options);
	said = output_caught();
	return r;
}

#define HEAD                                                                  \
	"#!/bin/sh\n"                                                         \
	"# Boots the kernel in this folder, by pivot-kexec(8) " PIVOT_VERSION \
	". nixos-anywhere runs this;\n"                                       \
	"# whoever runs it by hand may add options.\n"                        \
	"set -eu\n"                                                           \
	"here=$(dirname \"$(readlink -f \"$0\")\")\n"                         \
	"exec \"$here/pivot-kexec\" run --yes \\\n"
#define SIX "\t--delay=6 \\\n\t--announce='machine will boot into nixos in 6s...' \\\n"
#define END "\t\"$@\" \"$here\"\n"

/* The words behind "bundle -o f.tar", and what the script is. */
static void expect(const char *const *words, const char *script)
{
	char *text = NULL;
	size_t n = 0;

	ck_assert_int_eq(parse_words(words), 0);
	ck_assert_str_eq(said, "");
	ck_assert_int_eq(bundle_script(&options, &text, &n), 0);
	ck_assert_str_eq(text, script);
	ck_assert_uint_eq(n, strlen(script));
	free(text);
}

#define expect_script(script, ...)                                                     \
	expect((const char *const[]){ "pivot-kexec", "-of.tar", "tree", __VA_ARGS__ }, \
	       script)

START_TEST(is_a_short_script)
{
	expect_script(HEAD SIX END, NULL);
}
END_TEST

START_TEST(announces_the_delay_that_was_baked_in)
{
	expect_script(HEAD "\t--announce='machine will boot into nixos in 20s...' \\\n"
			   "\t--delay='20' \\\n" END,
		      "--delay", "20", NULL);
	expect_script(HEAD "\t--delay=6 \\\n\t--announce='gone' \\\n" END,
		      "--announce=gone", NULL);
}
END_TEST

START_TEST(leaves_out_what_is_in_its_tree)
{
	expect_script(HEAD SIX END, "--kernel=k", "--initrd=a", "--initrd=b",
		      "--command-line=c", "--append=d", NULL);
}
END_TEST

START_TEST(hands_options_on_in_their_order)
{
	expect_script(HEAD SIX "\t--skip='03:00.0' \\\n"
			       "\t--force \\\n"
			       "\t--two-stage \\\n"
			       "\t--verbose \\\n"
			       "\t--watchdog='60' \\\n"
			       "\t--skip='igb' \\\n" END,
		      "--skip=03:00.0", "--force", "--two-stage", "-v", "--watchdog=60",
		      "--skip", "igb", NULL);
}
END_TEST

START_TEST(quotes_whatever_means_something_to_a_shell)
{
	expect_script(HEAD SIX "\t--skip='' \\\n"
			       "\t--skip='a'\\''b' \\\n"
			       "\t--skip=''\\'''\\''' \\\n"
			       "\t--skip='$HOME `x` \"y\" \\ ;&|*' \\\n"
			       "\t--skip='a\nb' \\\n" END,
		      "--skip=", "--skip=a'b", "--skip=''",
		      "--skip=$HOME `x` \"y\" \\ ;&|*", "--skip=a\nb", NULL);
}
END_TEST

/* By names of ours, so that nothing of the maker's machine is told. */
START_TEST(refers_to_files_in_the_bundle)
{
	char path[BUNDLE_PATH_BYTES];

	expect_script(HEAD SIX
		      "\t--ssh-key=\"$here/files/ssh-key-2\" \\\n"
		      "\t--ssh-key=\"$here/files/ssh-key-3\" \\\n"
		      "\t--extra-files=\"$here/files/extra-files-4\" \\\n"
		      "\t--middle-kernel=\"$here/files/middle-kernel-5\" \\\n"
		      "\t--middle-modules=\"$here/files/middle-modules-6\" \\\n" END,
		      "--ssh-key=/my/'id'.pub", "--ssh-key", "b", "--extra-files=c",
		      "--middle-kernel=d", "--middle-modules=e", NULL);
	bundle_path(&options, 1, path);
	ck_assert_str_eq(path, "files/ssh-key-2");
	ck_assert(bundle_has_files(&options.given[1]));
	ck_assert(!bundle_has_files(&options.given[0]));
}
END_TEST

START_TEST(knows_a_word_where_a_file_could_be)
{
	expect_script(HEAD SIX "\t--middle-kernel='target' \\\n" END,
		      "--middle-kernel=target", NULL);
	expect_script(HEAD SIX
		      "\t--middle-kernel=\"$here/files/middle-kernel-2\" \\\n" END,
		      "--middle-kernel=./target", NULL);
}
END_TEST

START_TEST(bakes_in_only_what_run_would_take)
{
	static const char *const more[] = { "--json", "--root=x", "--networkd",
					    "--kexec-extra-flags=-s" };

	for (size_t i = 0; i < 4; i++)
		ck_assert_int_eq(
			parse_words((const char *const[]){ "pivot-kexec", "-of.tar",
							   "tree", more[i], NULL }),
			-EINVAL);
	ck_assert_str_eq(said, "pivot-kexec: --kexec-extra-flags is for 'run'\n");
	ck_assert_int_eq(
		parse_words((const char *const[]){ "pivot-kexec", "-of.tar", "tree",
						   "--delay=soon", NULL }),
		-EINVAL);
	ck_assert_str_eq(said, "pivot-kexec: --delay takes seconds, 0 to 86400, not "
			       "'soon'\n");
}
END_TEST

UNIT_MAIN("bundle", is_a_short_script, announces_the_delay_that_was_baked_in,
	  leaves_out_what_is_in_its_tree, hands_options_on_in_their_order,
	  quotes_whatever_means_something_to_a_shell, refers_to_files_in_the_bundle,
	  knows_a_word_where_a_file_could_be, bakes_in_only_what_run_would_take)
