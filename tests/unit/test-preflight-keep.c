// SPDX-License-Identifier: GPL-2.0-or-later

/* What is said of what travels to the target, and of what does not. */

#include <stdio.h>
#include <string.h>

#include "fake-preflight.h"
#include "fake-root.h"
#include "pivot/kexec/load.h"
#include "unit.h"

#define KEY \
	"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"

static struct fake_preflight *const f = &fake_preflight;
static struct keep keep;

static void begin(void)
{
	preflight_start();
	f->tree.form = "nixpkgs kexecTree";
	f->tree.kernel_fd = f->tree.initrd_fd = 0; /* any */
	f->preflight.keep = &keep;
}

static void read_it(void)
{
	const struct keep_request request = {
		.root = fake_root(),
		.users = { "lost" },
		.choice = &f->options.keep,
	};

	keep_done(&keep);
	ck_assert_int_eq(keep_read(&request, &keep), 0);
	f->tree.appended_bytes = keep.bytes;
}

START_TEST(names_each_source_of_keys)
{
	begin();
	fake_file("command=\"no\" " KEY "\nnonsense\n", "/root/.ssh/authorized_keys");
	fake_file(KEY "\n", "/root/.ssh/authorized_keys2");
	fake_file("key", "/etc/ssh/ssh_host_rsa_key");
	fake_file("root:x:0:0:root:/root:/bin/sh\nlost:x:1:1::/lost:/bin/sh\n",
		  "/etc/passwd");
	read_it();
	preflight_expect(
		FINDING_NOTE, "keep-ssh",
		"to the target go 1 ssh key (1 of '/root/.ssh/authorized_keys', where 1 "
		"line is no key, 0 of '/root/.ssh/authorized_keys2'), 1 of them without "
		"the options (command=, from=) that restrict it here and 1 file of host "
		"keys; not with --no-keep-ssh");
	preflight_expect_no("no-ssh-key");
	preflight_expect_no("keep-unreadable");
	keep_done(&keep);
}
END_TEST

START_TEST(warns_where_nobody_may_get_in)
{
	begin();
	f->options.keep.has_no_ssh = false;
	fake_file("key", "/etc/ssh/ssh_host_rsa_key");
	read_it();
	preflight_expect(FINDING_WARN, "no-ssh-key", "name one with --ssh-key");
	preflight_expect(FINDING_NOTE, "keep-ssh", "0 ssh keys and 1 file of host keys");
	preflight_expect(
		FINDING_WARN, "keep-unreadable",
		"'~lost/.ssh/authorized_keys' does not go to the target: No such "
		"file or directory");
	keep_done(&keep);
}
END_TEST

START_TEST(does_not_warn_of_a_target_that_has_its_own)
{
	begin();
	read_it();
	f->tree.command_line = (char *)"init=/init root=fstab";
	preflight_expect(FINDING_WARN, "no-ssh-key", "");
	f->tree.command_line = (char *)"init=/init root=/dev/sda1";
	preflight_expect_no("no-ssh-key");
	f->tree.command_line = (char *)"live.nixos.passwordHash=x";
	preflight_expect_no("no-ssh-key");
	f->tree.command_line = (char *)"init=/init";
	f->tree.form = "NixOS system profile";
	preflight_expect_no("no-ssh-key");
	f->tree.form = "nixpkgs kexecTree";
	f->options.keep.has_no_ssh = true;
	preflight_expect_no("no-ssh-key");
	keep_done(&keep);
}
END_TEST

START_TEST(tells_what_else_travels)
{
	char folder[256];

	begin();
	(void)snprintf(folder, sizeof(folder), "%s/extra", fake_root());
	fake_file("0123456789abcdef0123456789abcdef\n", "/etc/machine-id");
	fake_file("a script", "/extra/bin/run");
	f->options.keep.extra_files = folder;
	read_it();
	preflight_expect(FINDING_NOTE, "keep-network",
			 "this machine by (machine-id); not with --no-keep-network");
	preflight_expect(FINDING_NOTE, "extra-files", "2 files and folders, 8 bytes");
	keep_done(&keep);
}
END_TEST

START_TEST(tells_that_there_is_no_initrd_to_append_to)
{
	begin();
	f->tree.initrd_fd = -1;
	preflight_expect(FINDING_NOTE, "no-initrd", "the tree has no initrd");
	f->options.keep.n_ssh_keys = 1;
	preflight_expect(FINDING_WARN, "no-initrd", "the tree has no initrd");
	preflight_expect_no("no-ssh-key");
	f->preflight.keep = NULL;
	preflight_expect_no("no-initrd");
}
END_TEST

START_TEST(counts_what_is_appended)
{
	char words[512];
	uint64_t without;

	begin();
	f->preflight.loaders = 1U << LOADER_LOAD;
	without = preflight_memory(&f->preflight, words, sizeof(words));
	f->tree.appended_bytes = 64 << 20;
	/* loaded, and where it was made; with the lists of its pages */
	ck_assert_uint_ge(preflight_memory(&f->preflight, words, sizeof(words)),
			  without + (128 << 20));
	ck_assert_uint_lt(preflight_memory(&f->preflight, words, sizeof(words)),
			  without + (130 << 20));
	f->preflight.loaders = 1U << LOADER_FILE;
	f->tree.appended_bytes = 0;
	without = preflight_memory(&f->preflight, words, sizeof(words));
	f->tree.appended_bytes = 4096;
	ck_assert_uint_ge(preflight_memory(&f->preflight, words, sizeof(words)),
			  without + f->tree.initrd_bytes);
	ck_assert_ptr_nonnull(strstr(words, "the initrd with what is appended to it (not "
					    "with --no-keep-ssh --no-keep-network), 64"));
}
END_TEST

UNIT_MAIN("preflight of what travels", names_each_source_of_keys,
	  warns_where_nobody_may_get_in, does_not_warn_of_a_target_that_has_its_own,
	  tells_what_else_travels, tells_that_there_is_no_initrd_to_append_to,
	  counts_what_is_appended)
