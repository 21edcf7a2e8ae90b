// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pivot/base/macros.h"
#include "pivot/base/quote.h"
#include "pivot/remote/look.h"
#include "pivot/remote/url.h"
#include "pivot/remote/wait.h"
#include "unit.h"

/* --- url --- */

static void assert_url(const char *text, const char *user, const char *host,
		       const char *port)
{
	struct remote_url url;

	ck_assert_int_eq(remote_url_parse(text, &url), 0);
	ck_assert_str_eq(url.user, user);
	ck_assert_str_eq(url.host, host);
	ck_assert_str_eq(url.port, port);
}

START_TEST(takes_a_url_apart)
{
	assert_url("ssh://host", "", "host", "");
	assert_url("ssh://host/", "", "host", "");
	assert_url("ssh://root@server-1.example.org:2222", "root", "server-1.example.org",
		   "2222");
	assert_url("ssh://a@b@host", "a@b", "host", "");
	assert_url("ssh://[2001:db8::1]", "", "2001:db8::1", "");
	assert_url("ssh://root@[fe80::1%eth0]:22/", "root", "fe80::1%eth0", "22");
	assert_url("ssh://host:00022", "", "host", "22");
}
END_TEST

START_TEST(takes_no_url_that_ssh_would_take_for_something_else)
{
	static const char *const bad[] = {
		"",
		"host",
		"ssh:",
		"ssh://",
		"ssh:///",
		"http://host",
		"SSH://host",
		"ssh://@host",
		"ssh://-oProxyCommand=id",
		"ssh://-l@host",
		"ssh://root@-host",
		"ssh://[-host]",
		"ssh://[::1",
		"ssh://[::1]x",
		"ssh://::1",
		"ssh://host:",
		"ssh://host:0",
		"ssh://host:65536",
		"ssh://host:-1",
		"ssh://host: 22",
		"ssh://host:22x",
		"ssh://host/path",
		"ssh://host//",
		"ssh://ho st",
		"ssh://host;id",
		"ssh://$(id)@host",
		"ssh://a'b@host",
		"ssh://root:secret@host",
		"ssh://host\n",
	};
	char longest[400] = "ssh://";

	for (size_t i = 0; i < array_size(bad); i++)
		ck_assert_msg(remote_url_parse(bad[i], &(struct remote_url){ 0 }) ==
				      -EINVAL,
			      "'%s' was taken", bad[i]);
	memset(longest + 6, 'a', sizeof(longest) - 7);
	ck_assert_int_eq(remote_url_parse(longest, &(struct remote_url){ 0 }), -EINVAL);
}
END_TEST

/* --- quoting --- */

static const char *quoted(const char *word)
{
	static char text[256];
	FILE *out = fmemopen(text, sizeof(text), "w");

	ck_assert_ptr_nonnull(out);
	quote_word(out, word);
	ck_assert_int_eq(fclose(out), 0);
	return text;
}

START_TEST(a_shell_takes_words_as_they_are)
{
	ck_assert_str_eq(quoted("plain"), "'plain'");
	ck_assert_str_eq(quoted(""), "''");
	ck_assert_str_eq(quoted("a b\n\t\\ \"$x\" `id` *"), "'a b\n\t\\ \"$x\" `id` *'");
	ck_assert_str_eq(quoted("it's"), "'it'\\''s'");
	ck_assert_str_eq(quoted("'; id; '"), "''\\''; id; '\\'''");
}
END_TEST

/* --- looking --- */

#define BOOT_1 "11111111-1111-1111-1111-111111111111"
#define BOOT_2 "22222222-2222-2222-2222-222222222222"

static int parse(const char *text, struct look *look)
{
	char *copy = strdup(text);
	int r = look_parse(copy, look);

	free(copy);
	return r;
}

START_TEST(sees_what_runs_there)
{
	struct look look;

	ck_assert_int_eq(parse("Welcome!\n\n" BOOT_1 "\n114\n6.1.0-9\nroot=x quiet\n"
			       "NAME=\"D\"\nPRETTY_NAME=\"Debian\033 12\"\nID=debian\n",
			       &look),
			 0);
	ck_assert_str_eq(look.boot_id, BOOT_1);
	ck_assert(!look.is_by_kexec);
	ck_assert_str_eq(look.release, "6.1.0-9");
	ck_assert_str_eq(look.command_line, "root=x quiet");
	ck_assert_str_eq(look.name, "Debian? 12");
	/* no os-release: an initrd may have none */
	ck_assert_int_eq(parse(BOOT_2 "\n208\n6.12\n\n", &look), 0);
	ck_assert(look.is_by_kexec);
	ck_assert_str_eq(look.command_line, "");
	ck_assert_str_eq(look.name, "a system without a name");
}
END_TEST

START_TEST(takes_nothing_else_for_a_machine)
{
	static const char *const bad[] = {
		"",
		"This account is not available.\n",
		BOOT_1,
		BOOT_1 "\n114\n",
		BOOT_1 "\nx\n6.1\nquiet\n",
		"1111111111111-1111-1111-1111-1111111\n114\n6.1\nquiet\n",
	};
	struct look look;

	for (size_t i = 0; i < array_size(bad); i++)
		ck_assert_int_eq(parse(bad[i], &look), -EBADMSG);
}
END_TEST

static struct look look_of(const char *boot_id, bool is_by_kexec,
			   const char *command_line)
{
	struct look look = { .is_by_kexec = is_by_kexec };

	(void)snprintf(look.boot_id, sizeof(look.boot_id), "%s", boot_id);
	(void)snprintf(look.command_line, sizeof(look.command_line), "%s", command_line);
	return look;
}

START_TEST(knows_the_target_by_who_has_booted_it)
{
	const struct look grub = look_of(BOOT_1, false, "root=x init=/i");
	const struct look firmware = look_of(BOOT_1, true, "root=x");
	const struct look target = look_of(BOOT_2, true, "panic=30 init=/i more");
	const struct look firmware_again = look_of(BOOT_2, true, "root=x");
	const struct look grub_again = look_of(BOOT_2, false, "root=x init=/i");

	ck_assert(look_is_target(&grub, &target, "init=/i"));
	ck_assert(!look_is_target(&grub, &grub_again, "init=/i"));
	ck_assert(look_is_target(&firmware, &target, "init=/i"));
	ck_assert(!look_is_target(&firmware, &firmware_again, "init=/i"));
	/* out of one target into the next, of the same tree */
	ck_assert(look_is_target(&target, &target, "init=/i"));
}
END_TEST

/* --- waiting --- */

static struct wait wait_new(void)
{
	return (struct wait){
		.before = look_of(BOOT_1, false, "root=x"),
		.tree_command_line = "init=/i",
		.went_ms = 1000,
	};
}

START_TEST(counts_from_when_the_old_system_was_last_seen)
{
	const struct look old = look_of(BOOT_1, false, "root=x");
	const struct look target = look_of(BOOT_2, true, "init=/i");
	struct wait wait = wait_new();

	ck_assert_int_eq(wait_take(&wait, ANSWER_LOOK, &old, 4000), VERDICT_NONE);
	ck_assert(wait.is_old);
	ck_assert_int_eq(wait_take(&wait, ANSWER_NONE, NULL, 9000), VERDICT_NONE);
	ck_assert(!wait.is_old);
	ck_assert_int_eq(wait_take(&wait, ANSWER_LOOK, &target, 30000), VERDICT_LANDED);
	ck_assert_uint_eq(wait.went_ms, 4000);
}
END_TEST

START_TEST(knows_the_old_system_when_it_is_back)
{
	const struct look again = look_of(BOOT_2, false, "root=x");
	struct wait wait = wait_new();

	ck_assert_int_eq(wait_take(&wait, ANSWER_LOOK, &again, 9000), VERDICT_HOME);
}
END_TEST

START_TEST(who_does_not_let_us_in_has_half_a_minute_to_think_again)
{
	const struct look target = look_of(BOOT_2, true, "init=/i");
	struct wait wait = wait_new(), other;

	/* it has not even gone */
	ck_assert_int_eq(wait_take(&wait, ANSWER_CLOSED, NULL, 2000), VERDICT_NONE);
	ck_assert_int_eq(wait_take(&wait, ANSWER_CLOSED, NULL, 99000), VERDICT_NONE);
	wait = wait_new();
	ck_assert_int_eq(wait_take(&wait, ANSWER_NONE, NULL, 8000), VERDICT_NONE);
	ck_assert_int_eq(wait_take(&wait, ANSWER_CLOSED, NULL, 9000), VERDICT_NONE);
	ck_assert_int_eq(wait_take(&wait, ANSWER_CLOSED, NULL, 38999), VERDICT_NONE);
	other = wait;
	ck_assert_int_eq(wait_take(&other, ANSWER_LOOK, &target, 39000), VERDICT_LANDED);
	other = wait;
	ck_assert_int_eq(wait_take(&other, ANSWER_NONE, NULL, 39000), VERDICT_NONE);
	ck_assert_int_eq(wait_take(&other, ANSWER_CLOSED, NULL, 40000), VERDICT_NONE);
	ck_assert_int_eq(wait_take(&wait, ANSWER_CLOSED, NULL, 39000), VERDICT_LOCKED);
}
END_TEST

UNIT_MAIN("remote", takes_a_url_apart,
	  takes_no_url_that_ssh_would_take_for_something_else,
	  a_shell_takes_words_as_they_are, sees_what_runs_there,
	  takes_nothing_else_for_a_machine, knows_the_target_by_who_has_booted_it,
	  counts_from_when_the_old_system_was_last_seen,
	  knows_the_old_system_when_it_is_back,
	  who_does_not_let_us_in_has_half_a_minute_to_think_again)
