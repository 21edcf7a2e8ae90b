// SPDX-License-Identifier: GPL-2.0-or-later

/* Where the middle kernel and its modules are found. */

#include "pivot/middle/kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fake-bzimage.h"
#include "fake-output.h"
#include "fake-root.h"
#include "unit.h"

#define RELEASE "6.1.0-56-amd64" /* as fake_bzimage() has it */

static struct middle_kernel kernel;
static const char *said;

static void begin(void)
{
	fake_root_make();
	fake_file(RELEASE "\n", "/proc/sys/kernel/osrelease");
}

static void put_kernel(const char *path)
{
	uint8_t image[BZIMAGE_SETUP_BYTES + 4096] = { 0 };

	fake_bzimage(image, sizeof(image));
	fake_bytes(image, sizeof(image), "%s", path);
}

static int choose(const char *file, const char *modules)
{
	const struct middle_choice choice = { file, modules };
	int r;

	output_catch();
	r = middle_kernel_open(fake_root(), &choice, &kernel);
	said = output_caught();
	return r;
}

static const char *below(const char *path)
{
	static char full[PATH_MAX];

	(void)snprintf(full, sizeof(full), "%s%s", fake_root(), path);
	return full;
}

/* It is the one, wherever else there is nothing. */
static void is_found_at(const char *path)
{
	put_kernel(path);
	ck_assert_int_eq(choose(NULL, NULL), 0);
	ck_assert_str_eq(said, "");
	ck_assert_str_eq(kernel.name, path);
	ck_assert_str_eq(kernel.release, RELEASE);
	ck_assert_uint_eq(kernel.bytes, BZIMAGE_SETUP_BYTES + 4096);
	ck_assert_uint_eq(kernel.image.protected_bytes, 4096);
	ck_assert_int_eq(lseek(kernel.fd, 0, SEEK_CUR), 0);
	ck_assert_int_eq(fcntl(kernel.fd, F_GETFD), FD_CLOEXEC);
	ck_assert_ptr_null(kernel.modules);
	middle_kernel_done(&kernel);
	fake_remove("%s", path);
}

START_TEST(finds_the_kernel_that_runs_where_distros_have_it)
{
	begin();
	fake_file("linux-lts\n", "/usr/lib/modules/" RELEASE "/pkgbase");
	is_found_at("/boot/vmlinuz-" RELEASE);
	is_found_at("/boot/vmlinuz-linux-lts");
	is_found_at("/boot/vmlinuz-amd64");
	is_found_at("/boot/kernel-" RELEASE);
	is_found_at("/boot/flatcar/vmlinuz-a");
	is_found_at("/boot/flatcar/vmlinuz-b");
	is_found_at("/boot/vmlinuz");
	is_found_at("/usr/lib/modules/" RELEASE "/vmlinuz");
	is_found_at("/lib/modules/" RELEASE "/vmlinuz");
	is_found_at("/run/booted-system/kernel");
}
END_TEST

START_TEST(finds_it_through_the_boot_loaders_entries)
{
	begin();
	fake_file("title Other\nlinux /vmlinuz-other\n", "/boot/loader/entries/a.conf");
	fake_file("title\tX\nversion 1\nlinux\t/vmlinuz-of-entry \nlinuxes /no\n",
		  "/boot/loader/entries/b.conf");
	fake_file("  linux EFI/nixos/x-bzImage.efi\r\ninitrd /y\n",
		  "/efi/loader/entries/nixos.conf");
	fake_file("linux /boot/on-the-root-filesystem\n",
		  "/boot/efi/loader/entries/c.conf");
	is_found_at("/boot/vmlinuz-of-entry");
	is_found_at("/efi/EFI/nixos/x-bzImage.efi");
	is_found_at("/boot/on-the-root-filesystem");
}
END_TEST

START_TEST(finds_it_in_the_folder_of_the_machine)
{
	begin();
	fake_file("0123abc\n", "/etc/machine-id");
	is_found_at("/boot/0123abc/" RELEASE "/linux");
	is_found_at("/efi/0123abc/" RELEASE "/linux");
	is_found_at("/boot/efi/0123abc/" RELEASE "/linux");
}
END_TEST

START_TEST(takes_no_other_kernel_for_it)
{
	begin();
	put_kernel("/boot/vmlinuz");
	fake_file("6.1.0-5\n", "/proc/sys/kernel/osrelease");
	ck_assert_int_eq(choose(NULL, NULL), -ENOENT);
	ck_assert_ptr_nonnull(strstr(said, "6.1.0-5, is not found"));
	ck_assert_ptr_nonnull(
		strstr(said, "; '/boot/vmlinuz' is Linux " RELEASE " (a@b)"));
	ck_assert_ptr_nonnull(strstr(said, "--middle-kernel"));
	middle_kernel_done(&kernel);
}
END_TEST

START_TEST(goes_on_behind_what_is_no_kernel)
{
	begin();
	fake_file("\x1f\x8b", "/boot/vmlinuz-" RELEASE);
	fake_directory("/boot/vmlinuz");
	ck_assert_int_eq(choose(NULL, NULL), -ENOENT);
	ck_assert_ptr_nonnull(strstr(said, "; '/boot/vmlinuz-" RELEASE "' is "));
	middle_kernel_done(&kernel);
	is_found_at("/usr/lib/modules/" RELEASE "/vmlinuz");
}
END_TEST

START_TEST(says_where_it_was_looked_for)
{
	begin();
	ck_assert_int_eq(choose(NULL, NULL), -ENOENT);
	ck_assert_str_eq(
		said, "pivot-kexec: the kernel that runs, " RELEASE ", is not found: it "
		      "is neither /boot/vmlinuz-" RELEASE ", /lib/modules/" RELEASE
		      "/vmlinuz, /run/booted-system/kernel nor in the loader/entries of "
		      "/boot, /efi and /boot/efi: give its file with --middle-kernel\n");
	middle_kernel_done(&kernel);
	fake_remove("/proc");
	ck_assert_int_eq(choose(NULL, NULL), -ENOENT);
	ck_assert_ptr_nonnull(strstr(said, "cannot read which kernel runs"));
	middle_kernel_done(&kernel);
}
END_TEST

START_TEST(takes_a_file_of_the_users)
{
	begin();
	fake_remove("/proc");
	put_kernel("/own");
	ck_assert_int_eq(choose(below("/own"), NULL), 0);
	ck_assert_str_eq(kernel.name, below("/own"));
	ck_assert_str_eq(kernel.release, RELEASE);
	ck_assert_ptr_null(kernel.modules);
	middle_kernel_done(&kernel);
}
END_TEST

START_TEST(says_what_a_file_of_the_users_is_instead)
{
	uint8_t image[BZIMAGE_SETUP_BYTES + 4096] = { 0 };

	begin();
	ck_assert_int_eq(choose(below("/none"), NULL), -ENOENT);
	ck_assert_ptr_nonnull(strstr(said, "does not exist"));
	middle_kernel_done(&kernel);
	fake_file("text", "/text");
	ck_assert_int_eq(choose(below("/text"), NULL), -ENOEXEC);
	ck_assert_ptr_nonnull(strstr(said, "--middle-kernel: '"));
	middle_kernel_done(&kernel);
	fake_bzimage(image, sizeof(image));
	image[0x300] = '\0';
	fake_bytes(image, sizeof(image), "/nameless");
	ck_assert_int_eq(choose(below("/nameless"), NULL), -EINVAL);
	ck_assert_ptr_nonnull(strstr(said, "does not say which release it is"));
	middle_kernel_done(&kernel);
}
END_TEST

static void has_modules_at(const char *folder)
{
	fake_file("", "%s/modules.dep.bin", folder);
	ck_assert_int_eq(choose(NULL, NULL), 0);
	ck_assert_str_eq(kernel.modules, below(folder));
	middle_kernel_done(&kernel);
	fake_remove("%s/modules.dep.bin", folder);
}

START_TEST(finds_its_modules_where_distros_have_them)
{
	begin();
	put_kernel("/boot/vmlinuz-" RELEASE);
	has_modules_at("/lib/modules/" RELEASE);
	has_modules_at("/usr/lib/modules/" RELEASE);
	has_modules_at("/run/booted-system/kernel-modules/lib/modules/" RELEASE);
}
END_TEST

/* given and folder: below the root. */
static void finds_modules_in(const char *given, const char *folder)
{
	char full[PATH_MAX];

	(void)snprintf(full, sizeof(full), "%s%s", fake_root(), given);
	fake_file("", "%s/modules.dep.bin", folder);
	ck_assert_int_eq(choose(NULL, full), 0);
	ck_assert_str_eq(kernel.modules, below(folder));
	middle_kernel_done(&kernel);
	fake_remove("%s", given);
}

START_TEST(takes_modules_of_the_users)
{
	begin();
	put_kernel("/boot/vmlinuz-" RELEASE);
	finds_modules_in("/own", "/own");
	finds_modules_in("/own", "/own/lib/modules/" RELEASE);
	finds_modules_in("/own", "/own/" RELEASE);
	ck_assert_int_eq(choose(NULL, below("/own")), -ENOENT);
	ck_assert_ptr_nonnull(strstr(said, "/own' has no modules of " RELEASE));
	middle_kernel_done(&kernel);
}
END_TEST

UNIT_MAIN("the middle kernel", finds_the_kernel_that_runs_where_distros_have_it,
	  finds_it_through_the_boot_loaders_entries,
	  finds_it_in_the_folder_of_the_machine, takes_no_other_kernel_for_it,
	  goes_on_behind_what_is_no_kernel, says_where_it_was_looked_for,
	  takes_a_file_of_the_users, says_what_a_file_of_the_users_is_instead,
	  finds_its_modules_where_distros_have_them, takes_modules_of_the_users)
