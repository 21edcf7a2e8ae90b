// SPDX-License-Identifier: GPL-2.0-or-later

/* The archive, a newc cpio. Source: Documentation/driver-api/early-userspace/
 * buffer-format.rst. */

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files.h"
#include "pivot/base/cleanup.h"
#include "pivot/base/file.h"
#include "pivot/base/log.h"
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

static int archive_error(struct archive *archive)
{
	int r = archive_errno(archive);

	return log_err(r > 0 ? -r : -EIO, "cannot write what travels (%s)",
		       archive_error_string(archive) ?: "no reason given");
}

static void entry_freep(struct archive_entry **entry)
{
	if (*entry)
		archive_entry_free(*entry);
}

static void write_freep(struct archive **archive)
{
	if (*archive)
		(void)archive_write_free(*archive); /* closed before, and checked */
}

static int put(struct archive *archive, const void *data, size_t n)
{
	return n == 0 || archive_write_data(archive, data, n) == (la_ssize_t)n
		       ? 0
		       : archive_error(archive);
}

static int log_changed(const struct keep_file *file)
{
	return log_refuse(-ESTALE, "'%s' changed while it was read: try again",
			  file->source);
}

static int put_content(struct archive *archive, const struct keep_file *file, int fd,
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
		r = put(archive, data, (size_t)n);
		at += (uint64_t)n;
		progress_add(progress, (uint64_t)n);
	}
	return r;
}

/* Of its size it was decided whether there is room, and it is in the header. */
static int put_file(struct archive *archive, const struct keep_file *file,
		    struct progress *progress)
{
	auto_close int fd = open(file->source, O_RDONLY | O_NOFOLLOW | O_NONBLOCK |
						       O_NOCTTY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return log_err(-errno, "cannot read '%s'", file->source);
	if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size != file->bytes)
		return log_changed(file);
	return put_content(archive, file, fd, progress);
}

static int put_entry(struct archive *archive, const struct keep_file *file,
		     unsigned int ino, struct progress *progress)
{
	auto_release(entry_freep) struct archive_entry *entry = archive_entry_new();

	if (!entry)
		return log_err(-ENOMEM, "cannot write what travels");
	archive_entry_set_pathname(entry, file->path);
	archive_entry_set_mode(entry, file->mode);
	archive_entry_set_uid(entry, 0);
	archive_entry_set_gid(entry, 0);
	archive_entry_set_mtime(entry, 0, 0);
	archive_entry_set_ino(entry, ino); /* no two are the same file */
	archive_entry_set_nlink(entry, S_ISDIR(file->mode) ? 2 : 1);
	archive_entry_set_size(entry, S_ISREG(file->mode) ? (la_int64_t)file->bytes : 0);
	if (file->target)
		archive_entry_set_symlink(entry, file->target);
	if (archive_write_header(archive, entry) != ARCHIVE_OK)
		return archive_error(archive);
	if (!S_ISREG(file->mode))
		return 0;
	return file->data ? put(archive, file->data, (size_t)file->bytes)
			  : put_file(archive, file, progress);
}

static int check_length(const struct keep *keep, int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return log_err(-errno, "cannot write what travels");
	return (uint64_t)st.st_size == keep->bytes
		       ? 0
		       : log_refuse(-EBADMSG,
				    "what travels is not as long as it should be");
}

int keep_write(const struct keep *keep, int fd)
{
	auto_progress struct progress progress =
		progress_start("gathering what travels to the target", keep->bytes);
	auto_release(write_freep) struct archive *archive = archive_write_new();
	int r = 0;

	if (!archive)
		return log_err(-ENOMEM, "cannot write what travels");
	if (archive_write_set_format_cpio_newc(archive) != ARCHIVE_OK ||
	    archive_write_set_bytes_in_last_block(archive, 1) != ARCHIVE_OK ||
	    archive_write_open_fd(archive, fd) != ARCHIVE_OK)
		return archive_error(archive);
	for (size_t i = 0; r == 0 && i < keep->n; i++)
		r = put_entry(archive, &keep->file[i], (unsigned int)i + 1, &progress);
	if (r == 0 && archive_write_close(archive) != ARCHIVE_OK)
		r = archive_error(archive);
	return r < 0 ? r : check_length(keep, fd);
}
