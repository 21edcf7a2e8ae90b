// SPDX-License-Identifier: GPL-2.0-or-later

/* The archive. */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files.h"
#include "pivot/base/cleanup.h"
#include "pivot/base/file.h"
#include "pivot/base/log.h"
#include "pivot/base/newc.h"
#include "pivot/base/progress.h"

enum { HEADER_BYTES = 110, AT_ONCE = 64 << 10 };

static const char trailer[] = "TRAILER!!!";

static uint64_t padded(uint64_t bytes)
{
	return (bytes + 3) & ~3ULL;
}

static uint64_t entry_bytes(const char *path, uint64_t bytes)
{
	return padded(HEADER_BYTES + strlen(path) + 1) + padded(bytes);
}

uint64_t keep_measure(const struct keep *keep)
{
	uint64_t bytes = entry_bytes(trailer, 0);

	for (size_t i = 0; i < keep->n; i++)
		bytes += entry_bytes(keep->file[i].path, keep->file[i].bytes);
	return bytes;
}

static int log_changed(const struct keep_file *file)
{
	return log_refuse(-ESTALE, "'%s' changed while it was read: try again",
			  file->source);
}

static int put_content(const struct newc *newc, const struct keep_file *file, int fd,
		       struct progress *progress)
{
	auto_free char *data = malloc(AT_ONCE);
	int r = data ? 0 : log_err(-ENOMEM, "cannot read '%s'", file->source);

	for (uint64_t at = 0; r == 0 && at < file->bytes;) {
		uint64_t left = file->bytes - at;
		ssize_t n = file_read_at(
			fd, data, left < AT_ONCE ? (size_t)left : AT_ONCE, (off_t)at);

		if (n < 0)
			return log_err((int)n, "cannot read '%s'", file->source);
		if (n == 0)
			return log_changed(file);
		r = newc_data(newc, data, (size_t)n);
		at += (uint64_t)n;
		progress_add(progress, (uint64_t)n);
	}
	return r;
}

/*
 * The file that was listed, as it was then: of its size it was decided whether there is
 * room, and another in its place, by way of a link or not, nobody was shown.
 */
static bool is_as_listed(const struct keep_file *file, const struct stat *st)
{
	return st->st_dev == file->device && st->st_ino == file->inode &&
	       (uint64_t)st->st_size == file->bytes &&
	       st->st_ctim.tv_sec == file->changed.tv_sec &&
	       st->st_ctim.tv_nsec == file->changed.tv_nsec;
}

static int put_file(const struct newc *newc, const struct keep_file *file,
		    struct progress *progress)
{
	struct stat st;
	auto_close int fd = file_open_regular(file->source, O_NOFOLLOW, &st);
	int r;

	if (fd == -EINVAL)
		return log_changed(file);
	if (fd < 0)
		return log_err(fd, "cannot read '%s'", file->source);
	if (!is_as_listed(file, &st))
		return log_changed(file);
	r = put_content(newc, file, fd, progress);
	if (r < 0)
		return r;
	return fstat(fd, &st) == 0 && is_as_listed(file, &st) ? 0 : log_changed(file);
}

static int put_entry(struct newc *newc, const struct keep_file *file,
		     struct progress *progress)
{
	auto_newc_entry struct archive_entry *entry = newc_entry(newc);
	int r;

	if (!entry)
		return -ENOMEM;
	archive_entry_set_pathname(entry, file->path);
	archive_entry_set_mode(entry, file->mode);
	archive_entry_set_uid(entry, 0);
	archive_entry_set_gid(entry, 0);
	if (file->target)
		archive_entry_set_symlink(entry, file->target);
	r = newc_header(newc, entry, S_ISREG(file->mode) ? file->bytes : 0);
	if (r < 0 || !S_ISREG(file->mode))
		return r;
	return file->data ? newc_data(newc, file->data, (size_t)file->bytes)
			  : put_file(newc, file, progress);
}

static int check_length(const struct keep *keep, const struct newc *newc)
{
	return (uint64_t)archive_filter_bytes(newc->archive, -1) == keep->bytes
		       ? 0
		       : log_refuse(-EBADMSG,
				    "what travels is not as long as it should be");
}

int keep_write(const struct keep *keep, int fd)
{
	auto_progress struct progress progress =
		progress_start("gathering what travels to the target", keep->bytes);
	auto_newc struct newc newc = NEWC_INIT;
	int r = newc_begin(&newc, "what travels");

	if (r == 0 && archive_write_open_fd(newc.archive, fd) != ARCHIVE_OK)
		r = newc_error(&newc);
	for (size_t i = 0; r == 0 && i < keep->n; i++)
		r = put_entry(&newc, &keep->file[i], &progress);
	if (r == 0)
		r = newc_end(&newc);
	return r < 0 ? r : check_length(keep, &newc);
}
