// SPDX-License-Identifier: GPL-2.0-or-later

/* The image as libarchive, the kernel's and everybody's reader of it, sees it. */

#include "pivot/image.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "fake-output.h"
#include "pivot/embedded.h"
#include "unit.h"

static struct handover example(void)
{
	struct handover handover = handover_default();

	strcpy(handover.target, "Linux 6.12.1 (nixpkgs kexecTree)");
	return handover;
}

static void build(struct image *image)
{
	const struct handover handover = example();

	ck_assert_int_eq(image_build(&handover, NULL, 0, image), 0);
}

START_TEST(has_the_same_bytes_every_time)
{
	struct image a, b;

	build(&a);
	build(&b);
	ck_assert_uint_eq(a.size, b.size);
	ck_assert_mem_eq(a.data, b.data, a.size);
	image_done(&a);
	image_done(&b);
}
END_TEST

START_TEST(is_newc_from_the_first_byte)
{
	struct image image;

	build(&image);
	ck_assert_mem_eq(image.data, "070701", 6);
	ck_assert_uint_eq(image.size % 4, 0);
	image_done(&image);
}
END_TEST

/* What an entry holds, as a line of image.list would say it. */
static void describe(struct archive_entry *entry, char *line, size_t size,
		     const char *content)
{
	const char *name = archive_entry_pathname(entry);
	unsigned int mode = archive_entry_perm(entry);
	long uid = archive_entry_uid(entry), gid = archive_entry_gid(entry);
	dev_t device = archive_entry_rdev(entry);

	switch (archive_entry_filetype(entry)) {
	case AE_IFDIR:
		(void)snprintf(line, size, "dir /%s %04o %ld %ld", name, mode, uid, gid);
		break;
	case AE_IFREG:
		(void)snprintf(line, size, "file /%s %s %04o %ld %ld", name, content,
			       mode, uid, gid);
		break;
	case AE_IFLNK:
		(void)snprintf(line, size, "slink /%s %s %04o %ld %ld", name,
			       archive_entry_symlink(entry), mode, uid, gid);
		break;
	default:
		(void)snprintf(line, size, "nod /%s %04o %ld %ld %c %u %u", name, mode,
			       uid, gid, S_ISCHR(archive_entry_mode(entry)) ? 'c' : 'b',
			       major(device), minor(device));
	}
}

/* Which of the three contents these bytes are. */
static const char *content_name(const char *data, size_t size)
{
	const struct handover handover = example();
	char text[HANDOVER_BYTES];
	static const char *const names[] = { "init", "busybox" };

	for (size_t i = 0; i < 2; i++) {
		const struct embedded *file = embedded_find(names[i]);

		if (file->size == size && memcmp(file->data, data, size) == 0)
			return names[i];
	}
	ck_assert_int_eq(handover_write(&handover, text), (int)size);
	return memcmp(text, data, size) == 0 ? "handover" : "something else";
}

/* The lines of image.list that say something. */
static void wanted_lines(char *text, size_t size)
{
	const struct embedded *list = embedded_find("image.list");
	const char *at = (const char *)list->data, *end = at + list->size;
	size_t n = 0;

	while (at < end) {
		size_t length =
			(size_t)((const char *)memchr(at, '\n', end - at) - at) + 1;

		if (at[0] != '#' && at[0] != '\n') {
			ck_assert_uint_lt(n + length, size);
			memcpy(text + n, at, length);
			n += length;
		}
		at += length;
	}
	text[n] = '\0';
}

static struct archive *open_image(const struct image *image)
{
	struct archive *archive = archive_read_new();

	ck_assert_int_eq(archive_read_support_format_cpio(archive), ARCHIVE_OK);
	ck_assert_int_eq(archive_read_support_filter_gzip(archive), ARCHIVE_OK);
	ck_assert_int_eq(archive_read_open_memory(archive, image->data, image->size),
			 ARCHIVE_OK);
	return archive;
}

START_TEST(holds_what_image_list_says_in_its_order)
{
	char wanted[4096], found[4096] = "", line[256], data[4096];
	struct archive_entry *entry;
	struct archive *archive;
	struct image image;

	build(&image);
	archive = open_image(&image);
	while (archive_read_next_header(archive, &entry) == ARCHIVE_OK) {
		la_ssize_t n = archive_read_data(archive, data, sizeof(data));

		ck_assert_int_ge(n, 0);
		describe(entry, line, sizeof(line),
			 n > 0 ? content_name(data, (size_t)n) : "nothing");
		strcat(strcat(found, line), "\n");
	}
	wanted_lines(wanted, sizeof(wanted));
	ck_assert_str_eq(found, wanted);
	ck_assert_int_eq(archive_read_free(archive), ARCHIVE_OK);
	image_done(&image);
}
END_TEST

START_TEST(says_nothing_of_this_machine_or_moment)
{
	struct archive_entry *entry;
	struct archive *archive;
	struct image image;

	build(&image);
	archive = open_image(&image);
	for (int i = 1; archive_read_next_header(archive, &entry) == ARCHIVE_OK; i++) {
		ck_assert_int_eq(archive_entry_mtime(entry), 0);
		ck_assert_int_eq(archive_entry_ino(entry), i);
		ck_assert_uint_eq(archive_entry_dev(entry), 0);
	}
	ck_assert_int_eq(archive_read_free(archive), ARCHIVE_OK);
	image_done(&image);
}
END_TEST

/* What systemd executes: see facts about /run/initramfs/shutdown. */
START_TEST(carries_shutdown_as_a_link_to_the_init)
{
	struct archive_entry *entry;
	struct archive *archive;
	struct image image;
	int found = 0;

	build(&image);
	archive = open_image(&image);
	while (archive_read_next_header(archive, &entry) == ARCHIVE_OK) {
		if (strcmp(archive_entry_pathname(entry), "shutdown") != 0)
			continue;
		found++;
		ck_assert_uint_eq(archive_entry_filetype(entry), AE_IFLNK);
		ck_assert_str_eq(archive_entry_symlink(entry), "init");
	}
	ck_assert_int_eq(found, 1);
	ck_assert_int_eq(archive_read_free(archive), ARCHIVE_OK);
	image_done(&image);
}
END_TEST

START_TEST(is_not_built_with_a_handover_that_cannot_be_written)
{
	struct handover handover = example();
	struct image image;

	strcpy(handover.target, "a\nb");
	output_catch();
	ck_assert_int_eq(image_build(&handover, NULL, 0, &image), -EINVAL);
	ck_assert_str_eq(output_caught(),
			 "pivot-kexec: cannot write the handover: Invalid argument\n");
	ck_assert_ptr_null(image.data);
	image_done(&image);
	image_done(&image); /* twice does no harm */
}
END_TEST

/* --- with more files --- */

static const struct image_file more[] = {
	{ "modules/a.ko", "the a", 5 },
	{ "modules/b.ko", "the b", 5 },
	{ "lib/firmware/x/c.fw", "", 0 },
	{ "top", "of all", 6 },
};

static void build_with(const struct image_file *files, size_t n, struct image *image)
{
	const struct handover handover = example();

	ck_assert_int_eq(image_build_compressed(&handover, files, n, image), 0);
	ck_assert_uint_le(image->size, image_bound(files, n));
}

/* "file a/b 0600 5": names, modes and sizes. */
static void list_image(const struct image *image, char *list)
{
	struct archive *archive = open_image(image);
	struct archive_entry *entry;

	while (archive_read_next_header(archive, &entry) == ARCHIVE_OK)
		list += sprintf(list, "%s %s %o %d\n",
				archive_entry_filetype(entry) == AE_IFDIR ? "dir"
									  : "file",
				archive_entry_pathname(entry), archive_entry_perm(entry),
				(int)archive_entry_size(entry));
	ck_assert_int_eq(archive_read_free(archive), ARCHIVE_OK);
}

START_TEST(puts_more_files_behind_the_list_with_their_folders)
{
	static char plain[8192], with[8192];
	struct image image;

	build(&image);
	list_image(&image, plain);
	image_done(&image);
	build_with(more, 4, &image);
	list_image(&image, with);
	ck_assert_int_eq(strncmp(with, plain, strlen(plain)), 0);
	ck_assert_str_eq(with + strlen(plain), "dir modules 700 0\n"
					       "file modules/a.ko 600 5\n"
					       "file modules/b.ko 600 5\n"
					       "dir lib 700 0\n"
					       "dir lib/firmware 700 0\n"
					       "dir lib/firmware/x 700 0\n"
					       "file lib/firmware/x/c.fw 600 0\n"
					       "file top 600 6\n");
	image_done(&image);
}
END_TEST

/* What there is of a folder is told once, as far as the file before it has it. */
START_TEST(makes_of_a_folder_no_other_whose_name_begins_like_it)
{
	static const struct image_file files[] = { { "ab/c", "1", 1 },
						   { "ab/cd/e", "2", 1 },
						   { "a/f", "3", 1 } };
	static char list[8192];
	struct image image;

	build_with(files, 3, &image);
	list_image(&image, list);
	ck_assert_ptr_nonnull(strstr(list, "dir ab 700 0\nfile ab/c 600 1\n"
					   "dir ab/cd 700 0\nfile ab/cd/e 600 1\n"
					   "dir a 700 0\nfile a/f 600 1\n"));
	image_done(&image);
}
END_TEST

/* Source: RFC 1952: the time is in bytes 4 to 7. */
START_TEST(is_packed_by_gzip_with_the_same_bytes_every_time)
{
	struct image a, b;

	build_with(more, 4, &a);
	build_with(more, 4, &b);
	ck_assert_mem_eq(a.data, "\x1f\x8b\x08\0\0\0\0\0", 8);
	ck_assert_uint_eq(a.size, b.size);
	ck_assert_mem_eq(a.data, b.data, a.size);
	image_done(&a);
	image_done(&b);
}
END_TEST

START_TEST(has_room_for_what_cannot_be_packed)
{
	static unsigned char noise[3 << 20];
	const struct image_file file = { "modules/noise.ko", noise, sizeof(noise) };
	struct archive_entry *entry;
	struct archive *archive;
	struct image image;
	uint64_t state = 1;

	for (size_t i = 0; i < sizeof(noise); i++) {
		state = state * 6364136223846793005 + 1442695040888963407;
		noise[i] = (unsigned char)(state >> 56);
	}
	build_with(&file, 1, &image);
	ck_assert_uint_gt(image.size, sizeof(noise));
	archive = open_image(&image);
	while (archive_read_next_header(archive, &entry) == ARCHIVE_OK)
		if (archive_entry_size(entry) == sizeof(noise))
			break;
	for (size_t i = 0; i < sizeof(noise); i += 4096) {
		unsigned char page[4096];

		ck_assert_int_eq(archive_read_data(archive, page, sizeof(page)), 4096);
		ck_assert_mem_eq(page, noise + i, sizeof(page));
	}
	ck_assert_int_eq(archive_read_free(archive), ARCHIVE_OK);
	image_done(&image);
}
END_TEST

UNIT_MAIN("image", has_the_same_bytes_every_time, is_newc_from_the_first_byte,
	  holds_what_image_list_says_in_its_order, says_nothing_of_this_machine_or_moment,
	  carries_shutdown_as_a_link_to_the_init,
	  is_not_built_with_a_handover_that_cannot_be_written,
	  puts_more_files_behind_the_list_with_their_folders,
	  makes_of_a_folder_no_other_whose_name_begins_like_it,
	  is_packed_by_gzip_with_the_same_bytes_every_time,
	  has_room_for_what_cannot_be_packed)
