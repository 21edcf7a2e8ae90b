// SPDX-License-Identifier: GPL-2.0-or-later
#include "image.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "embedded.h"
#include "pivot/base/cleanup.h"
#include "pivot/base/log.h"
#include "pivot/base/macros.h"
#include "pivot/base/newc.h"

enum { ENTRY_OVERHEAD_BYTES = 512, TRAILER_BYTES = 4096 };

struct content {
	const void *data;
	size_t size;
};

static int content_find(const char *name, const char *handover, struct content *ret)
{
	const struct embedded *file;

	if (strcmp(name, "handover") == 0) {
		*ret = (struct content){ handover, strlen(handover) };
		return 0;
	}
	file = embedded_find(name);
	if (!file)
		return -ENOENT;
	*ret = (struct content){ file->data, file->size };
	return 0;
}

/* One line of image.list into an entry. 0, or -EINVAL where it cannot be read. */
static int parse_line(const char *line, const char *handover, struct archive_entry *entry,
		      struct content *content)
{
	char type[8], name[128], target[128], node;
	unsigned int mode, uid, gid, major, minor;

	if (sscanf(line, "%7s", type) != 1)
		return -EINVAL;
	if (strcmp(type, "dir") == 0 &&
	    sscanf(line, "dir /%127s %o %u %u", name, &mode, &uid, &gid) == 4) {
		archive_entry_set_mode(entry, S_IFDIR | mode);
	} else if (strcmp(type, "file") == 0 &&
		   sscanf(line, "file /%127s %127s %o %u %u", name, target, &mode, &uid,
			  &gid) == 5 &&
		   content_find(target, handover, content) == 0) {
		archive_entry_set_mode(entry, S_IFREG | mode);
	} else if (strcmp(type, "slink") == 0 &&
		   sscanf(line, "slink /%127s %127s %o %u %u", name, target, &mode, &uid,
			  &gid) == 5) {
		archive_entry_set_mode(entry, S_IFLNK | mode);
		archive_entry_set_symlink(entry, target);
	} else if (strcmp(type, "nod") == 0 &&
		   sscanf(line, "nod /%127s %o %u %u %c %u %u", name, &mode, &uid, &gid,
			  &node, &major, &minor) == 7) {
		archive_entry_set_mode(entry, (node == 'c' ? S_IFCHR : S_IFBLK) | mode);
		archive_entry_set_rdev(entry, makedev(major, minor));
	} else {
		return -EINVAL;
	}
	archive_entry_set_pathname(entry, name);
	archive_entry_set_uid(entry, uid);
	archive_entry_set_gid(entry, gid);
	return 0;
}

/* An image that is being written. */
struct writing {
	struct newc *newc;
	const char *handover;
};

static int write_entry(struct writing *writing, struct archive_entry *entry,
		       const struct content *content)
{
	int r = newc_header(writing->newc, entry, content->size);

	return r < 0 ? r : newc_data(writing->newc, content->data, content->size);
}

static int write_line(struct writing *writing, const char *line)
{
	auto_newc_entry struct archive_entry *entry = newc_entry(writing->newc);
	struct content content = { NULL, 0 };
	int r;

	if (!entry)
		return -ENOMEM;
	r = parse_line(line, writing->handover, entry, &content);
	return r < 0 ? log_err(r, "image.list: cannot read '%s'", line)
		     : write_entry(writing, entry, &content);
}

static int write_list(struct writing *writing)
{
	const struct embedded *file = embedded_find("image.list");
	auto_free char *list = strndup((const char *)file->data, file->size);
	char *save = NULL;

	if (!list)
		return log_err(-ENOMEM, "cannot write the stage's image");
	for (char *line = strtok_r(list, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		int r = line[0] == '#' ? 0 : write_line(writing, line);

		if (r < 0)
			return r;
	}
	return 0;
}

static int write_named(struct writing *writing, const char *path, mode_t mode,
		       const struct content *content)
{
	auto_newc_entry struct archive_entry *entry = newc_entry(writing->newc);

	if (!entry)
		return -ENOMEM;
	archive_entry_set_pathname(entry, path);
	archive_entry_set_mode(entry, mode);
	return write_entry(writing, entry, content);
}

/* The folders of a path that the file before it is not in, too: there they are written.
 */
static int write_folders(struct writing *writing, const char *path, const char *before)
{
	static const struct content none;

	for (const char *end = strchr(path, '/'); end; end = strchr(end + 1, '/')) {
		size_t n = (size_t)(end - path);
		auto_free char *folder = strndup(path, n);
		int r;

		if (strncmp(before, path, n + 1) == 0)
			continue;
		r = folder ? write_named(writing, folder, S_IFDIR | 0700, &none)
			   : log_err(-ENOMEM, "cannot write the stage's image");
		if (r < 0)
			return r;
	}
	return 0;
}

static int write_files(struct writing *writing, const struct image_file *files, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct content content = { files[i].data, files[i].size };
		int r = write_folders(writing, files[i].path,
				      i > 0 ? files[i - 1].path : "");

		if (r == 0)
			r = write_named(writing, files[i].path, S_IFREG | 0600, &content);
		if (r < 0)
			return r;
	}
	return 0;
}

/* And the file itself. */
static size_t folders_of(const char *path)
{
	size_t n = 1;

	for (; *path; path++)
		n += *path == '/';
	return n;
}

size_t image_bound(const struct image_file *files, size_t n)
{
	static const char *const names[] = { "init", "busybox", "image.list" };
	/* and the headers, and what gzip adds at worst */
	size_t size = TRAILER_BYTES + HANDOVER_BYTES;

	for (size_t i = 0; i < array_size(names); i++)
		size += embedded_find(names[i])->size;
	for (size_t i = 0; i < n; i++)
		size += files[i].size +
			folders_of(files[i].path) *
				(strlen(files[i].path) + ENTRY_OVERHEAD_BYTES);
	size += embedded_find("image.list")->size / 8 * ENTRY_OVERHEAD_BYTES;
	return size + size / 1000;
}

static int compress(const struct newc *newc)
{
	return archive_write_add_filter_gzip(newc->archive) == ARCHIVE_OK &&
			       archive_write_set_filter_option(newc->archive, "gzip",
							       "timestamp",
							       NULL) == ARCHIVE_OK
		       ? 0
		       : newc_error(newc);
}

static int build(const struct handover *handover, bool is_compressed,
		 const struct image_file *files, size_t n, struct image *ret)
{
	const size_t bound = image_bound(files, n);
	auto_free void *data = malloc(bound);
	char text[HANDOVER_BYTES];
	auto_newc struct newc newc = NEWC_INIT;
	struct writing writing = { .newc = &newc, .handover = text };
	size_t used = 0;
	int r;

	*ret = (struct image){ 0 };
	if (!data)
		return log_err(-ENOMEM, "cannot write the stage's image");
	r = handover_write(handover, text);
	if (r < 0)
		return log_err(r, "cannot write the handover");
	r = newc_begin(&newc, "the stage's image");
	if (r == 0 && is_compressed)
		r = compress(&newc);
	if (r == 0 &&
	    archive_write_open_memory(newc.archive, data, bound, &used) != ARCHIVE_OK)
		r = newc_error(&newc);
	if (r == 0)
		r = write_list(&writing);
	if (r == 0)
		r = write_files(&writing, files, n);
	if (r == 0)
		r = newc_end(&newc);
	if (r == 0)
		*ret = (struct image){ .data = take_ptr(&data), .size = used };
	return r;
}

int image_build(const struct handover *handover, const struct image_file *files, size_t n,
		struct image *ret)
{
	return build(handover, false, files, n, ret);
}

int image_build_compressed(const struct handover *handover,
			   const struct image_file *files, size_t n, struct image *ret)
{
	return build(handover, true, files, n, ret);
}

void image_done(struct image *image)
{
	free(image->data);
	*image = (struct image){ 0 };
}
