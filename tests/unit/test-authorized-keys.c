// SPDX-License-Identifier: GPL-2.0-or-later
#include "unit.h"

#include <string.h>

#include "pivot/keep/authorized-keys.h"

#define A \
	"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"
#define B \
	"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g"
#define ECDSA                                                                         \
	"ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBLb" \
	"6yJaUJq8+Pip0k1mMfJJ4o6MV1fKqVIGlQr4Zqcc5LEkd7vezm1i7vcQUkH9njWqIUZFQFVp6IL" \
	"4Ek7Gaq+0="
#define SK                                                                             \
	"sk-ssh-ed25519@openssh.com AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29tAAAAIAEBA" \
	"QEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAAAABHNzaDo="

static struct authorized_keys keys;
static struct key_counts counts;

static void add(const char *text)
{
	ck_assert_int_eq(authorized_keys_add(&keys, text, strlen(text), &counts), 0);
}

static void expect(const char *text)
{
	ck_assert_uint_eq(keys.bytes, strlen(text));
	ck_assert(strncmp(keys.text ?: "", text, keys.bytes) == 0);
	authorized_keys_done(&keys);
}

static void expect_no_key(const char *line)
{
	add(line);
	ck_assert_uint_eq(counts.n_no_keys, 1);
	ck_assert_uint_eq(counts.n_keys, 0);
	expect("");
}

/* Each option before a key is gone, and the key is there. */
static void expect_stripped(const char *options)
{
	char line[512];

	(void)strcpy(line, options);
	add(strcat(line, " " A " me@home\n"));
	ck_assert_uint_eq(counts.n_stripped, 1);
	ck_assert_uint_eq(counts.n_no_keys, 0);
	expect(A " me@home\n");
}

START_TEST(keeps_keys_and_their_comments)
{
	add("# mine\n\n" A " me@home, the blue one\n  \t\n" ECDSA "\n" SK " a stick");
	ck_assert_uint_eq(counts.n_keys, 3);
	ck_assert_uint_eq(counts.n_no_keys, 0);
	ck_assert_uint_eq(counts.n_stripped, 0);
	ck_assert_uint_eq(keys.n, 3);
	expect(A " me@home, the blue one\n" ECDSA "\n" SK " a stick\n");
}
END_TEST

START_TEST(drops_what_blanks_there_are_around)
{
	add(" \t" A " \t me \t\r\n" B "\r\n");
	expect(A " me\n" B "\n");
}
END_TEST

START_TEST(drops_the_options_of_cloud_images)
{
	expect_stripped("no-port-forwarding,no-agent-forwarding,no-X11-forwarding,"
			"command=\"echo 'Please login as the user \\\"debian\\\" rather "
			"than the user \\\"root\\\".';echo;sleep 10;exit 142\"");
}
END_TEST

START_TEST(drops_quoted_options_whatever_is_in_them)
{
	expect_stripped("restrict");
	expect_stripped("from=\"*.example.org,!bad.example.org,10.0.0.0/8\",restrict");
	expect_stripped("environment=\"A=ssh-ed25519 AAAA\",pty");
	expect_stripped("command=\"a # b\\\\ c\",tunnel=\"0\"");
	expect_stripped("command=\"\"");
}
END_TEST

START_TEST(knows_no_key_behind_options_that_do_not_end)
{
	expect_no_key("command=\"echo " A "\n");
	expect_no_key("restrict, " A "\n");
	expect_no_key(",restrict " A "\n");
	expect_no_key("restrict,,pty " A "\n");
	expect_no_key("command=echo " A "\n");
	expect_no_key("command=\"x\"y " A "\n");
	expect_no_key("=\"x\" " A "\n");
	expect_no_key("restrict\n");
	expect_no_key("restrict pty " A "\n");
}
END_TEST

START_TEST(takes_no_line_for_a_key_that_is_none)
{
	expect_no_key("ssh-ed25519\n");
	expect_no_key("ssh-ed25519 \n");
	expect_no_key("ssh-ed25519 AAAA\n");
	expect_no_key(
		"ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUW\n");
	expect_no_key("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5\n"); /* the type alone */
	expect_no_key(A "=\n");
	expect_no_key("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI!ABAgMEBQYHCAkKCwwNDg8Q\n");
	expect_no_key("-----BEGIN OPENSSH PRIVATE KEY-----\n");
	expect_no_key("root:*:19000:0:99999:7:::\n");
}
END_TEST

START_TEST(takes_no_line_with_a_nul_in_it)
{
	static const char line[] = A " me\0you\n" B "\n";

	ck_assert_int_eq(authorized_keys_add(&keys, line, sizeof(line) - 1, &counts), 0);
	ck_assert_uint_eq(counts.n_no_keys, 1);
	expect(B "\n");
}
END_TEST

START_TEST(takes_a_key_once)
{
	add(A " first\n" B "\n");
	add("restrict " A " second\n" B " with a comment now\n" A "\n");
	ck_assert_uint_eq(counts.n_keys, 3);
	ck_assert_uint_eq(counts.n_new, 0);
	ck_assert_uint_eq(counts.n_stripped, 0);
	ck_assert_uint_eq(keys.n, 2);
	expect(A " first\n" B "\n");
}
END_TEST

START_TEST(leaves_an_authority_what_it_is)
{
	add("Cert-Authority,principals=\"root,me\" " A " ca\n" A "\n"
	    "cert-authority " A "\n");
	ck_assert_uint_eq(counts.n_new, 3);
	ck_assert_uint_eq(counts.n_stripped, 0);
	expect("Cert-Authority,principals=\"root,me\" " A " ca\n" A "\n"
	       "cert-authority " A "\n");
}
END_TEST

UNIT_MAIN("authorized keys", keeps_keys_and_their_comments,
	  drops_what_blanks_there_are_around, drops_the_options_of_cloud_images,
	  drops_quoted_options_whatever_is_in_them,
	  knows_no_key_behind_options_that_do_not_end,
	  takes_no_line_for_a_key_that_is_none, takes_no_line_with_a_nul_in_it,
	  takes_a_key_once, leaves_an_authority_what_it_is)
