// SPDX-License-Identifier: GPL-2.0-or-later

/* What travels to the target, and the archive that it is in. */

#include "pivot/keep/keep.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fake-output.h"
#include "fake-root.h"
#include "pivot/keep/files.h"
#include "unit.h"

#define A \
	"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"
#define B \
	"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g"
#define ID "0123456789abcdef0123456789ABCDEF"

static struct keep keep;
static struct keep_choice choice;
static struct network_texts network;
static struct keep_request request;
static char listing[4096], path[PATH_MAX], named[PATH_MAX];
static const char *said;

static void begin(void)
{
	fake_root_make();
	fake_file("root:x:0:0:root:/root:/bin/sh\nbroken\n"
		  "me:x:1000:1000:Me,,,:/srv/me:/bin/sh\nlost:x:1:1:::\n",
		  "/etc/passwd");
	choice = (struct keep_choice){ 0 };
	network = (struct network_texts){ 0 };
	request = (struct keep_request){ .root = fake_root(),
					 .choice = &choice,
					 .network = &network };
}

static int read_it(void)
{
	int r;

	keep_done(&keep);
	output_catch();
	r = keep_read(&request, &keep);
	said = output_caught();
	return r;
}

/* Below the fake root. */
static const char *at(const char *name)
{
	(void)snprintf(path, sizeof(path), "%s%s", fake_root(), name);
	return path;
}

printf_like(1, 2) static void list(const char *format, ...)
{
	size_t used = strlen(listing);
	va_list args;

	va_start(args, format);
	ck_assert_int_lt(vsnprintf(listing + used, sizeof(listing) - used, format, args),
			 (int)(sizeof(listing) - used));
	va_end(args);
}

static void list_entry(struct archive *archive, struct archive_entry *entry)
{
	char text[512] = "";
	la_ssize_t n = archive_read_data(archive, text, sizeof(text) - 1);

	ck_assert_int_eq(archive_entry_uid(entry) + archive_entry_gid(entry), 0);
	ck_assert_int_eq(archive_entry_mtime(entry), 0);
	list("%06o %s", archive_entry_mode(entry), archive_entry_pathname(entry));
	if (archive_entry_filetype(entry) == AE_IFLNK)
		list(" -> %s\n", archive_entry_symlink(entry));
	else
		list("%s%s\n", n > 0 ? ": " : "", text);
}

/* The archive, as it is read again: "MODE PATH: TEXT" */
static int write_it(void)
{
	struct archive *archive = archive_read_new();
	struct archive_entry *entry;
	int fd = memfd_create("archive", MFD_CLOEXEC), r;

	ck_assert_uint_gt(keep.bytes, 0);
	output_catch();
	r = keep_write(&keep, fd);
	said = output_caught();
	listing[0] = '\0';
	(void)lseek(fd, 0, SEEK_SET);
	ck_assert_int_eq(archive_read_support_format_cpio(archive), ARCHIVE_OK);
	if (r == 0)
		ck_assert_int_eq(archive_read_open_fd(archive, fd, 512), ARCHIVE_OK);
	while (r == 0 && archive_read_next_header(archive, &entry) == ARCHIVE_OK)
		list_entry(archive, entry);
	(void)archive_read_free(archive);
	(void)close(fd);
	return r;
}

static void expect(const char *expected)
{
	ck_assert_int_eq(read_it(), 0);
	ck_assert_str_eq(said, "");
	ck_assert_int_eq(write_it(), 0);
	ck_assert_str_eq(said, "");
	ck_assert_str_eq(listing, expected);
	keep_done(&keep);
}

static void expect_nothing(void)
{
	ck_assert_int_eq(read_it(), 0);
	ck_assert_uint_eq(keep.n, 0);
	ck_assert_uint_eq(keep.bytes, 0);
	keep_done(&keep);
}

#define FOLDER "040700 ssh\n"
#define KEYS   FOLDER "100600 ssh/authorized_keys: "

static void put_host_key(const char *name, mode_t mode)
{
	fake_file("key", "/etc/ssh/%s", name);
	(void)snprintf(path, sizeof(path), "%s/etc/ssh/%s", fake_root(), name);
	ck_assert_int_eq(chmod(path, mode), 0);
}

/* --- keys --- */

START_TEST(takes_the_keys_of_root_from_all_three_files)
{
	begin();
	fake_file("command=\"no\" " A " one\n", "/root/.ssh/authorized_keys");
	fake_file(B " two\n" A "\n", "/root/.ssh/authorized_keys2");
	fake_file(B "\nnonsense\n", "/etc/ssh/authorized_keys.d/root");
	ck_assert_int_eq(read_it(), 0);
	ck_assert_uint_eq(keep.keys.n, 2);
	ck_assert_uint_eq(keep.n_sources, 3);
	ck_assert_str_eq(keep.source[0].name, "/root/.ssh/authorized_keys");
	ck_assert_uint_eq(keep.source[0].counts.n_stripped, 1);
	ck_assert_uint_eq(keep.source[1].counts.n_new, 1);
	ck_assert_uint_eq(keep.source[2].counts.n_no_keys, 1);
	ck_assert_str_eq(keep.file[1].source,
			 "1 key of '/root/.ssh/authorized_keys', 1 key of "
			 "'/root/.ssh/authorized_keys2'");
	expect(KEYS A " one\n" B " two\n\n");
}
END_TEST

START_TEST(takes_those_of_who_became_root)
{
	begin();
	fake_file(A, "/srv/me/.ssh/authorized_keys");
	fake_file(B, "/etc/ssh/authorized_keys.d/lost");
	expect_nothing();
	request.users[0] = "me";
	expect(KEYS A "\n\n");
	request.users[0] = NULL;
	request.users[1] = "me"; /* by doas */
	expect(KEYS A "\n\n");
	request.users[0] = "lost";
	expect(KEYS B "\n" A "\n\n");
}
END_TEST

START_TEST(searches_nobody_twice)
{
	begin();
	fake_file(A, "/root/.ssh/authorized_keys");
	fake_file(B, "/srv/me/.ssh/authorized_keys");
	request.users[0] = request.users[1] = "me";
	ck_assert_int_eq(read_it(), 0);
	ck_assert_uint_eq(keep.n_sources, 2);
	request.users[0] = request.users[1] = "root";
	ck_assert_int_eq(read_it(), 0);
	ck_assert_uint_eq(keep.n_sources, 1);
}
END_TEST

START_TEST(says_whose_home_it_does_not_know)
{
	begin();
	request.users[0] = "lost";
	ck_assert_int_eq(read_it(), 0);
	ck_assert_uint_eq(keep.n_sources, 1);
	ck_assert_str_eq(keep.source[0].name, "~lost/.ssh/authorized_keys");
	ck_assert_int_eq(keep.source[0].error, -ENOENT);
	request.users[0] = "nobody";
	ck_assert_int_eq(read_it(), 0);
	ck_assert_int_eq(keep.source[0].error, -ENOENT);
}
END_TEST

START_TEST(takes_no_path_for_a_name)
{
	const char *const names[] = { "", ".", "..", "../me", "a/b", "/etc" };

	begin();
	fake_file(A, "/etc/ssh/authorized_keys.d/a/b");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		request.users[0] = names[i];
		ck_assert_int_eq(read_it(), 0);
		ck_assert_uint_eq(keep.n_sources, 0);
	}
}
END_TEST

START_TEST(goes_on_without_what_it_cannot_read)
{
	begin();
	fake_directory("/root/.ssh/authorized_keys");
	ck_assert_int_eq(mkfifo(at("/root/.ssh/authorized_keys2"), 0600), 0);
	fake_file(A, "/etc/ssh/authorized_keys.d/root");
	ck_assert_int_eq(truncate(at("/etc/ssh/authorized_keys.d/root"), 1 << 20), 0);
	ck_assert_int_eq(read_it(), 0);
	ck_assert_str_eq(said, "");
	ck_assert_uint_eq(keep.n_sources, 3);
	ck_assert_int_eq(keep.source[0].error, -EINVAL);
	ck_assert_int_eq(keep.source[1].error, -EINVAL);
	ck_assert_int_eq(keep.source[2].error, -EFBIG);
	ck_assert_uint_eq(keep.bytes, 0);
}
END_TEST

/* As it does where a home's server is gone. */
START_TEST(waits_for_no_home_that_does_not_answer)
{
	begin();
	ck_assert(keep_answers(at("/nothing")));
	ck_assert(keep_answers(at("/etc/passwd")));
	fake_directory("/root/.ssh");
	ck_assert_int_eq(mkfifo(at("/root/.ssh/authorized_keys"), 0600), 0);
	ck_assert(keep_answers(path));			  /* nobody reads that */
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1); /* and nobody is left */
}
END_TEST

START_TEST(takes_files_of_keys_that_are_named)
{
	begin();
	fake_file(A, "/root/.ssh/authorized_keys");
	fake_file(B " mine\n", "/a.pub");
	choice.ssh_keys[choice.n_ssh_keys++] = strcpy(named, at("/a.pub"));
	expect(KEYS A "\n" B " mine\n\n");
	choice.has_no_ssh = true;
	expect(KEYS B " mine\n\n");
}
END_TEST

static void expect_refused(int error, const char *sentence)
{
	char expected[2 * PATH_MAX];

	ck_assert_int_eq(read_it(), error);
	(void)snprintf(expected, sizeof(expected), sentence, path);
	ck_assert_str_eq(said, expected);
	keep_done(&keep);
}

START_TEST(refuses_a_file_that_is_named_and_has_no_key)
{
	begin();
	choice.n_ssh_keys = 1;
	choice.ssh_keys[0] = at("/missing.pub");
	expect_refused(-ENOENT,
		       "pivot-kexec: --ssh-key: cannot read '%s': No such file or "
		       "directory\n");
	fake_file("-----BEGIN OPENSSH PRIVATE KEY-----\n", "/id");
	choice.ssh_keys[0] = at("/id");
	expect_refused(-EINVAL,
		       "pivot-kexec: --ssh-key: '%s' holds no public key: name a "
		       "file such as id_ed25519.pub\n");
	choice.ssh_keys[0] = at("/etc");
	expect_refused(-EINVAL,
		       "pivot-kexec: --ssh-key: cannot read '%s': Invalid argument\n");
}
END_TEST

/* --- the rest of it --- */

START_TEST(keeps_host_keys_and_what_is_secret_of_them_so)
{
	begin();
	put_host_key("ssh_host_rsa_key.pub", 0644);
	put_host_key("ssh_host_rsa_key", 0640);
	put_host_key("ssh_host_ed25519_key", 0600);
	put_host_key("ssh_host_ed25519_key.pub", 0400);
	put_host_key("sshd_config", 0644);
	expect(FOLDER "100600 ssh/ssh_host_ed25519_key: key\n"
		      "100400 ssh/ssh_host_ed25519_key.pub: key\n"
		      "100600 ssh/ssh_host_rsa_key: key\n"
		      "100644 ssh/ssh_host_rsa_key.pub: key\n");
	choice.has_no_ssh = true;
	expect_nothing();
}
END_TEST

START_TEST(says_which_host_key_it_cannot_read)
{
	begin();
	fake_directory("/etc/ssh/ssh_host_rsa_key");
	put_host_key("ssh_host_ed25519_key", 0600);
	ck_assert_int_eq(read_it(), 0);
	ck_assert_uint_eq(keep.n_host_keys, 1);
	ck_assert_uint_eq(keep.n_sources, 1);
	ck_assert_str_eq(keep.source[0].name, "/etc/ssh/ssh_host_rsa_key");
}
END_TEST

START_TEST(keeps_a_machine_id_that_is_one)
{
	begin();
	fake_file("uninitialized\n", "/etc/machine-id");
	expect_nothing();
	fake_file(ID "0\n", "/etc/machine-id");
	expect_nothing();
	fake_file("", "/etc/machine-id");
	expect_nothing();
	fake_file(ID "\n", "/etc/machine-id");
	expect("100444 machine-id: " ID "\n\n");
	choice.has_no_network = true;
	expect_nothing();
}
END_TEST

START_TEST(keeps_what_the_network_is)
{
	static struct network_file file = { "30-pivot-eth0.network", (char *)"[Match]" };

	begin();
	network = (struct network_texts){ .addr = (char *)"[{}]",
					  .route_v4 = (char *)"[1]",
					  .route_v6 = (char *)"" };
	expect("100644 addrs.json: [{}]\n100644 routes-v4.json: [1]\n");
	network.file = &file;
	network.n_files = 1;
	expect("100644 addrs.json: [{}]\n100644 routes-v4.json: [1]\n040755 etc\n"
	       "040755 etc/systemd\n040755 etc/systemd/network\n"
	       "100644 etc/systemd/network/30-pivot-eth0.network: [Match]\n");
	choice.has_no_network = true;
	expect_nothing();
}
END_TEST

/* --- extra files --- */

static void put_extra(void)
{
	fake_file("a script", "/extra/bin/run");
	fake_file("", "/extra/etc/empty");
	fake_symlink("../bin/run", "/extra/etc/link");
	fake_directory("/extra/none");
	ck_assert_int_eq(chmod(at("/extra/bin/run"), 04755), 0);
	ck_assert_int_eq(chmod(at("/extra/none"), 01770), 0);
	choice.extra_files = strcpy(named, at("/extra"));
}

START_TEST(takes_a_folder_as_it_is)
{
	begin();
	put_extra();
	expect("040755 bin\n104755 bin/run: a script\n040755 etc\n100644 etc/empty\n"
	       "120777 etc/link -> ../bin/run\n041770 none\n");
	choice.extra_files = strcpy(named, at("/extra/"));
	ck_assert_int_eq(read_it(), 0);
	ck_assert_str_eq(keep.file[0].path, "bin");
	ck_assert_uint_eq(keep.extra_bytes, 8);
	fake_symlink("extra", "/also");
	choice.extra_files = strcpy(named, at("/also"));
	ck_assert_int_eq(read_it(), 0);
	ck_assert_uint_eq(keep.n, 6);
	keep_done(&keep);
}
END_TEST

START_TEST(takes_an_extra_file_instead_of_its_own)
{
	begin();
	fake_file(A, "/root/.ssh/authorized_keys");
	fake_file(ID, "/etc/machine-id");
	fake_file("other", "/extra/ssh/authorized_keys");
	fake_file("more", "/extra/ssh/more");
	choice.extra_files = at("/extra");
	expect("040755 ssh\n100644 ssh/authorized_keys: other\n100444 machine-id: " ID
	       "\n"
	       "100644 ssh/more: more\n");
}
END_TEST

START_TEST(refuses_what_is_neither_file_nor_folder_nor_link)
{
	begin();
	put_extra();
	ck_assert_int_eq(mkfifo(at("/extra/bin/pipe"), 0600), 0);
	expect_refused(-EINVAL,
		       "pivot-kexec: --extra-files: '%s' is neither a file nor a "
		       "folder nor a link: leave it out\n");
	choice.extra_files = at("/etc/passwd");
	expect_refused(-ENOTDIR, "pivot-kexec: --extra-files: '%s' is no folder\n");
	choice.extra_files = at("/nothing");
	expect_refused(-ENOENT, "pivot-kexec: --extra-files: cannot read '%s': No such "
				"file or directory\n");
}
END_TEST

START_TEST(notices_an_extra_file_that_changes)
{
	begin();
	put_extra();
	ck_assert_int_eq(read_it(), 0);
	fake_append("/extra/bin/run", "!");
	ck_assert_int_eq(write_it(), -ESTALE);
	ck_assert_ptr_nonnull(strstr(said, "/extra/bin/run' changed while it was read"));
	ck_assert_int_eq(read_it(), 0);
	fake_remove("/extra/bin/run");
	fake_symlink("/etc/passwd", "/extra/bin/run");
	ck_assert_int_eq(write_it(), -ESTALE);
	keep_done(&keep);
}
END_TEST

static void move(const char *from, const char *to)
{
	char old[PATH_MAX];

	strcpy(old, at(from));
	ck_assert_int_eq(rename(old, at(to)), 0);
}

/* As long as the one that was listed, and that one may have been written to since. */
START_TEST(takes_no_other_extra_file_than_was_listed)
{
	begin();
	put_extra();
	ck_assert_int_eq(read_it(), 0);
	fake_file("a secret", "/secret");
	move("/secret", "/extra/bin/run");
	ck_assert_int_eq(write_it(), -ESTALE);
	ck_assert_ptr_nonnull(strstr(said, "/extra/bin/run' changed while it was read"));
	ck_assert_int_eq(read_it(), 0);
	fake_file("a secret", "/elsewhere/run");
	move("/extra/bin", "/extra/was");
	fake_symlink("../elsewhere", "/extra/bin");
	ck_assert_int_eq(write_it(), -ESTALE);
	fake_remove("/extra/bin");
	move("/extra/was", "/extra/bin");
	ck_assert_int_eq(read_it(), 0);
	ck_assert_int_eq(chmod(at("/extra/bin/run"), 0600), 0);
	ck_assert_int_eq(write_it(), -ESTALE);
	keep_done(&keep);
}
END_TEST

UNIT_MAIN("what travels to the target", takes_the_keys_of_root_from_all_three_files,
	  takes_those_of_who_became_root, searches_nobody_twice,
	  says_whose_home_it_does_not_know, takes_no_path_for_a_name,
	  goes_on_without_what_it_cannot_read, waits_for_no_home_that_does_not_answer,
	  takes_files_of_keys_that_are_named, refuses_a_file_that_is_named_and_has_no_key,
	  keeps_host_keys_and_what_is_secret_of_them_so,
	  says_which_host_key_it_cannot_read, keeps_a_machine_id_that_is_one,
	  keeps_what_the_network_is, takes_a_folder_as_it_is,
	  takes_an_extra_file_instead_of_its_own,
	  refuses_what_is_neither_file_nor_folder_nor_link,
	  notices_an_extra_file_that_changes, takes_no_other_extra_file_than_was_listed)
