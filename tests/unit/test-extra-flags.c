// SPDX-License-Identifier: GPL-2.0-or-later
#include "pivot/extra-flags.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fake-output.h"
#include "pivot/base/macros.h"
#include "unit.h"

static char program[] = "pivot-kexec";
static struct extra_flags flags;
static const char *said;

static int read_flags(const char *text)
{
	int r;

	flags = (struct extra_flags){ 0 };
	output_catch();
	r = extra_flags_read(text, program, &flags);
	said = output_caught();
	return r;
}

/* Words with a bar between them. */
static void expect(const char *text, const char *words)
{
	char line[4096] = "";

	ck_assert_int_eq(read_flags(text), 0);
	ck_assert_ptr_eq(flags.word[0], program);
	ck_assert_ptr_null(flags.word[flags.n]);
	for (size_t i = 1; i < flags.n; i++) {
		strcat(line, i > 1 ? "|" : "");
		strcat(line, flags.word[i]);
	}
	ck_assert_str_eq(line, words);
}

#define NO_USE(flag) \
	"pivot-kexec: --kexec-extra-flags: '" flag "' has nothing to do here\n"
#define WORDS_ONLY                                                                       \
	"pivot-kexec: --kexec-extra-flags takes words, with quotes that are closed and " \
	"nothing else of a shell's\n"

START_TEST(takes_none)
{
	expect("", "");
	expect(" \t\n ", "");
	ck_assert_uint_eq(flags.n, 1);
	ck_assert_str_eq(said, "");
}
END_TEST

START_TEST(makes_words_as_a_shell_does)
{
	expect("--force --delay=9", "--force|--delay=9");
	expect("  --delay\t9\n-v ", "--delay|9|-v");
	expect("--append='a b' --skip \"it's\" c\\ d", "--append=a b|--skip|it's|c d");
	expect("''", "");
	ck_assert_uint_eq(flags.n, 2);
	ck_assert_str_eq(said, "");
}
END_TEST

START_TEST(expands_nothing)
{
	static const char *const no_words[] = { "$x",  "a ${b}", "$(id)", "`id`",
						"a;b", "a & b",	 "a|b",	  "a >b",
						"(a)", "'a",	 "\"a",	  "$'a'" };

	for (size_t i = 0; i < array_size(no_words); i++) {
		ck_assert_int_eq(read_flags(no_words[i]), -EINVAL);
		ck_assert_str_eq(said, WORDS_ONLY);
	}
	expect("'$x;`id`'", "$x;`id`");
}
END_TEST

START_TEST(knows_what_kexec_calls_a_loader)
{
	expect("-s", "--loader=file");
	expect("--kexec-file-syscall", "--loader=file");
	expect("-c --kexec-syscall", "--loader=load|--loader=load");
	expect("-a --kexec-syscall-auto", "--loader=auto|--loader=auto");
	ck_assert_str_eq(said, "");
}
END_TEST

START_TEST(says_what_has_nothing_to_do_here)
{
	expect("--no-sync", "");
	ck_assert_str_eq(said, NO_USE("--no-sync"));
	expect("-y -x --no-ifdown -i --no-checks -d --debug -f", "");
	expect("--reset-vga --console-vga -v", "-v");
	ck_assert_str_eq(said, NO_USE("--reset-vga") NO_USE("--console-vga"));
	expect("--serial=ttyS0 --serial-baud 9600 -v --console-serial", "-v");
	ck_assert_str_eq(said, NO_USE("--serial=ttyS0") NO_USE("--serial-baud")
				       NO_USE("--console-serial"));
	expect("--serial", "");
}
END_TEST

/* They may be ours, and if not the options say so. */
START_TEST(leaves_all_others_as_they_are)
{
	expect("--no-syncs --kexec-sys --serials=x -sv --mem-max=1 --force x",
	       "--no-syncs|--kexec-sys|--serials=x|-sv|--mem-max=1|--force|x");
	ck_assert_str_eq(said, "");
}
END_TEST

START_TEST(takes_no_more_than_fits)
{
	char text[EXTRA_FLAGS_BYTES + 8];

	memset(text, 'a', sizeof(text));
	text[EXTRA_FLAGS_BYTES - 1] = '\0';
	ck_assert_int_eq(read_flags(text), 0);
	text[EXTRA_FLAGS_BYTES - 1] = 'a';
	text[EXTRA_FLAGS_BYTES] = '\0';
	ck_assert_int_eq(read_flags(text), -EINVAL);
	for (size_t i = 0; i < 2 * EXTRA_FLAGS_MAX; i++)
		text[i] = i % 2 ? ' ' : 'a';
	text[2 * (EXTRA_FLAGS_MAX - 1)] = '\0';
	ck_assert_int_eq(read_flags(text), 0);
	ck_assert_uint_eq(flags.n, EXTRA_FLAGS_MAX);
	text[2 * (EXTRA_FLAGS_MAX - 1)] = 'a';
	text[2 * EXTRA_FLAGS_MAX] = '\0';
	ck_assert_int_eq(read_flags(text), -EINVAL);
	ck_assert_str_eq(said, "pivot-kexec: --kexec-extra-flags: too much text\n");
}
END_TEST

UNIT_MAIN("extra-flags", takes_none, makes_words_as_a_shell_does, expands_nothing,
	  knows_what_kexec_calls_a_loader, says_what_has_nothing_to_do_here,
	  leaves_all_others_as_they_are, takes_no_more_than_fits)
