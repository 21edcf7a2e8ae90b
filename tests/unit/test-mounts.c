// SPDX-License-Identifier: GPL-2.0-or-later
#include "initramfs/inventory/mounts.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "fake-root.h"
#include "unit.h"

static struct mounts mounts;

static void parse(const char *text)
{
	(void)snprintf(mounts.text, sizeof(mounts.text), "%s", text);
	mounts.has_more = false;
	mounts_parse(&mounts);
}

static void assert_mount(size_t i, const char *path, const char *type, const char *source,
			 bool is_read_only)
{
	ck_assert_uint_lt(i, mounts.n);
	ck_assert_str_eq(mounts.mount[i].path, path);
	ck_assert_str_eq(mounts.mount[i].type, type);
	ck_assert_str_eq(mounts.mount[i].source, source);
	ck_assert_int_eq(mounts.mount[i].is_read_only, is_read_only);
}

START_TEST(reads_the_line_of_the_manual)
{
	parse("36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root "
	      "rw,errors=continue\n");
	ck_assert_uint_eq(mounts.n, 1);
	assert_mount(0, "/mnt2", "ext3", "/dev/root", false);
}
END_TEST

START_TEST(takes_any_number_of_optional_fields)
{
	parse("1 0 8:1 / /none rw - ext4 /dev/a rw\n"
	      "2 0 8:1 / /two rw shared:2 master:1 - ext4 /dev/b rw\n"
	      "3 0 8:1 / /three rw shared:1 master:2 propagate_from:3 unbindable - xfs "
	      "/dev/c rw\n");
	ck_assert_uint_eq(mounts.n, 3);
	assert_mount(0, "/none", "ext4", "/dev/a", false);
	assert_mount(1, "/two", "ext4", "/dev/b", false);
	assert_mount(2, "/three", "xfs", "/dev/c", false);
}
END_TEST

START_TEST(undoes_octal_escapes)
{
	parse("1 0 8:1 / /a\\040b\\011c\\012d\\134e\\043 rw - fuse.x /dev/my\\040disk rw\n");
	assert_mount(0, "/a b\tc\nd\\e#", "fuse.x", "/dev/my disk", false);
}
END_TEST

START_TEST(leaves_what_only_looks_like_an_escape)
{
	char text[] = "/a\\04 \\999\\777\\000b\\";

	mounts_unescape(text);
	ck_assert_str_eq(text, "/a\\04 \\999\\777\\000b\\");
}
END_TEST

START_TEST(takes_an_empty_source)
{
	parse("1 0 0:5 / /x rw - tmpfs  ro\n");
	ck_assert_uint_eq(mounts.n, 1);
	assert_mount(0, "/x", "tmpfs", "", true);
}
END_TEST

START_TEST(takes_a_source_named_like_the_separator)
{
	parse("1 0 0:5 / /x rw - tmpfs - rw\n");
	assert_mount(0, "/x", "tmpfs", "-", false);
}
END_TEST

START_TEST(tells_a_read_only_filesystem_from_a_read_only_view)
{
	parse("1 0 8:1 / /view ro,relatime - ext4 /dev/a rw\n"
	      "2 0 8:1 / /all rw,relatime - ext4 /dev/b errors=remount-ro,ro\n"
	      "3 0 8:1 / /none rw,relatime - ext4 /dev/b rw,errors=ro,xro,rox\n");
	ck_assert(!mounts.mount[0].is_read_only);
	ck_assert(mounts.mount[1].is_read_only);
	ck_assert(!mounts.mount[2].is_read_only);
}
END_TEST

START_TEST(leaves_aside_what_is_no_mount)
{
	parse("\n"
	      "nonsense\n"
	      "1 2 3 4 5 6 7\n"
	      "1 0 8:1 / /x rw -\n"
	      "1 0 8:1 / /x rw - ext4\n"
	      "1 0 8:1 / /x rw - ext4 /dev/a\n"
	      "1 0 8:1 / - ext4 /dev/a rw\n"
	      "2 0 8:1 / /good rw - ext4 /dev/a rw");
	ck_assert_uint_eq(mounts.n, 1);
	assert_mount(0, "/good", "ext4", "/dev/a", false);
}
END_TEST

START_TEST(takes_a_file_with_nothing_in_it)
{
	parse("");
	ck_assert_uint_eq(mounts.n, 0);
	ck_assert(!mounts.has_more);
}
END_TEST

START_TEST(says_why_it_cannot_read)
{
	fake_root_make();
	ck_assert_int_eq(mounts_read(fake_root(), &mounts), -ENOENT);
	ck_assert_uint_eq(mounts.n, 0);
}
END_TEST

static void append_mount(int number)
{
	char line[160];

	(void)snprintf(line, sizeof(line),
		       "%d 1 8:1 / /data/%04d rw,relatime shared:1 - ext4 /dev/a rw\n",
		       number, number);
	fake_append("/proc/self/mountinfo", line);
}

START_TEST(keeps_the_newest_of_5000_mounts)
{
	char path[32];

	fake_root_make();
	for (int i = 0; i < 5000; i++)
		append_mount(i);
	ck_assert_int_eq(mounts_read(fake_root(), &mounts), 0);
	ck_assert_uint_eq(mounts.n, MOUNTS_MAX);
	ck_assert(mounts.has_more);
	for (int i = 0; i < MOUNTS_MAX; i++) {
		(void)snprintf(path, sizeof(path), "/data/%04d", 5000 - MOUNTS_MAX + i);
		ck_assert_str_eq(mounts.mount[i].path, path);
	}
}
END_TEST

START_TEST(says_that_there_is_more_only_when_there_is)
{
	fake_root_make();
	for (int i = 0; i < MOUNTS_MAX; i++)
		append_mount(i);
	ck_assert_int_eq(mounts_read(fake_root(), &mounts), 0);
	ck_assert_uint_eq(mounts.n, MOUNTS_MAX);
	ck_assert(!mounts.has_more);
	append_mount(MOUNTS_MAX);
	ck_assert_int_eq(mounts_read(fake_root(), &mounts), 0);
	ck_assert_uint_eq(mounts.n, MOUNTS_MAX);
	ck_assert(mounts.has_more);
	ck_assert_str_eq(mounts.mount[0].path, "/data/0001");
}
END_TEST

/* A mount of that many bytes in mountinfo, newline and all. */
static void append_long(const char *path, size_t bytes)
{
	static char line[MOUNTS_TEXT_BYTES * 2];
	int n = snprintf(line, sizeof(line),
			 "20 1 0:5 / %s rw,relatime - overlay overlay rw,", path);

	memset(line + n, 'x', bytes - (size_t)n);
	line[bytes - 1] = '\n';
	line[bytes] = '\0';
	fake_append("/proc/self/mountinfo", line);
}

START_TEST(outlives_lines_longer_than_all_it_holds)
{
	fake_root_make();
	append_mount(1);
	append_long("/long", MOUNTS_TEXT_BYTES + 5000);
	append_mount(2);
	ck_assert_int_eq(mounts_read(fake_root(), &mounts), 0);
	ck_assert(mounts.has_more);
	ck_assert_uint_eq(mounts.n, 1);
	assert_mount(0, "/data/0002", "ext4", "/dev/a", false);
}
END_TEST

/* "20 " cut off, its fields would count from the wrong one: a mount of "rw,relatime". */
START_TEST(makes_up_no_mount_where_the_text_is_cut)
{
	fake_root_make();
	append_long("/old", MOUNTS_TEXT_BYTES / 2 - 3);
	append_long("/cut", 1000);
	append_long("/new", MOUNTS_TEXT_BYTES / 2);
	ck_assert_int_eq(mounts_read(fake_root(), &mounts), 0);
	ck_assert(mounts.has_more);
	ck_assert_uint_eq(mounts.n, 1);
	ck_assert_str_eq(mounts.mount[0].path, "/new");
}
END_TEST

START_TEST(knows_what_the_kernel_makes_up)
{
	static const char *const virtual[] = { "proc", "tmpfs", "autofs", "nsfs",
					       "cgroup2" };
	static const char *const real[] = { "ext4",	  "vfat", "overlay", "nfs4",
					    "fuse.sshfs", "9p",	  "zfs",     "squashfs" };

	for (size_t i = 0; i < array_size(virtual); i++)
		ck_assert(
			mount_is_virtual(&(struct mount){ .type = (char *)virtual[i] }));
	for (size_t i = 0; i < array_size(real); i++)
		ck_assert(!mount_is_virtual(&(struct mount){ .type = (char *)real[i] }));
}
END_TEST

START_TEST(knows_what_could_still_be_written_to)
{
	ck_assert(mount_is_dirty(&(struct mount){ .type = (char *)"ext4" }));
	ck_assert(!mount_is_dirty(&(struct mount){ .type = (char *)"tmpfs" }));
	ck_assert(!mount_is_dirty(
		&(struct mount){ .type = (char *)"ext4", .is_read_only = true }));
}
END_TEST

START_TEST(spares_its_own_mounts_and_none_below)
{
	ck_assert(mount_is_spared(&(struct mount){ .path = (char *)"/" }));
	ck_assert(mount_is_spared(&(struct mount){ .path = (char *)"/dev" }));
	ck_assert(!mount_is_spared(&(struct mount){ .path = (char *)"/dev/shm" }));
	ck_assert(!mount_is_spared(&(struct mount){ .path = (char *)"/oldroot" }));
}
END_TEST

UNIT_MAIN("mounts", reads_the_line_of_the_manual, takes_any_number_of_optional_fields,
	  undoes_octal_escapes, leaves_what_only_looks_like_an_escape,
	  takes_an_empty_source, takes_a_source_named_like_the_separator,
	  tells_a_read_only_filesystem_from_a_read_only_view,
	  leaves_aside_what_is_no_mount, takes_a_file_with_nothing_in_it,
	  says_why_it_cannot_read, keeps_the_newest_of_5000_mounts,
	  says_that_there_is_more_only_when_there_is,
	  outlives_lines_longer_than_all_it_holds,
	  makes_up_no_mount_where_the_text_is_cut, knows_what_the_kernel_makes_up,
	  knows_what_could_still_be_written_to, spares_its_own_mounts_and_none_below)
