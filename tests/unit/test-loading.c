// SPDX-License-Identifier: GPL-2.0-or-later

/* The loaders, one after another; and what is said where none works. */

#include "pivot/loading.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fake-acts.h"
#include "fake-bzimage.h"
#include "fake-machine.h"
#include "fake-output.h"
#include "fake-root.h"
#include "pivot/base/macros.h"
#include "unit.h"

enum { ALL = (1 << LOADERS) - 1, IMAGE_BYTES = BZIMAGE_SETUP_BYTES + 8192 };

#define STAGE	"/run/initramfs"
#define PAYLOAD STAGE "/payload"

static struct stage *stage;
static struct loading *loading;
static struct tree tree;
static struct kernel_image kernel;
static const char *said;

static int open_file(const char *path, int flags)
{
	char full[PATH_MAX];
	int fd;

	(void)snprintf(full, sizeof(full), "%s%s", fake_root(), path);
	fd = open(full, flags | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	return fd;
}

static void put_tree(void)
{
	static uint8_t image[IMAGE_BYTES];
	char why_not[256];

	fake_bzimage(image, sizeof(image));
	ck_assert_int_eq(kernel_parse(image, sizeof(image), sizeof(image), &kernel,
				      why_not, sizeof(why_not)),
			 0);
	fake_bytes(image, sizeof(image), "/result/bzImage");
	fake_file("the initrd", "/result/initrd");
	(void)open_file("/result/initrd", O_WRONLY); /* it is to be copied */
	tree = (struct tree){
		.kernel_name = (char *)"result/bzImage",
		.initrd_name = (char *)"result/initrd",
		.kernel_fd = open_file("/result/bzImage", O_RDONLY),
		.initrd_fd = open_file("/result/initrd", O_RDONLY),
		.kernel_bytes = sizeof(image),
		.initrd_bytes = 10,
		.command_line = (char *)"init=/init 'a b'",
	};
	ck_assert_int_eq(fstat(tree.kernel_fd, &tree.kernel_stat), 0);
	ck_assert_int_eq(fstat(tree.initrd_fd, &tree.initrd_stat), 0);
}

static void begin(void)
{
	const struct image image = { .data = (char *)"cpio", .size = 4 };

	machine_that_can_jump();
	machine_that_can_load();
	fake_file("3,1,1,-;long ago\n", "/dev/kmsg");
	put_tree();
	stage = stage_new(fake_root());
	ck_assert_int_eq(stage_mount(stage, &image, 0), 0);
	loading = loading_new(stage, &tree, &kernel);
	fake_forget();
}

static int run(unsigned int loaders)
{
	int r;

	output_catch();
	r = loading_run(loading, loaders);
	said = output_caught();
	return r;
}

#define assert_in(text, part) ck_assert_msg(strstr(text, part), "it is: %s", text)

static bool is_loaded(void)
{
	char *text = fake_text("/sys/kernel/kexec_loaded");
	bool is = strcmp(text, "1\n") == 0;

	free(text);
	return is;
}

START_TEST(names_each_loader)
{
	ck_assert_str_eq(loader_name(LOADER_GATHER), "gather");
	ck_assert_str_eq(loader_name(LOADER_LOAD), "load");
	ck_assert_str_eq(loader_name(LOADER_FILE), "file");
	ck_assert_str_eq(loader_name(LOADER_KEXEC_TOOLS), "kexec-tools");
}
END_TEST

/* What is not pinned any more may move: our init loads it again. */
START_TEST(gathers_first_and_leaves_nothing_loaded)
{
	begin();
	ck_assert_int_eq(run(ALL), 0);
	ck_assert_int_eq(loading->loader, LOADER_GATHER);
	ck_assert_str_eq(fake_log_of("kexec|execute"), "kexec load 1\nkexec unload\n");
	ck_assert(fake_exists(PAYLOAD "/seal"));
	ck_assert(!is_loaded());
	ck_assert_str_eq(said, "");
}
END_TEST

START_TEST(loads_everything_next)
{
	begin();
	fake_fail("kexec load 1", EPERM, 1);
	ck_assert_int_eq(run(ALL), 0);
	ck_assert_int_eq(loading->loader, LOADER_LOAD);
	ck_assert_str_eq(fake_log_of("kexec|execute"), "kexec load 3\n");
	ck_assert(is_loaded());
	ck_assert_str_eq(said, "pivot-kexec: loaded by 'load'; before that: gather: "
			       "kexec_load (Operation not permitted)\n");
}
END_TEST

/* Else our init would take it for what it is to load. */
START_TEST(leaves_nothing_in_the_stage_of_what_did_not_work)
{
	begin();
	fake_fail("kexec load 1", EPERM, 1);
	ck_assert_int_eq(run(ALL), 0);
	ck_assert(!fake_exists(PAYLOAD "/seal"));
	ck_assert(!fake_exists(PAYLOAD "/kernel"));
	ck_assert(!fake_exists(PAYLOAD "/initrd"));
	ck_assert(!fake_exists(PAYLOAD "/command-line"));
	ck_assert(!fake_exists(PAYLOAD "/setup"));
}
END_TEST

START_TEST(gives_the_files_to_the_kernel_next)
{
	static const int errors[] = { EPERM,  EACCES, ENOSYS,	    EINVAL,
				      ENOMEM, EBUSY,  EADDRNOTAVAIL };

	for (size_t i = 0; i < array_size(errors); i++) {
		begin();
		fake_fail("kexec load", errors[i], 2);
		ck_assert_int_eq(run(ALL), 0);
		ck_assert_int_eq(loading->loader, LOADER_FILE);
		ck_assert_str_eq(fake_log_of("kexec|execute"),
				 "kexec file load 'init=/init 'a b''\n");
		ck_assert(is_loaded());
		assert_in(said, strerror(errors[i]));
	}
	assert_in(said, "; load: kexec_load (");
}
END_TEST

static void look_at_program(void)
{
	char *text = fake_text(STAGE "/kexec");

	must(text && strcmp(text, "the kexec") == 0);
	free(text);
}

START_TEST(takes_kexec_tools_at_last)
{
	char words[PATH_MAX];
	int pid = 0, kernel_fd = -1, initrd_fd = -1;
	const char *at;

	begin();
	fake_fail("kexec load", ENOSYS, 2);
	fake_fail("kexec file", ENOSYS, 1);
	fake_then("execute", look_at_program);
	ck_assert_int_eq(run(ALL), 0);
	ck_assert_int_eq(loading->loader, LOADER_KEXEC_TOOLS);
	ck_assert_int_eq(fake_count("create " STAGE "/kexec 700"), 1);
	ck_assert_int_eq(fake_count("unlink " STAGE "/kexec"), 1);
	ck_assert(!fake_exists(STAGE "/kexec"));
	at = strstr(fake_log(), "execute");
	ck_assert_ptr_nonnull(at);
	ck_assert_int_eq(sscanf(at,
				"execute " STAGE "/kexec -c -l /proc/%d/fd/%d "
				"--command-line=init=/init 'a b' "
				"--initrd=/proc/%*d/fd/%d\n",
				&pid, &kernel_fd, &initrd_fd),
			 3);
	ck_assert_int_eq(kernel_fd, tree.kernel_fd);
	ck_assert_int_eq(initrd_fd, tree.initrd_fd);
	(void)snprintf(words, sizeof(words), "--initrd=/proc/%d/fd/", pid);
	assert_in(at, words); /* of the same process */
}
END_TEST

START_TEST(gives_kexec_tools_no_initrd_where_there_is_none)
{
	begin();
	tree.initrd_fd = -1;
	ck_assert_int_eq(run(1U << LOADER_KEXEC_TOOLS), 0);
	ck_assert_int_eq(fake_count("execute"), 1);
	ck_assert_ptr_null(strstr(fake_log(), "--initrd"));
}
END_TEST

START_TEST(removes_the_program_though_it_fails)
{
	begin();
	fake_fail("execute", ENOEXEC, 1);
	ck_assert_int_lt(run(1U << LOADER_KEXEC_TOOLS), 0);
	ck_assert(!fake_exists(STAGE "/kexec"));
	assert_in(said, "Tried: kexec-tools: kexec -c");
}
END_TEST

START_TEST(tries_only_what_it_may)
{
	static const char *const lines[LOADERS] = {
		"kexec load 1\nkexec unload\n", "kexec load 3\n",
		"kexec file load 'init=/init 'a b''\n", ""
	};

	for (int i = 0; i < LOADERS; i++) {
		begin();
		ck_assert_int_eq(run(1U << i), 0);
		ck_assert_int_eq(loading->loader, i);
		ck_assert_str_eq(fake_log_of("kexec"), lines[i]);
		ck_assert_int_eq(fake_count("execute"), i == LOADER_KEXEC_TOOLS);
		ck_assert_int_eq(fake_exists(PAYLOAD "/seal"), i == LOADER_GATHER);
	}
}
END_TEST

/* --- what no other loader could mend --- */

static void assert_final(int error)
{
	ck_assert_int_eq(run(ALL), error);
	ck_assert_int_eq(fake_count("kexec load 3"), 0);
	ck_assert_int_eq(fake_count("kexec file"), 0);
	ck_assert_int_eq(fake_count("execute"), 0);
	ck_assert_ptr_null(strstr(said, "Tried"));
}

static void change_kernel(void)
{
	fake_append("/result/bzImage", "more");
}

START_TEST(ends_where_the_tree_cannot_be_copied)
{
	begin();
	fake_fail("copy", ENOSPC, 1);
	assert_final(-ENOSPC);
	assert_in(said, "there is no memory left to copy 'result/bzImage' into");
	begin();
	fake_then("copy", change_kernel);
	assert_final(-ESTALE);
	assert_in(said, "changed while it was read");
}
END_TEST

static void die(void)
{
	(void)kill(getpid(), SIGKILL);
}

START_TEST(ends_where_it_is_not_known_what_became_of_a_loader)
{
	begin();
	fake_then("kexec load 1", die);
	assert_final(-EINTR);
	assert_in(said, "trying to load the target: the process that did it was killed");
}
END_TEST

/* Loaded twice, by another loader and by our init. */
START_TEST(ends_where_it_cannot_be_undone)
{
	begin();
	fake_fail("kexec unload", EPERM, FAKE_ALWAYS);
	assert_final(-EPERM);
	ck_assert_int_eq(fake_count("kexec unload"), 3);
	assert_in(said, "cannot unload the target again");
	begin();
	fake_fail("kexec load 1", ENOMEM, 1);
	fake_fail("unlink " PAYLOAD "/seal", EROFS, FAKE_ALWAYS);
	assert_final(-ENOMEM);
	assert_in(said, "cannot remove the target from the stage");
}
END_TEST

/* --- what is said --- */

static void complain(void)
{
	fake_append("/dev/kmsg", "3,2,2,-;kexec_file: kernel signature rejected\n");
}

static void fail_all(int error)
{
	begin();
	fake_fail("kexec load", EPERM, 2);
	fake_fail("kexec file", error, 1);
	fake_fail("execute", ENOEXEC, 1);
}

START_TEST(says_in_one_paragraph_what_was_tried_and_what_the_kernel_said)
{
	fail_all(EKEYREJECTED);
	fake_then("kexec file", complain);
	ck_assert_int_eq(run(ALL), -EKEYREJECTED);
	ck_assert_str_eq(
		said,
		"pivot-kexec: the kernel does not take 'result/bzImage'. Tried: gather: "
		"kexec_load (Operation not permitted); load: kexec_load (Operation not "
		"permitted); file: kexec_file_load (Key was rejected by service); "
		"kexec-tools: kexec -c (Exec format error)\n"
		"pivot-kexec: the kernel's log says: kexec_file: kernel signature "
		"rejected\n"
		"pivot-kexec: the kernel takes signed kernels only, and does not trust "
		"this one: turn Secure Boot off in the firmware, or use a kernel signed "
		"by a key this machine trusts\n");
}
END_TEST

START_TEST(says_that_lockdown_does_not_trust_the_key)
{
	fail_all(EPERM);
	fake_file("none [integrity] confidentiality\n", "/sys/kernel/security/lockdown");
	ck_assert_int_eq(run(1U << LOADER_FILE), -EPERM);
	assert_in(said, "locked down and does not trust the key");
	fail_all(EPERM); /* whatever the kernel is signed by */
	fake_file("none [integrity] confidentiality\n", "/sys/kernel/security/lockdown");
	ck_assert_int_eq(run(1U << LOADER_GATHER), -EPERM);
	assert_in(said, "the kernel forbids it: lockdown");
	fail_all(EPERM);
	ck_assert_int_eq(run(1U << LOADER_FILE), -EPERM);
	assert_in(said, "the kernel forbids it: lockdown");
}
END_TEST

START_TEST(says_nothing_of_a_log_that_says_nothing)
{
	fail_all(EBUSY);
	ck_assert_int_eq(run(ALL), -EBUSY);
	ck_assert_ptr_null(strstr(said, "log says"));
	assert_in(said, "another kexec load is under way");
	fail_all(EBUSY);
	fake_remove("/dev/kmsg");
	ck_assert_int_eq(run(ALL), -EBUSY);
	ck_assert_ptr_null(strstr(said, "log says"));
}
END_TEST

/* An errno means what it does in the kernel's load, and something else elsewhere. */
START_TEST(does_not_explain_as_the_kernels_what_it_was_not_asked)
{
	begin();
	fake_remove("/sys/firmware/memmap");
	fake_directory("/sys/firmware/memmap");
	ck_assert_int_eq(run(1U << LOADER_GATHER), -ENODATA);
	assert_in(said, "Tried: gather: cannot read the memory map");
	ck_assert_ptr_null(strstr(said, "signed"));
	begin();
	fake_fail("execute", EPERM, 1);
	ck_assert_int_eq(run(1U << LOADER_KEXEC_TOOLS), -EPERM);
	ck_assert_ptr_null(strstr(said, "lockdown"));
}
END_TEST

START_TEST(quotes_kexec_tools_as_it_ended)
{
	begin();
	fake_exit(255, "\nkexec_load failed: \tIn use\nentry       = 0x9d7f0\n");
	ck_assert_int_eq(run(1U << LOADER_KEXEC_TOOLS), -EIO);
	assert_in(said, "Tried: kexec-tools: kexec -c (exited with 255: kexec_load "
			"failed: ?In use)\n");
	ck_assert(!fake_exists(STAGE "/kexec"));
	begin();
	fake_exit(137, "");
	ck_assert_int_eq(run(1U << LOADER_KEXEC_TOOLS), -EIO);
	assert_in(said, "Tried: kexec-tools: kexec -c (exited with 137)\n");
}
END_TEST

UNIT_MAIN("loading", names_each_loader, gathers_first_and_leaves_nothing_loaded,
	  loads_everything_next, leaves_nothing_in_the_stage_of_what_did_not_work,
	  gives_the_files_to_the_kernel_next, takes_kexec_tools_at_last,
	  gives_kexec_tools_no_initrd_where_there_is_none,
	  removes_the_program_though_it_fails, tries_only_what_it_may,
	  ends_where_the_tree_cannot_be_copied,
	  ends_where_it_is_not_known_what_became_of_a_loader,
	  ends_where_it_cannot_be_undone,
	  says_in_one_paragraph_what_was_tried_and_what_the_kernel_said,
	  says_that_lockdown_does_not_trust_the_key,
	  says_nothing_of_a_log_that_says_nothing, quotes_kexec_tools_as_it_ended,
	  does_not_explain_as_the_kernels_what_it_was_not_asked)
