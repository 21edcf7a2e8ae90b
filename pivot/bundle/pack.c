// SPDX-License-Identifier: GPL-2.0-or-later
#include "pack.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "pivot/base/cleanup.h"
#include "pivot/base/file.h"
#include "pivot/base/log.h"
#include "pivot/base/macros.h"

enum {
	CHUNK_BYTES = 1 << 20,
	MTIME = 1, /* some tars warn of 0 */
};

/*
 * Kernels and initrds are compressed already: the lowest level is nearly as small as the
 * highest, and many times faster. What is compressed depends on whether there are threads
 * at all, but not on how many.
 */
struct format {
	const char *end; /* of the name */
	const char *filter;
	int (*add)(struct archive *archive);
	const char *options[2][2];
};

static const struct format formats[] = {
	{ ".tar", NULL, archive_write_add_filter_none, { { 0 } } },
	{ ".tar.gz",
	  "gzip",
	  archive_write_add_filter_gzip,
	  { { "compression-level", "1" }, { "timestamp", NULL } } },
	{ ".tar.xz",
	  "xz",
	  archive_write_add_filter_xz,
	  { { "compression-level", "0" }, { "threads", "4" } } },
	{ ".tar.zst",
	  "zstd",
	  archive_write_add_filter_zstd,
	  { { "compression-level", "1" }, { "threads", "4" } } },
};

static const struct format *find_format(const char *name)
{
	const size_t n = strlen(name);

	for (size_t i = 0; i < array_size(formats); i++) {
		const size_t end = strlen(formats[i].end);

		if (n > end && strcmp(name + n - end, formats[i].end) == 0)
			return &formats[i];
	}
	return NULL;
}

bool pack_knows(const char *name)
{
	return find_format(name) != NULL;
}

static int log_failed(const struct pack *pack)
{
	int r = archive_errno(pack->archive);

	return log_err(r > 0 ? -r : -EIO, "cannot write '%s'", pack->shown);
}

static int compress(struct archive *archive, const struct format *format)
{
	int r = format->add(archive);

	for (size_t i = 0; r == ARCHIVE_OK && i < 2 && format->options[i][0]; i++)
		r = archive_write_set_filter_option(archive, format->filter,
						    format->options[i][0],
						    format->options[i][1]);
	return r;
}

int pack_open(int fd, const char *name, struct pack *ret)
{
	struct archive *archive = archive_write_new();
	int r;

	*ret = (struct pack){ .archive = archive,
			      .entry = archive_entry_new(),
			      .chunk = malloc(CHUNK_BYTES),
			      .shown = name };
	if (!archive || !ret->entry || !ret->chunk)
		return log_err(-ENOMEM, "cannot write '%s'", name);
	r = archive_write_set_format_gnutar(archive);
	if (r == ARCHIVE_OK)
		r = compress(archive, find_format(name));
	if (r == ARCHIVE_OK)
		r = archive_write_set_bytes_in_last_block(archive, 1);
	if (r == ARCHIVE_OK)
		r = archive_write_open_fd(archive, fd);
	return r == ARCHIVE_OK ? 0 : log_failed(ret);
}

static struct archive_entry *begin(struct pack *pack, const char *path, mode_t mode)
{
	struct archive_entry *entry = archive_entry_clear(pack->entry);

	archive_entry_set_pathname(entry, path);
	archive_entry_set_mode(entry, mode);
	archive_entry_set_uname(entry, "root");
	archive_entry_set_gname(entry, "root");
	archive_entry_set_mtime(entry, MTIME, 0);
	archive_entry_set_size(entry, 0);
	return entry;
}

/* ARCHIVE_WARN: a name that is no text goes in as it is. */
static int write_header(struct pack *pack)
{
	int r = archive_write_header(pack->archive, pack->entry);

	return r == ARCHIVE_OK || r == ARCHIVE_WARN ? 0 : log_failed(pack);
}

static int write_data(struct pack *pack, const void *data, size_t n)
{
	return archive_write_data(pack->archive, data, n) == (la_ssize_t)n
		       ? 0
		       : log_failed(pack);
}

int pack_folder(struct pack *pack, const char *path, mode_t mode)
{
	(void)begin(pack, path, S_IFDIR | mode);
	return write_header(pack);
}

int pack_link(struct pack *pack, const char *path, const char *target)
{
	archive_entry_set_symlink(begin(pack, path, S_IFLNK | 0777), target);
	return write_header(pack);
}

int pack_text(struct pack *pack, const char *path, mode_t mode, const char *text,
	      size_t bytes)
{
	int r;

	archive_entry_set_size(begin(pack, path, S_IFREG | mode), (la_int64_t)bytes);
	r = write_header(pack);
	return r < 0 ? r : write_data(pack, text, bytes);
}

static int copy(struct pack *pack, int fd, uint64_t bytes, const char *shown)
{
	for (uint64_t at = 0; at < bytes;) {
		const uint64_t left = bytes - at;
		ssize_t n =
			file_read_at(fd, pack->chunk,
				     left < CHUNK_BYTES ? left : CHUNK_BYTES, (off_t)at);
		int r;

		if (n < 0)
			return log_err((int)n, "cannot read '%s'", shown);
		if (n == 0)
			return log_refuse(-ESTALE,
					  "'%s' changed while it was read: "
					  "try again",
					  shown);
		r = write_data(pack, pack->chunk, (size_t)n);
		if (r < 0)
			return r;
		at += (uint64_t)n;
	}
	return 0;
}

int pack_file(struct pack *pack, const char *path, mode_t mode, int fd, uint64_t bytes,
	      const char *shown)
{
	int r;

	archive_entry_set_size(begin(pack, path, S_IFREG | mode), (la_int64_t)bytes);
	r = write_header(pack);
	return r < 0 ? r : copy(pack, fd, bytes, shown);
}

int pack_finish(struct pack *pack)
{
	return archive_write_close(pack->archive) == ARCHIVE_OK ? 0 : log_failed(pack);
}

void pack_done(struct pack *pack)
{
	if (pack->archive)
		(void)archive_write_free(
			pack->archive); /* finished before, and checked */
	archive_entry_free(pack->entry);
	free(pack->chunk);
	*pack = (struct pack){ 0 };
}
