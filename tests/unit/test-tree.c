// SPDX-License-Identifier: GPL-2.0-or-later
#include "unit.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pivot/tree/tree.h"

/*
 * Each test runs in a process of its own, in an empty folder that is its working
 * directory, below one that main() makes and removes.
 */
static char base[] = "/tmp/test-tree-XXXXXX";

static struct tree tree = TREE_INIT;
static struct tree_options options;
static char told[8192]; /* what the last open_tree() logged */

static const char kexec_boot[] =
	"#!/usr/bin/env bash\n"
	"SCRIPT_DIR=$( cd -- \"$( dirname -- \"${BASH_SOURCE[0]}\" )\" &> /dev/null && pwd )\n"
	"kexec --load ${SCRIPT_DIR}/bzImage \\\n"
	"  --initrd=${SCRIPT_DIR}/initrd.gz \\\n"
	"  --command-line \"init=/nix/store/h-sys/init root=fstab\"\n"
	"kexec -e\n";

static const char run[] =
	"#!/bin/sh\ninit=\"/nix/store/h-sys/init\"\nkernelParams=\"a b\"\n"
	"SCRIPT_DIR=$(dirname \"$(readlink -f \"$0\")\")\n"
	"sh -c \"'$SCRIPT_DIR/kexec' --load '$SCRIPT_DIR/bzImage' \\\n"
	"  --initrd='$SCRIPT_DIR/initrd' --command-line 'init=$init $kernelParams'\"\n";

static void enter_empty_folder(void)
{
	char path[sizeof(base) + 7];

	(void)snprintf(path, sizeof(path), "%s/XXXXXX", base);
	ck_assert_ptr_nonnull(mkdtemp(path));
	ck_assert_int_eq(chdir(path), 0);
	options = (struct tree_options){ 0 };
}

static void put(const char *path, const char *content)
{
	FILE *file;

	for (const char *at = path; (at = strchr(at, '/')); at++) {
		char folder[256];

		(void)snprintf(folder, sizeof(folder), "%.*s", (int)(at - path), path);
		(void)mkdir(folder, 0755);
	}
	file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	(void)fputs(content, file);
	ck_assert_int_eq(fclose(file), 0);
}

static int open_tree(const char *path)
{
	int log = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	int saved = dup(STDERR_FILENO);
	ssize_t n;
	int r;

	tree_done(&tree);
	(void)dup2(log, STDERR_FILENO);
	r = tree_open(path, &options, &tree);
	(void)dup2(saved, STDERR_FILENO);
	n = pread(log, told, sizeof(told) - 1, 0);
	told[n < 0 ? 0 : n] = '\0';
	(void)close(log);
	(void)close(saved);
	return r;
}

/* A descriptor for reading only, at the beginning, not open for writing anywhere. */
static void expect_content(int fd, uint64_t bytes, const char *expected)
{
	char content[256] = "";

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDONLY);
	ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
	ck_assert_int_eq(read(fd, content, sizeof(content) - 1),
			 (ssize_t)strlen(expected));
	ck_assert_str_eq(content, expected);
	ck_assert_uint_eq(bytes, strlen(expected));
	/* a read lease is refused while anybody could write */
	ck_assert_int_eq(fcntl(fd, F_SETLEASE, F_RDLCK), 0);
}

static void expect_tree(const char *path, const char *form, const char *command_line)
{
	int r = open_tree(path);

	ck_assert_msg(r == 0, "%d: %s", r, told);
	ck_assert_str_eq(tree.form, form);
	ck_assert_str_eq(tree.command_line, command_line);
	expect_content(tree.kernel_fd, tree.kernel_bytes, "KERNEL");
	expect_content(tree.initrd_fd, tree.initrd_bytes, "0707INITRD");
	tree_done(&tree);
}

static void expect_told(const char *sentence)
{
	char line[1024];

	(void)snprintf(line, sizeof(line), "pivot-kexec: %s\n", sentence);
	ck_assert_msg(strstr(told, line), "told:\n%snot:\n%s", told, line);
}

static void expect_only(const char *sentence)
{
	expect_told(sentence);
	ck_assert_msg(strchr(told, '\n') == strrchr(told, '\n'), "told more:\n%s", told);
}

static void put_kexec_tree(const char *folder)
{
	char path[256];
	const char *const files[][2] = { { "bzImage", "KERNEL" },
					 { "initrd.gz", "0707INITRD" },
					 { "kexec-boot", kexec_boot } };

	for (size_t i = 0; i < 3; i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", folder, files[i][0]);
		put(path, files[i][1]);
	}
}

/* --- forms --- */

START_TEST(takes_todays_kexec_tree)
{
	enter_empty_folder();
	put_kexec_tree("result");
	expect_tree("result", "nixpkgs kexecTree",
		    "init=/nix/store/h-sys/init root=fstab");
	expect_tree("./result/", "nixpkgs kexecTree",
		    "init=/nix/store/h-sys/init root=fstab");
	ck_assert_int_eq(chdir("result"), 0);
	expect_tree(".", "nixpkgs kexecTree", "init=/nix/store/h-sys/init root=fstab");
}
END_TEST

START_TEST(takes_the_kexec_tree_of_the_manual_with_another_initrd_name)
{
	enter_empty_folder();
	put_kexec_tree("t");
	ck_assert_int_eq(rename("t/initrd.gz", "t/initrd"), 0);
	expect_tree("t", "nixpkgs kexecTree", "init=/nix/store/h-sys/init root=fstab");
	expect_only("'kexec-boot' names 'initrd.gz', which is not in the tree: taking "
		    "'initrd'");
}
END_TEST

START_TEST(takes_a_kexec_tree_of_links_as_nix_builds_it)
{
	enter_empty_folder();
	put_kexec_tree("store");
	ck_assert_int_eq(mkdir("farm", 0755), 0);
	ck_assert_int_eq(symlink("../store/bzImage", "farm/bzImage"), 0);
	ck_assert_int_eq(symlink("../store/initrd.gz", "farm/initrd.gz"), 0);
	ck_assert_int_eq(symlink("../store/kexec-boot", "farm/kexec-boot"), 0);
	ck_assert_int_eq(symlink("farm", "result"), 0);
	expect_tree("result", "nixpkgs kexecTree",
		    "init=/nix/store/h-sys/init root=fstab");
}
END_TEST

START_TEST(takes_kernel_and_kernel_params)
{
	enter_empty_folder();
	put("t/kernel", "KERNEL");
	put("t/initrd.zst", "0707INITRD");
	put("t/kernel-params", "init=/nix/store/h/init\nquiet \n");
	expect_tree("t", "kernel with kernel-params", "init=/nix/store/h/init quiet");
}
END_TEST

/* Its script is none of kexec's, and what that names is not looked at. */
START_TEST(takes_a_bundle)
{
	enter_empty_folder();
	put("b/kexec/run", "#!/bin/sh\nexec \"$here/pivot-kexec\" run \\\n"
			   "\t--skip='kexec --command-line=x' \\\n\t\"$@\" \"$here\"\n");
	put("b/kexec/command-line", "init=/nix/store/h/init it's $HOME\n");
	put("b/kexec/bzImage", "KERNEL");
	put("b/kexec/initrd", "0707INITRD");
	put("b/kexec/files/middle-modules-1/kernel", "none");
	expect_tree("b", "pivot-kexec bundle", "init=/nix/store/h/init it's $HOME");
	expect_tree("b/kexec", "pivot-kexec bundle", "init=/nix/store/h/init it's $HOME");
	ck_assert_int_eq(unlink("b/kexec/initrd"), 0);
	ck_assert_int_eq(open_tree("b"), 0);
	ck_assert_int_eq(tree.initrd_fd, -1);
}
END_TEST

START_TEST(takes_a_system_profile_by_its_store_path)
{
	enter_empty_folder();
	put("nix/store/h-sys/kernel", "KERNEL");
	put("nix/store/h-sys/initrd", "0707INITRD");
	put("nix/store/h-sys/init", "#!");
	put("nix/store/h-sys/kernel-params", "loglevel=4\n");
	ck_assert_int_eq(symlink("nix/store/h-sys", "system-1-link"), 0);
	ck_assert_int_eq(symlink("system-1-link", "system"), 0);
	expect_tree("system", "NixOS system profile",
		    "loglevel=4 init=/nix/store/h-sys/init");
}
END_TEST

START_TEST(does_not_invent_the_init_of_a_system_outside_the_store)
{
	enter_empty_folder();
	put("sys/kernel", "KERNEL");
	put("sys/initrd", "0707INITRD");
	put("sys/init", "#!");
	put("sys/kernel-params", "loglevel=4\n");
	ck_assert_int_eq(open_tree("sys"), -ENODATA);
	expect_only(
		"'kernel-params' has no init=, and the system is not in /nix/store, so that "
		"its init is not known: give --command-line");
}
END_TEST

START_TEST(takes_the_nixos_images_tarball_unpacked)
{
	enter_empty_folder();
	put("kexec/bzImage", "KERNEL");
	put("kexec/initrd", "0707INITRD");
	put("kexec/run", run);
	put("kexec/ip", "binary");
	expect_tree("kexec", "nixos-images kexec tarball",
		    "init=/nix/store/h-sys/init a b");
	expect_tree(".", "nixos-images kexec tarball", "init=/nix/store/h-sys/init a b");
}
END_TEST

START_TEST(takes_an_older_nixos_images_tarball)
{
	enter_empty_folder();
	put("kexec/bzImage", "KERNEL");
	put("kexec/initrd", "0707INITRD");
	put("kexec/run",
	    "#!/usr/bin/env bash\nset -ex\nshopt -s nullglob\n"
	    "SCRIPT_DIR=$( cd -- \"$( dirname -- \"${BASH_SOURCE[0]}\" )\" &> /dev/null && pwd )\n"
	    "INITRD_TMP=$(TMPDIR=$SCRIPT_DIR mktemp -d)\ncd \"$INITRD_TMP\"\n"
	    "grep -o '\\(ssh-[^ ]* .*\\)' /root/.ssh/authorized_keys >> ssh/authorized_keys\n"
	    "find | cpio -o -H newc | gzip -9 > ../extra.gz\npopd\n"
	    "cat \"${SCRIPT_DIR}/initrd\" extra.gz > final-initrd\n"
	    "\"$SCRIPT_DIR/kexec\" --load \"${SCRIPT_DIR}/bzImage\" \\\n"
	    "  --initrd=final-initrd \\\n  --command-line \"init=/nix/store/h/init a\"\n"
	    "nohup bash -c \"sleep 6 && '$SCRIPT_DIR/kexec' -e\" &\n");
	expect_tree(".", "nixos-images kexec tarball", "init=/nix/store/h/init a");
	expect_only("'run' names 'final-initrd', which is not in the tree: taking "
		    "'initrd'");
}
END_TEST

START_TEST(takes_a_nixos_generators_image)
{
	enter_empty_folder();
	put("image/kernel", "KERNEL");
	put("image/initrd", "0707INITRD");
	put("image/cmdline", "init=/i quiet");
	expect_tree("image", "nixos-generators image", "init=/i quiet");
	put("kexec_nixos", "#!/bin/sh\n");
	expect_tree(".", "nixos-generators image", "init=/i quiet");
}
END_TEST

START_TEST(takes_no_folder_for_the_file_that_marks_a_form)
{
	enter_empty_folder();
	put("t/run/x", "x");
	put("t/kexec-boot/x", "x");
	put("t/kernel", "KERNEL");
	put("t/initrd", "0707INITRD");
	put("t/cmdline", "init=/i");
	expect_tree("t", "nixos-generators image", "init=/i");
}
END_TEST

START_TEST(takes_a_netboot_folder)
{
	enter_empty_folder();
	put("t/bzImage", "KERNEL");
	put("t/initrd", "0707INITRD");
	put("t/netboot.ipxe",
	    "#!ipxe\nkernel bzImage init=/i initrd=initrd q ${cmdline}\n"
	    "initrd initrd\nboot\n");
	expect_tree("t", "netboot", "init=/i q");
}
END_TEST

START_TEST(takes_a_bare_kernel_and_initrd_with_a_command_line)
{
	enter_empty_folder();
	put("t/vmlinuz", "KERNEL");
	put("t/initrd.img", "0707INITRD");
	ck_assert_int_eq(open_tree("t"), -ENODATA);
	expect_only("'t' tells no command line: give it with --command-line");
	options.command_line = "init=/i";
	expect_tree("t", "kernel and initrd", "init=/i");
}
END_TEST

START_TEST(reads_kernel_params_that_the_script_includes)
{
	enter_empty_folder();
	put_kexec_tree("a/t");
	put("a/t/kernel-params", "init=/i x\n");
	put("a/t/kexec-boot",
	    "D=$(dirname $0)\nkexec --load $D/bzImage --initrd=$D/initrd.gz "
	    "--command-line=\"$(< \"$D/kernel-params\")\"\n");
	expect_tree("a", "nixpkgs kexecTree", "init=/i x");
	put("a/t/kexec-boot", "kexec --load ./bzImage --initrd=./initrd.gz "
			      "--append \"init=/i $(cat kernel-params)\"\n");
	ck_assert_int_eq(open_tree("a"), -ENODATA);
	expect_only(
		"the command line in 'kexec-boot' holds '$(cat kernel-params)', which "
		"only running the script would tell: give it with --command-line "
		"'init=/i '");
}
END_TEST

START_TEST(takes_the_initrd_a_script_would_extend)
{
	enter_empty_folder();
	put("t/bzImage", "KERNEL");
	put("t/initrd", "0707INITRD");
	put("t/run",
	    "D=$(dirname $0)\ncat \"$D/initrd\" extra.gz > final\n"
	    "\"$D/kexec\" --load \"$D/bzImage\" --initrd=final --append \"init=/i\"\n");
	expect_tree("t", "nixos-images kexec tarball", "init=/i");
	expect_only("'run' names 'final', which is not in the tree: taking 'initrd'");
}
END_TEST

START_TEST(takes_a_tree_without_an_initrd)
{
	enter_empty_folder();
	put("t/kernel", "KERNEL");
	put("t/cmdline", "root=/dev/vda1");
	ck_assert_int_eq(open_tree("t"), 0);
	ck_assert_int_eq(tree.initrd_fd, -1);
	ck_assert_ptr_null(tree.initrd_name);
	tree_done(&tree);
}
END_TEST

START_TEST(asks_which_of_several_trees_is_meant)
{
	enter_empty_folder();
	put_kexec_tree("one");
	put_kexec_tree("two");
	ck_assert_int_eq(open_tree("."), -ENOTUNIQ);
	/* in the order in which the folder lists them */
	ck_assert_ptr_nonnull(strstr(told, "'.' holds several trees, '"));
	ck_assert_ptr_nonnull(strstr(told, "' among them: name one of them\n"));
}
END_TEST

/* --- options --- */

START_TEST(lets_options_replace_what_the_tree_says)
{
	enter_empty_folder();
	put_kexec_tree("t");
	put("t/bzImage", "other");
	put("k", "KERNEL");
	put("i", "0707INITRD");
	options = (struct tree_options){ .kernel = "k",
					 .initrds = (const char *const[]){ "i" },
					 .n_initrds = 1,
					 .command_line = "x",
					 .append = "y z" };
	expect_tree("t", "nixpkgs kexecTree", "x y z");
	options.command_line = NULL;
	expect_tree("t", "nixpkgs kexecTree",
		    "init=/nix/store/h-sys/init root=fstab y z");
}
END_TEST

START_TEST(needs_no_tree_where_options_name_the_kernel)
{
	enter_empty_folder();
	put("k", "KERNEL");
	options.kernel = "k";
	ck_assert_int_eq(open_tree(NULL), -ENODATA);
	expect_only("there is no command line: give it with --command-line");
	options.command_line = "";
	ck_assert_int_eq(open_tree(NULL), 0);
	ck_assert_str_eq(tree.form, "options");
	ck_assert_str_eq(tree.kernel_name, "k");
	ck_assert_str_eq(tree.command_line, "");
	ck_assert_int_eq(tree.initrd_fd, -1);
	tree_done(&tree);
	options.kernel = NULL;
	ck_assert_int_eq(open_tree(NULL), -EINVAL);
	expect_only("nothing to jump to: name a tree, or give --kernel, --initrd and "
		    "--command-line");
}
END_TEST

START_TEST(concatenates_initrds_in_order_and_pads_each_to_four_bytes)
{
	char content[32];

	enter_empty_folder();
	put_kexec_tree("t");
	put("one", "07345");
	put("two", "0734");
	put("three", "1");
	options.initrds = (const char *const[]){ "one", "two", "three" };
	options.n_initrds = 3;
	ck_assert_int_eq(open_tree("t"), 0);
	ck_assert_str_eq(tree.initrd_name, "one + two + three");
	ck_assert_uint_eq(tree.initrd_bytes, 16);
	ck_assert_int_eq(read(tree.initrd_fd, content, sizeof(content)), 16);
	ck_assert_mem_eq(content,
			 "07345\0\0\0"
			 "0734"
			 "1\0\0\0",
			 16);
	ck_assert_int_eq(fcntl(tree.initrd_fd, F_GETFL) & O_ACCMODE, O_RDONLY);
	tree_done(&tree);
}
END_TEST

START_TEST(copies_no_initrds_larger_than_the_memory)
{
	enter_empty_folder();
	put_kexec_tree("t");
	put("one", "07345");
	put("two", "0734");
	ck_assert_int_eq(truncate("two", 1LL << 43), 0);
	options.initrds = (const char *const[]){ "one", "two" };
	options.n_initrds = 2;
	ck_assert_int_eq(open_tree("t"), -EFBIG);
	ck_assert_ptr_nonnull(strstr(told,
				     "a file of 8.0 TiB is to be unpacked, and this "
				     "machine has "));
}
END_TEST

START_TEST(refuses_a_command_line_with_an_open_quote)
{
	enter_empty_folder();
	put_kexec_tree("t");
	options.command_line = "a=\"b c\" d=\"e init=/i";
	ck_assert_int_eq(open_tree("t"), -EINVAL);
	expect_only("the command line has a double quote that is never closed, and the "
		    "kernel would take all behind it for one parameter: give it with "
		    "--command-line");
	options.append = "f\"";
	expect_tree("t", "nixpkgs kexecTree", "a=\"b c\" d=\"e init=/i f\"");
}
END_TEST

START_TEST(puts_the_command_line_on_one_line)
{
	enter_empty_folder();
	put_kexec_tree("t");
	options.command_line = "\n a\tb\n  c  \n";
	expect_tree("t", "nixpkgs kexecTree", "a b   c");
	options.command_line = "a\033b";
	ck_assert_int_eq(open_tree("t"), -EINVAL);
	expect_only("the command line holds the control character 0x1b: give it with "
		    "--command-line");
}
END_TEST

/* --- unified kernel images --- */

struct section {
	const char *name;
	const char *content; /* of the kernel: see bzimage() */
};

enum { BZIMAGE_BYTES = 1024 + 16 };

static void put_number(uint8_t *at, size_t value, unsigned int bytes)
{
	for (; bytes--; value >>= 8)
		*at++ = (uint8_t)value;
}

/* So much of a kernel that it is taken for one. */
static const uint8_t *bzimage(void)
{
	static uint8_t bytes[BZIMAGE_BYTES];

	bytes[0x1f1] = 1;
	bytes[0x1f4] = 1;
	put_number(bytes + 0x1fe, 0xaa55, 2);
	memcpy(bytes + 0x202, "HdrS", 4);
	put_number(bytes + 0x206, 0x20f, 2);
	bytes[0x211] = 1;
	bytes[0x236] = 3;
	put_number(bytes + 0x260, 1 << 20, 4);
	return bytes;
}

/* A PE header at 0x40, its sections behind one another from 0x400 on. */
static void put_unified(const char *path, const struct section *sections)
{
	uint8_t image[0x1000] = "MZ";
	uint8_t *header = image + 0x40 + 24 + 240;
	size_t at = 0x400, n = 0;
	FILE *file;

	for (; sections[n].name; n++, header += 40) {
		bool is_kernel = strcmp(sections[n].content, "KERNEL") == 0;
		size_t bytes = is_kernel ? BZIMAGE_BYTES : strlen(sections[n].content);

		memcpy(header, sections[n].name, strlen(sections[n].name));
		put_number(header + 8, bytes, 4);
		put_number(header + 16, (bytes + 15) & ~15UL, 4);
		put_number(header + 20, at, 4);
		memcpy(image + at,
		       is_kernel ? bzimage() : (const void *)sections[n].content, bytes);
		at += (bytes + 15) & ~15UL;
	}
	put_number(image + 0x3c, 0x40, 4);
	memcpy(image + 0x40, "PE", 2);
	put_number(image + 0x46, n, 2);
	put_number(image + 0x54, 240, 2);
	file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(image, 1, sizeof(image), file), sizeof(image));
	ck_assert_int_eq(fclose(file), 0);
}

/* Like expect_tree(), whose kernel is that of an image. */
static void expect_unified(const char *path, const char *form, const char *command_line)
{
	uint8_t kernel[BZIMAGE_BYTES + 1];
	int r = open_tree(path);

	ck_assert_msg(r == 0, "%d: %s", r, told);
	ck_assert_str_eq(tree.form, form);
	ck_assert_str_eq(tree.command_line, command_line);
	ck_assert_uint_eq(tree.kernel_bytes, BZIMAGE_BYTES);
	ck_assert_int_eq(read(tree.kernel_fd, kernel, sizeof(kernel)), BZIMAGE_BYTES);
	ck_assert_mem_eq(kernel, bzimage(), BZIMAGE_BYTES);
	ck_assert_int_eq(fcntl(tree.kernel_fd, F_SETLEASE, F_RDLCK), 0);
	expect_content(tree.initrd_fd, tree.initrd_bytes, "0707INITRD");
	tree_done(&tree);
}

static const struct section whole[] = { { ".text", "code" },
					{ ".cmdline", "init=/i quiet\n" },
					{ ".initrd", "0707INITRD" },
					{ ".linux", "KERNEL" },
					{ 0 } };

START_TEST(takes_a_unified_kernel_image_as_the_tree)
{
	enter_empty_folder();
	put_unified("foo.efi", whole);
	expect_unified("./foo.efi", "unified kernel image", "init=/i quiet");
	ck_assert_str_eq(told, "");
	ck_assert_int_eq(open_tree("foo.efi"), 0);
	ck_assert_str_eq(tree.kernel_name, "foo.efi (.linux)");
	ck_assert_str_eq(tree.initrd_name, "foo.efi (.initrd)");
	ck_assert_int_eq(fcntl(tree.kernel_fd, F_GETFL) & O_ACCMODE, O_RDONLY);
	tree_done(&tree);
	options.append = "more";
	expect_unified("foo.efi", "unified kernel image", "init=/i quiet more");
}
END_TEST

START_TEST(takes_a_unified_kernel_image_as_the_kernel)
{
	enter_empty_folder();
	put_unified("foo.efi", whole);
	options.kernel = "foo.efi";
	expect_unified(NULL, "unified kernel image", "init=/i quiet");
	options.command_line = "other";
	expect_unified(NULL, "unified kernel image", "other");
}
END_TEST

START_TEST(takes_a_unified_kernel_image_in_a_tree)
{
	enter_empty_folder();
	put_kexec_tree("t");
	put_unified("t/bzImage", (const struct section[]){ { ".linux", "KERNEL" },
							   { ".initrd", "0707other" },
							   { ".cmdline", "other" },
							   { 0 } });
	expect_unified("t", "nixpkgs kexecTree", "init=/nix/store/h-sys/init root=fstab");
	ck_assert_int_eq(mkdir("u", 0755), 0);
	put_unified("u/vmlinuz", whole);
	expect_unified("u", "unified kernel image", "init=/i quiet");
	/* what the script does not say, the image does */
	ck_assert_int_eq(unlink("t/initrd.gz"), 0);
	put_unified("t/bzImage", whole);
	put("t/kexec-boot", "kexec --load ./bzImage\n");
	expect_unified("t", "nixpkgs kexecTree", "init=/i quiet");
	put("t/kexec-boot", "kexec --load ./bzImage --append \"$1\"\n");
	ck_assert_int_eq(open_tree("t"), -ENODATA);
	expect_only("the command line in 'kexec-boot' holds '$1', which only running the "
		    "script would tell: give it with --command-line ''");
}
END_TEST

START_TEST(lets_options_replace_parts_of_a_unified_kernel_image)
{
	enter_empty_folder();
	put_unified("foo.efi", (const struct section[]){ { ".linux", "other" },
							 { ".initrd", "0707other" },
							 { ".ucode", "0707ucode" },
							 { ".cmdline", "init=/i" },
							 { 0 } });
	put("k", "KERNEL");
	put("i", "0707INITRD");
	options.kernel = "k";
	options.initrds = (const char *const[]){ "i" };
	options.n_initrds = 1;
	expect_tree("foo.efi", "unified kernel image", "init=/i");
}
END_TEST

START_TEST(puts_the_microcode_before_the_initrd)
{
	char content[32];

	enter_empty_folder();
	put_unified("foo.efi", (const struct section[]){ { ".linux", "KERNEL" },
							 { ".initrd", "0707INITRD" },
							 { ".ucode", "0707U" },
							 { ".cmdline", "a" },
							 { 0 } });
	ck_assert_int_eq(open_tree("foo.efi"), 0);
	ck_assert_str_eq(tree.initrd_name, "foo.efi (.ucode) + foo.efi (.initrd)");
	ck_assert_int_eq(read(tree.initrd_fd, content, sizeof(content)), 20);
	ck_assert_mem_eq(content,
			 "0707U\0\0\0"
			 "0707INITRD\0\0",
			 20);
	tree_done(&tree);
}
END_TEST

START_TEST(says_that_profiles_are_not_taken)
{
	enter_empty_folder();
	put_unified("foo.efi", (const struct section[]){ { ".linux", "KERNEL" },
							 { ".initrd", "0707INITRD" },
							 { ".cmdline", "base" },
							 { ".profile", "ID=x" },
							 { ".cmdline", "profile" },
							 { 0 } });
	expect_unified("foo.efi", "unified kernel image", "base");
	expect_only("'foo.efi' has profiles, and none is taken: only what stands before "
		    "them");
}
END_TEST

START_TEST(says_what_is_wrong_with_a_unified_kernel_image)
{
	enter_empty_folder();
	put_unified("u", whole);
	ck_assert_int_eq(truncate("u", 0x420), 0);
	ck_assert_int_eq(open_tree("u"), -EBADMSG);
	expect_only("'u' is a unified kernel image whose .initrd section lies outside "
		    "the file: copy or download it again");
	options.kernel = "u";
	ck_assert_int_eq(open_tree(NULL), -EBADMSG);
	expect_only("'u' is a unified kernel image whose .initrd section lies outside "
		    "the file: copy or download it again");
	options.kernel = NULL;
	put_unified("u", (const struct section[]){ { ".linux", "KERNEL" },
						   { ".initrd", "<html>404" },
						   { 0 } });
	ck_assert_int_eq(open_tree("u"), -EINVAL);
	expect_told("'u (.initrd)' is a web page, not an initrd: the download failed, "
		    "get it again");
	expect_told("'u' has no command line in it: give it with --command-line");
	put_unified("u", (const struct section[]){ { ".linux", "kernel" },
						   { ".cmdline", "init=/i" },
						   { 0 } });
	ck_assert_int_eq(open_tree("u"), -ENOEXEC);
	expect_only("'u (.linux)' is text: name the kernel, mostly 'bzImage'");
	put_unified("u", (const struct section[]){ { ".linux", "KERNEL" },
						   { ".cmdline", "a\033b" },
						   { 0 } });
	ck_assert_int_eq(open_tree("u"), -EINVAL);
	expect_only("the command line holds the control character 0x1b: give it with "
		    "--command-line");
}
END_TEST

START_TEST(takes_no_command_line_of_binary_data_or_without_end)
{
	int fd;

	enter_empty_folder();
	put_unified("u", (const struct section[]){ { ".linux", "KERNEL" },
						   { ".cmdline", "init=/i quiet" },
						   { 0 } });
	fd = open("u", O_WRONLY | O_CLOEXEC);
	ck_assert_int_eq(pwrite(fd, "", 1, 0x400 + BZIMAGE_BYTES + 2), 1);
	ck_assert_int_eq(open_tree("u"), -EINVAL);
	expect_only("the .cmdline of 'u' is binary data, not a command line: give "
		    "--command-line");
	/* the sizes of the second section */
	ck_assert_int_eq(pwrite(fd, "\1\0\1", 3, 0x40 + 24 + 240 + 40 + 8), 3);
	ck_assert_int_eq(pwrite(fd, "\1\0\1", 3, 0x40 + 24 + 240 + 40 + 16), 3);
	ck_assert_int_eq(ftruncate(fd, 1 << 20), 0);
	(void)close(fd);
	ck_assert_int_eq(open_tree("u"), -EFBIG);
	expect_only("the .cmdline of 'u' has more than 65536 bytes, too many for a "
		    "command line: give --command-line");
}
END_TEST

START_TEST(says_what_else_was_named_as_the_tree)
{
	enter_empty_folder();
	put("elf", "\x7f"
		   "ELF\x02\x01            >");
	put_unified("addon", (const struct section[]){ { ".cmdline", "a" }, { 0 } });
	ck_assert_int_eq(open_tree("elf"), -EINVAL);
	ck_assert_ptr_nonnull(strstr(told, "'elf' is an ELF file for "));
	ck_assert_int_eq(open_tree("addon"), -EINVAL);
	expect_only(
		"'addon' is an add-on of a unified kernel image: name the image it is "
		"for, and give what the add-on adds with --initrd and --append");
}
END_TEST

/* --- what is refused --- */

START_TEST(refuses_a_command_line_only_the_script_would_tell)
{
	enter_empty_folder();
	put_kexec_tree("t");
	put("t/kexec-boot", "kexec --load ./bzImage --initrd=./initrd.gz "
			    "--command-line \"init=/i ${1:+$1} q\"\n");
	ck_assert_int_eq(open_tree("t"), -ENODATA);
	expect_only(
		"the command line in 'kexec-boot' holds '${1:+$1}', which only running the "
		"script would tell: give it with --command-line 'init=/i  q'");
	options.command_line = "init=/i";
	expect_tree("t", "nixpkgs kexecTree", "init=/i");
}
END_TEST

START_TEST(says_why_a_script_is_not_understood)
{
	enter_empty_folder();
	put_kexec_tree("t");
	put("t/kexec-boot", "kexec --load 'a\n");
	ck_assert_int_eq(open_tree("t"), -ENODATA);
	expect_only("'kexec-boot' has a quote or bracket that is never closed: give "
		    "--command-line");
}
END_TEST

START_TEST(shows_no_control_characters_of_a_name)
{
	enter_empty_folder();
	put("t/k\033[2J", "KERNEL");
	put("t/i\n", "0707INITRD");
	put("t/kexec-boot",
	    "kexec --load './k\033[2J' --initrd='./i\n' --append init=/i\n");
	ck_assert_int_eq(open_tree("t"), 0);
	ck_assert_str_eq(tree.kernel_name, "k?[2J");
	ck_assert_str_eq(tree.initrd_name, "i?");
	tree_done(&tree);
}
END_TEST

START_TEST(drops_what_a_script_says_that_is_not_understood)
{
	enter_empty_folder();
	put_kexec_tree("t");
	put("t/kexec-boot",
	    "kexec --load ./bzImage --initrd=./initrd.gz --append init=/i\n"
	    "kexec --load ./bzImage --initrd=./initrd.gz --append init=/j\n");
	ck_assert_int_eq(open_tree("t"), -ENODATA);
	expect_only("'kexec-boot' loads different kernels in different cases: give "
		    "--command-line");
	put("t/kexec-boot",
	    "kexec --load ./bzImage --initrd=./initrd.gz --append init=/i\n"
	    "echo 'and so on\n");
	ck_assert_int_eq(open_tree("t"), -ENODATA);
	expect_only("'kexec-boot' has a quote or bracket that is never closed: give "
		    "--command-line");
}
END_TEST

START_TEST(says_briefly_what_is_long)
{
	static char script[20000];
	char *end = script;

	enter_empty_folder();
	put_kexec_tree("t");
	end += sprintf(end, "kexec --load ./");
	memset(end, 'k', 9000);
	end = stpcpy(end + 9000, " --append \"$(");
	memset(end, 'x', 9000);
	strcpy(end + 9000, ")\"\n");
	put("t/kexec-boot", script);
	ck_assert_int_eq(open_tree("t"), -ENODATA);
	ck_assert_ptr_nonnull(
		strstr(told, "k', which is not in the tree: taking 'bzImage'\n"));
	ck_assert_ptr_nonnull(strstr(told,
				     "x...', which only running the script would tell: "
				     "give --command-line\n"));
	ck_assert_int_eq(unlink("t/bzImage"), 0);
	ck_assert_int_eq(open_tree("t"), -ENAMETOOLONG);
	ck_assert_ptr_nonnull(strstr(told,
				     "k...' is longer than any path: is this what the "
				     "script means?\n"));
}
END_TEST

START_TEST(refuses_a_script_over_one_mebibyte)
{
	enter_empty_folder();
	put_kexec_tree("t");
	ck_assert_int_eq(truncate("t/kexec-boot", (1 << 20) + 1), 0);
	ck_assert_int_eq(open_tree("t"), -EFBIG);
	expect_only(
		"'t/kexec-boot' has more than 1048576 bytes, too many for a script or a "
		"command line: give --command-line");
}
END_TEST

START_TEST(tells_all_dangling_store_links_and_how_to_copy)
{
	enter_empty_folder();
	ck_assert_int_eq(mkdir("t", 0755), 0);
	ck_assert_int_eq(symlink("/nix/store/gone/bzImage", "t/bzImage"), 0);
	ck_assert_int_eq(symlink("/nix/store/gone/initrd", "t/initrd.gz"), 0);
	ck_assert_int_eq(symlink("/nix/store/gone-kexec-boot", "t/kexec-boot"), 0);
	ck_assert_int_eq(symlink("/nix/store/gone-tree", "result"), 0);
	ck_assert_int_eq(open_tree("t"), -ENOENT);
	expect_told(
		"'t/bzImage' is a dangling link into /nix/store: copy the tree again from where it was built, with scp -r or cp -rL");
	expect_told(
		"'t/initrd.gz' is a dangling link into /nix/store: copy the tree again from where it was built, with scp -r or cp -rL");
	expect_told(
		"'t/kexec-boot' is a dangling link into /nix/store: copy the tree again from where it was built, with scp -r or cp -rL");
	ck_assert_int_eq(open_tree("result"), -ENOENT);
	expect_only(
		"'result' is a dangling link into /nix/store: copy the tree again from where it was built, with scp -r or cp -rL");
}
END_TEST

/* The kernel is in the way of being opened; then what is told about it. */
static void expect_bad_kernel(int error, const char *sentence)
{
	ck_assert_int_eq(open_tree("t"), error);
	expect_only(sentence);
	ck_assert_int_eq(remove("t/bzImage"), 0);
}

START_TEST(opens_regular_files_only)
{
	enter_empty_folder();
	put_kexec_tree("t");
	ck_assert_int_eq(unlink("t/bzImage"), 0);
	ck_assert_int_eq(mkfifo("t/bzImage", 0644), 0);
	expect_bad_kernel(-EINVAL,
			  "'t/bzImage' is a pipe, and a regular file is needed: copy "
			  "its content into a file first");
	ck_assert_int_eq(mkdir("t/bzImage", 0755), 0);
	expect_bad_kernel(-EINVAL,
			  "'t/bzImage' is a folder, and a regular file is needed: copy "
			  "its content into a file first");
	ck_assert_int_eq(symlink("/dev/null", "t/bzImage"), 0);
	expect_bad_kernel(-EINVAL,
			  "'t/bzImage' is a device, and a regular file is needed: copy "
			  "its content into a file first");
	put("t/bzImage", "");
	expect_bad_kernel(-ENODATA,
			  "'t/bzImage' is empty: copy or download it again, and look "
			  "whether the disk is full");
	ck_assert_int_eq(symlink("bzImage", "t/bzImage"), 0);
	expect_bad_kernel(-ELOOP,
			  "'t/bzImage' is a link that leads back to itself: name the "
			  "file it stands for");
	ck_assert_int_eq(symlink("../gone", "t/bzImage"), 0);
	expect_bad_kernel(-ENOENT,
			  "'t/bzImage' is a dangling link to '../gone': copy the tree "
			  "again from where it was built, with scp -r or cp -rL");
	ck_assert_int_eq(open_tree("t"), -ENOENT);
	expect_only("'t/bzImage' does not exist");
}
END_TEST

START_TEST(says_that_a_file_may_not_be_read)
{
	enter_empty_folder();
	put_kexec_tree("t");
	ck_assert_int_eq(chmod("t/bzImage", 0), 0);
	ck_assert_int_eq(chmod(".", 0755), 0);
	if (geteuid() == 0)
		ck_assert_int_eq(setresuid(65534, 65534, 65534), 0);
	ck_assert_int_eq(open_tree("t"), -EACCES);
	expect_only(
		"'t/bzImage' may not be read by this user: run as root, or allow it with "
		"chmod");
}
END_TEST

START_TEST(tells_everything_that_is_wrong_at_once)
{
	enter_empty_folder();
	put_kexec_tree("t");
	put("t/bzImage", "");
	put("t/initrd.gz", "<html>404");
	put("t/kexec-boot",
	    "kexec --load ./bzImage --initrd=./initrd.gz --append \"$1\"\n");
	ck_assert_int_eq(open_tree("t"), -ENODATA);
	expect_told(
		"'t/bzImage' is empty: copy or download it again, and look whether the disk "
		"is full");
	expect_told(
		"'initrd.gz' is a web page, not an initrd: the download failed, get it "
		"again");
	expect_told(
		"the command line in 'kexec-boot' holds '$1', which only running the script "
		"would tell: give it with --command-line ''");
}
END_TEST

START_TEST(says_what_is_no_tree)
{
	enter_empty_folder();
	put("t/x", "x");
	put("script", "#!/bin/sh\n");
	put("text", "text");
	put("empty", "");
	ck_assert_int_eq(open_tree("t"), -ENOENT);
	expect_only(
		"'t' is no tree: it has no kexec-boot, run, kernel-params, cmdline, "
		"netboot.ipxe or bzImage: give --kernel, --initrd and --command-line");
	ck_assert_int_eq(open_tree("script"), -EINVAL);
	expect_only("'script' is a script: name the folder it lies in");
	ck_assert_int_eq(open_tree("text"), -EBADMSG);
	expect_only(
		"'text' is no tree: neither a folder nor a tarball (plain, or compressed "
		"with gzip, xz, zstd or bzip2)");
	ck_assert_int_eq(open_tree("empty"), -ENODATA);
	ck_assert_int_eq(open_tree("gone"), -ENOENT);
	expect_only("'gone' does not exist");
	ck_assert_int_eq(mkfifo("pipe", 0644), 0);
	ck_assert_int_eq(open_tree("pipe"), -EINVAL);
}
END_TEST

/* --- tarballs --- */

struct member {
	const char *path;
	const char *content; /* of a file; the target of a link */
	char type; /* 'f', 's'ymlink, 'h'ard link, 'd', 'p'ipe, 'c'haracter device */
};

static void set_type(struct archive_entry *entry, const struct member *member)
{
	archive_entry_set_filetype(entry, AE_IFREG);
	if (member->type == 'f')
		archive_entry_set_size(entry, (la_int64_t)strlen(member->content));
	if (member->type == 'h')
		archive_entry_set_hardlink(entry, member->content);
	if (member->type == 's') {
		archive_entry_set_filetype(entry, AE_IFLNK);
		archive_entry_set_symlink(entry, member->content);
	}
	if (member->type == 'd')
		archive_entry_set_filetype(entry, AE_IFDIR);
	if (member->type == 'p')
		archive_entry_set_filetype(entry, AE_IFIFO);
	if (member->type == 'c')
		archive_entry_set_filetype(entry, AE_IFCHR);
}

static void put_tarball(const char *path, int filter, const struct member *members,
			size_t n)
{
	struct archive *archive = archive_write_new();

	ck_assert_int_eq(archive_write_set_format_pax_restricted(archive), ARCHIVE_OK);
	ck_assert_int_eq(archive_write_add_filter(archive, filter), ARCHIVE_OK);
	ck_assert_int_eq(archive_write_open_filename(archive, path), ARCHIVE_OK);
	for (size_t i = 0; i < n; i++) {
		struct archive_entry *entry = archive_entry_new();

		archive_entry_set_pathname(entry, members[i].path);
		archive_entry_set_perm(entry, 0444);
		set_type(entry, &members[i]);
		ck_assert_int_eq(archive_write_header(archive, entry), ARCHIVE_OK);
		if (members[i].type == 'f')
			ck_assert_int_ge(archive_write_data(archive, members[i].content,
							    strlen(members[i].content)),
					 0);
		archive_entry_free(entry);
	}
	ck_assert_int_eq(archive_write_close(archive), ARCHIVE_OK);
	ck_assert_int_eq(archive_write_free(archive), ARCHIVE_OK);
}

static const struct member plain[] = {
	{ "kexec/", "", 'd' },
	{ "kexec/bzImage", "KERNEL", 'f' },
	{ "kexec/initrd", "0707INITRD", 'f' },
	{ "kexec/run", run, 'f' },
	{ "kexec/kexec", "binary", 'f' },
};

#define put_members(path, members)                      \
	put_tarball(path, ARCHIVE_FILTER_NONE, members, \
		    sizeof(members) / sizeof((members)[0]))

START_TEST(takes_a_tarball_in_every_compression)
{
	static const int filters[] = { ARCHIVE_FILTER_NONE, ARCHIVE_FILTER_GZIP,
				       ARCHIVE_FILTER_XZ, ARCHIVE_FILTER_ZSTD,
				       ARCHIVE_FILTER_BZIP2 };

	enter_empty_folder();
	for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++) {
		put_tarball("t", filters[i], plain, 5);
		expect_tree("t", "nixos-images kexec tarball",
			    "init=/nix/store/h-sys/init a b");
	}
}
END_TEST

START_TEST(takes_a_tarball_on_standard_input)
{
	enter_empty_folder();
	put_tarball("t", ARCHIVE_FILTER_ZSTD, plain, 5);
	ck_assert_ptr_nonnull(freopen("t", "r", stdin));
	expect_tree("-", "nixos-images kexec tarball", "init=/nix/store/h-sys/init a b");
}
END_TEST

START_TEST(takes_a_tarball_where_tmpdir_cannot_hold_it)
{
	enter_empty_folder();
	put_tarball("t", ARCHIVE_FILTER_GZIP, plain, 5);
	ck_assert_int_eq(setenv("TMPDIR", "/proc", 1), 0);
	expect_tree("t", "nixos-images kexec tarball", "init=/nix/store/h-sys/init a b");
}
END_TEST

START_TEST(takes_a_tarball_whose_names_begin_with_a_dot)
{
	static const struct member members[] = { { "./bzImage", "KERNEL", 'f' },
						 { "././/initrd.gz", "0707INITRD", 'f' },
						 { "./kexec-boot", kexec_boot, 'f' } };

	enter_empty_folder();
	put_members("t", members);
	expect_tree("t", "nixpkgs kexecTree", "init=/nix/store/h-sys/init root=fstab");
}
END_TEST

START_TEST(follows_links_inside_a_tarball)
{
	static const struct member members[] = {
		{ "x/blobs/k", "KERNEL", 'f' },
		{ "x/blobs/i", "0707INITRD", 'f' },
		{ "x/t/bzImage", "../blobs/k", 's' },
		{ "x/here", "/x/blobs", 's' },
		{ "x/t/initrd.gz", "../here/i", 's' },
		{ "x/script", kexec_boot, 'f' },
		{ "x/t/kexec-boot", "x/script", 'h' },
		{ "top/bzImage", "../x/t/bzImage", 's' },
		{ "top/initrd.gz", "x/blobs/i", 'h' },
		{ "top/kexec-boot", kexec_boot, 'f' },
	};

	enter_empty_folder();
	put_members("t", members);
	expect_tree("t", "nixpkgs kexecTree", "init=/nix/store/h-sys/init root=fstab");
}
END_TEST

START_TEST(follows_links_into_a_store_that_the_tarball_holds)
{
	static const struct member members[] = {
		{ "nix/store/h/bzImage", "KERNEL", 'f' },
		{ "t/bzImage", "/nix/store/h/bzImage", 's' },
		{ "t/initrd.gz", "0707INITRD", 'f' },
		{ "t/kexec-boot", kexec_boot, 'f' },
	};

	enter_empty_folder();
	put_members("t", members);
	expect_tree("t", "nixpkgs kexecTree", "init=/nix/store/h-sys/init root=fstab");
}
END_TEST

/* A tarball whose kernel is this member. */
static void expect_bad_member(const struct member *kernel, int error,
			      const char *sentence)
{
	const struct member members[] = { *kernel,
					  { "k/initrd.gz", "0707INITRD", 'f' },
					  { "k/kexec-boot", kexec_boot, 'f' } };

	put_members("t", members);
	ck_assert_int_eq(open_tree("t"), error);
	expect_only(sentence);
}

START_TEST(never_leaves_a_tarball)
{
	enter_empty_folder();
	put("secret", "KERNEL");
	expect_bad_member(&(struct member){ "k/bzImage", "../../secret", 's' }, -EXDEV,
			  "'t/k/bzImage' leads out of the tarball");
	expect_bad_member(
		&(struct member){ "k/bzImage", "../secret", 's' }, -ENOENT,
		"'t/k/bzImage' is a dangling link to '../secret': copy the tree again "
		"from where it was built, with scp -r or cp -rL");
	expect_bad_member(
		&(struct member){ "k/bzImage", "/nix/store/h/bzImage", 's' }, -ENOENT,
		"'t/k/bzImage' is a dangling link into /nix/store: copy the tree again "
		"from where it was built, with scp -r or cp -rL");
	expect_bad_member(
		&(struct member){ "k/bzImage", "bzImage", 's' }, -ELOOP,
		"'t/k/bzImage' is a link that leads back to itself: name the file it "
		"stands for");
}
END_TEST

START_TEST(refuses_a_tarball_that_climbs)
{
	static const struct member members[] = { { "kexec-boot", kexec_boot, 'f' },
						 { "bzImage", "KERNEL", 'f' },
						 { "initrd.gz", "0707INITRD", 'f' },
						 { "k/../../x", "evil", 'f' } };

	enter_empty_folder();
	put_members("t", members);
	ck_assert_int_eq(open_tree("t"), -EXDEV);
	expect_only(
		"'k/../../x' in 't' leads out of the tarball, to overwrite what lies beside "
		"it: get it from somebody you trust");
	ck_assert_int_eq(access("../x", F_OK), -1);
}
END_TEST

START_TEST(takes_absolute_names_and_harmless_dots)
{
	static const struct member members[] = { { "/kexec-boot", kexec_boot, 'f' },
						 { "k/../bzImage", "KERNEL", 'f' },
						 { "/./initrd.gz", "0707INITRD", 'f' } };

	enter_empty_folder();
	put_members("t", members);
	expect_tree("t", "nixpkgs kexecTree", "init=/nix/store/h-sys/init root=fstab");
}
END_TEST

START_TEST(refuses_a_tarball_of_folders_in_folders)
{
	static const struct member members[] = {
		{ "1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17/18/19/20/21/22/23/24/25/26/27/"
		  "28/29/30/31/32/33",
		  "x", 'f' }
	};

	enter_empty_folder();
	put_members("t", members);
	ck_assert_int_eq(open_tree("t"), -ENAMETOOLONG);
	ck_assert_ptr_nonnull(strstr(told, "lies too deep: it is no kexec tarball\n"));
}
END_TEST

START_TEST(refuses_a_link_longer_than_any_path)
{
	static char target[5000];
	const struct member members[] = { { "k/bzImage", target, 's' } };

	enter_empty_folder();
	memset(target, 'x', sizeof(target) - 1);
	put_members("t", members);
	ck_assert_int_eq(open_tree("t"), -ENAMETOOLONG);
	expect_only("'t' has a link whose target is longer than any path: it is no kexec "
		    "tarball");
}
END_TEST

START_TEST(looks_into_so_many_folders_of_a_tarball_only)
{
	static struct member members[70];
	static char names[70][16];

	enter_empty_folder();
	for (size_t i = 0; i < 70; i++) {
		(void)snprintf(names[i], sizeof(names[i]), "d%zu/x", i);
		members[i] = (struct member){ names[i], "x", 'f' };
	}
	put_members("t", members);
	ck_assert_int_eq(open_tree("t"), -E2BIG);
	expect_only("'t' holds too many folders to look for a tree in each: name the one "
		    "with the kernel");
}
END_TEST

START_TEST(refuses_a_bomb)
{
	static char zeros[(20 << 20) + 1];
	const struct member members[] = { { "kexec/initrd", zeros, 'f' } };

	enter_empty_folder();
	memset(zeros, '0', sizeof(zeros) - 1);
	put_tarball("t", ARCHIVE_FILTER_GZIP, members, 1);
	ck_assert_int_eq(open_tree("t"), -EFBIG);
	expect_only(
		"'t' grows to more than 32 times its size when unpacked: it is no kexec "
		"tarball");
	/* what is as large without compression is none */
	put_tarball("t", ARCHIVE_FILTER_NONE, members, 1);
	ck_assert_int_eq(open_tree("t"), -ENOENT);
}
END_TEST

START_TEST(refuses_a_tarball_compressed_twice)
{
	struct archive *archive = archive_write_new();
	struct archive_entry *entry = archive_entry_new();

	enter_empty_folder();
	(void)archive_write_set_format_ustar(archive);
	(void)archive_write_add_filter_gzip(archive);
	(void)archive_write_add_filter_xz(archive);
	ck_assert_int_eq(archive_write_open_filename(archive, "t"), ARCHIVE_OK);
	archive_entry_set_pathname(entry, "x");
	archive_entry_set_filetype(entry, AE_IFDIR);
	ck_assert_int_eq(archive_write_header(archive, entry), ARCHIVE_OK);
	archive_entry_free(entry);
	ck_assert_int_eq(archive_write_free(archive), ARCHIVE_OK);
	ck_assert_int_eq(open_tree("t"), -EFBIG);
	expect_only("'t' is compressed more than once: unpack it until it is a tarball");
}
END_TEST

START_TEST(refuses_a_member_larger_than_the_memory_before_it_is_read)
{
	unsigned char header[512] = "x";
	unsigned int sum = 0;
	FILE *file;

	enter_empty_folder();
	strcpy((char *)header + 100, "0000644");
	header[124] = 0x80; /* a binary number follows, big-endian, up to 135 */
	header[129] = 4;    /* 1 PiB */
	header[156] = '0';
	memcpy(header + 257, "ustar  ", 8);
	memset(header + 148, ' ', 8);
	for (size_t i = 0; i < sizeof(header); i++)
		sum += header[i];
	(void)snprintf((char *)header + 148, 8, "%06o", sum);
	file = fopen("t", "w");
	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(header, 1, sizeof(header), file), sizeof(header));
	ck_assert_int_eq(fclose(file), 0);
	ck_assert_int_eq(truncate("t", 1 << 20), 0);
	ck_assert_int_eq(open_tree("t"), -EFBIG);
	ck_assert_ptr_nonnull(strstr(told,
				     "a file of 1.0 PiB is to be unpacked, and this "
				     "machine has "));
}
END_TEST

START_TEST(refuses_odd_members)
{
	enter_empty_folder();
	expect_bad_member(
		&(struct member){ "k/bzImage", "", 'p' }, -EINVAL,
		"'t/k/bzImage' is a pipe, and a regular file is needed: copy its "
		"content into a file first");
	expect_bad_member(
		&(struct member){ "k/bzImage", "", 'c' }, -EINVAL,
		"'t/k/bzImage' is a device, and a regular file is needed: copy its "
		"content into a file first");
	expect_bad_member(
		&(struct member){ "k/bzImage", "", 'f' }, -ENODATA,
		"'t/k/bzImage' is empty: copy or download it again, and look whether "
		"the disk is full");
}
END_TEST

START_TEST(says_that_a_tarball_is_cut_short)
{
	struct stat st;

	enter_empty_folder();
	put_tarball("t", ARCHIVE_FILTER_NONE, plain, 5);
	ck_assert_int_eq(truncate("t", 1024 + 3), 0);
	ck_assert_int_eq(open_tree("t"), -EBADMSG);
	ck_assert_ptr_nonnull(strstr(told, "'t' is cut short or damaged ("));
	ck_assert_ptr_nonnull(strstr(told, "): copy or download it again\n"));
	put_tarball("t", ARCHIVE_FILTER_XZ, plain, 5);
	ck_assert_int_eq(stat("t", &st), 0);
	ck_assert_int_eq(truncate("t", st.st_size - 30), 0);
	ck_assert_int_eq(open_tree("t"), -EBADMSG);
}
END_TEST

START_TEST(refuses_a_tarball_of_many_files)
{
	static struct member members[600];
	static char names[600][16];

	enter_empty_folder();
	for (size_t i = 0; i < 600; i++) {
		(void)snprintf(names[i], sizeof(names[i]), "f%zu", i);
		members[i] = (struct member){ names[i], "x", 'f' };
	}
	put_members("t", members);
	ck_assert_int_eq(open_tree("t"), -E2BIG);
	expect_only("'t' holds more than 512 files: it is no kexec tarball");
}
END_TEST

START_TEST(does_not_know_the_store_path_of_a_system_in_a_tarball)
{
	static const struct member members[] = { { "s/kernel", "KERNEL", 'f' },
						 { "s/init", "x", 'f' },
						 { "s/kernel-params", "quiet", 'f' } };

	enter_empty_folder();
	put_members("t", members);
	ck_assert_int_eq(open_tree("t"), -ENODATA);
	expect_only(
		"'kernel-params' has no init=, and the system is not in /nix/store, so that "
		"its init is not known: give --command-line");
}
END_TEST

START_TEST(leaves_no_descriptor_open)
{
	int before, after;

	enter_empty_folder();
	put_tarball("t", ARCHIVE_FILTER_ZSTD, plain, 5);
	before = dup(0);
	(void)close(before);
	ck_assert_int_eq(open_tree("t"), 0);
	tree_done(&tree);
	ck_assert_int_ne(open_tree("gone"), 0);
	tree_done(&tree);
	put_unified("u", whole);
	options.kernel = "u";
	ck_assert_int_eq(open_tree("u"), 0);
	tree_done(&tree);
	after = dup(0);
	ck_assert_int_eq(after, before);
}
END_TEST

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

int main(void)
{
	int r;

	/* open to the test that gives up being root */
	if (!mkdtemp(base) || chmod(base, 0755) < 0)
		return EXIT_FAILURE;
	r = UNIT_RUN(
		"tree", takes_todays_kexec_tree,
		takes_the_kexec_tree_of_the_manual_with_another_initrd_name,
		takes_a_kexec_tree_of_links_as_nix_builds_it,
		takes_kernel_and_kernel_params, takes_a_system_profile_by_its_store_path,
		does_not_invent_the_init_of_a_system_outside_the_store,
		takes_the_nixos_images_tarball_unpacked,
		takes_an_older_nixos_images_tarball, takes_a_nixos_generators_image,
		takes_no_folder_for_the_file_that_marks_a_form, takes_a_bundle,
		takes_a_netboot_folder,
		takes_a_bare_kernel_and_initrd_with_a_command_line,
		reads_kernel_params_that_the_script_includes,
		takes_the_initrd_a_script_would_extend, takes_a_tree_without_an_initrd,
		asks_which_of_several_trees_is_meant,
		lets_options_replace_what_the_tree_says,
		needs_no_tree_where_options_name_the_kernel,
		concatenates_initrds_in_order_and_pads_each_to_four_bytes,
		puts_the_command_line_on_one_line,
		refuses_a_command_line_only_the_script_would_tell,
		says_why_a_script_is_not_understood, refuses_a_script_over_one_mebibyte,
		tells_all_dangling_store_links_and_how_to_copy, opens_regular_files_only,
		says_that_a_file_may_not_be_read, tells_everything_that_is_wrong_at_once,
		says_what_is_no_tree, takes_a_tarball_in_every_compression,
		takes_a_tarball_on_standard_input,
		takes_a_tarball_where_tmpdir_cannot_hold_it,
		takes_a_tarball_whose_names_begin_with_a_dot,
		follows_links_inside_a_tarball,
		follows_links_into_a_store_that_the_tarball_holds, never_leaves_a_tarball,
		refuses_a_tarball_that_climbs, takes_absolute_names_and_harmless_dots,
		refuses_a_tarball_of_folders_in_folders,
		refuses_a_link_longer_than_any_path,
		looks_into_so_many_folders_of_a_tarball_only, refuses_a_bomb,
		refuses_a_tarball_compressed_twice,
		refuses_a_member_larger_than_the_memory_before_it_is_read,
		copies_no_initrds_larger_than_the_memory,
		refuses_a_command_line_with_an_open_quote,
		shows_no_control_characters_of_a_name,
		drops_what_a_script_says_that_is_not_understood,
		says_briefly_what_is_long, refuses_odd_members,
		says_that_a_tarball_is_cut_short, refuses_a_tarball_of_many_files,
		does_not_know_the_store_path_of_a_system_in_a_tarball,
		takes_a_unified_kernel_image_as_the_tree,
		takes_a_unified_kernel_image_as_the_kernel,
		takes_a_unified_kernel_image_in_a_tree,
		lets_options_replace_parts_of_a_unified_kernel_image,
		puts_the_microcode_before_the_initrd, says_that_profiles_are_not_taken,
		says_what_is_wrong_with_a_unified_kernel_image,
		takes_no_command_line_of_binary_data_or_without_end,
		says_what_else_was_named_as_the_tree, leaves_no_descriptor_open);
	(void)nftw(base, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	return r;
}
