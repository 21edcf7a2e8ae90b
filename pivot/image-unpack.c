// SPDX-License-Identifier: GPL-2.0-or-later

/* The one act beside acts.h: libarchive writes the image's files into the stage. */

#include "image.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>

#include "pivot/base/cleanup.h"
#include "pivot/base/log.h"

static int unpack_error(struct archive *archive)
{
	int r = archive_errno(archive);

	return log_err(r > 0 ? -r : -EIO, "cannot unpack the stage's image (%s)",
		       archive_error_string(archive) ?: "no reason given");
}

static void write_freep(struct archive **archive)
{
	if (*archive)
		(void)archive_write_free(*archive); /* closed before, and checked */
}

static void read_freep(struct archive **archive)
{
	if (*archive)
		(void)archive_read_free(*archive); /* read only */
}

static int unpack_entry(struct archive *from, struct archive *to,
			struct archive_entry *entry, const char *directory)
{
	char path[PATH_MAX];
	const void *block;
	la_int64_t offset;
	size_t size;
	int r;

	if (snprintf(path, sizeof(path), "%s/%s", directory,
		     archive_entry_pathname(entry)) >= (int)sizeof(path))
		return log_err(-ENAMETOOLONG, "cannot unpack into '%s'", directory);
	archive_entry_set_pathname(entry, path);
	if (archive_write_header(to, entry) != ARCHIVE_OK)
		return unpack_error(to);
	while ((r = archive_read_data_block(from, &block, &size, &offset)) == ARCHIVE_OK)
		if (archive_write_data_block(to, block, size, offset) != ARCHIVE_OK)
			return unpack_error(to);
	if (r != ARCHIVE_EOF)
		return unpack_error(from);
	return archive_write_finish_entry(to) == ARCHIVE_OK ? 0 : unpack_error(to);
}

int image_unpack(const struct image *image, const char *directory)
{
	auto_release(read_freep) struct archive *from = archive_read_new();
	auto_release(write_freep) struct archive *to = archive_write_disk_new();
	struct archive_entry *entry;
	int r;

	if (!from || !to)
		return log_err(-ENOMEM, "cannot unpack the stage's image");
	if (archive_write_disk_set_options(
		    to, ARCHIVE_EXTRACT_PERM | ARCHIVE_EXTRACT_OWNER) != ARCHIVE_OK)
		return unpack_error(to);
	if (archive_read_support_format_cpio(from) != ARCHIVE_OK ||
	    archive_read_open_memory(from, image->data, image->size) != ARCHIVE_OK)
		return unpack_error(from);
	while ((r = archive_read_next_header(from, &entry)) == ARCHIVE_OK) {
		r = unpack_entry(from, to, entry, directory);
		if (r < 0)
			return r;
	}
	if (r != ARCHIVE_EOF)
		return unpack_error(from);
	return archive_write_close(to) == ARCHIVE_OK ? 0 : unpack_error(to);
}
