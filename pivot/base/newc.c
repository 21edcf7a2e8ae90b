// SPDX-License-Identifier: GPL-2.0-or-later
#include "newc.h"

#include <errno.h>

#include "log.h"

int newc_error(const struct newc *newc)
{
	int r = archive_errno(newc->archive);

	return log_err(r > 0 ? -r : -EIO, "cannot write %s (%s)", newc->what,
		       archive_error_string(newc->archive) ?: "no reason given");
}

int newc_begin(struct newc *newc, const char *what)
{
	*newc = (struct newc){ .archive = archive_write_new(), .what = what };
	if (!newc->archive)
		return log_err(-ENOMEM, "cannot write %s", what);
	return archive_write_set_format_cpio_newc(newc->archive) == ARCHIVE_OK &&
			       archive_write_set_bytes_in_last_block(newc->archive, 1) ==
				       ARCHIVE_OK
		       ? 0
		       : newc_error(newc);
}

struct archive_entry *newc_entry(const struct newc *newc)
{
	struct archive_entry *entry = archive_entry_new();

	if (!entry)
		(void)log_err(-ENOMEM, "cannot write %s", newc->what);
	return entry;
}

int newc_header(struct newc *newc, struct archive_entry *entry, uint64_t bytes)
{
	archive_entry_set_mtime(entry, 0, 0);
	archive_entry_set_ino(entry, ++newc->ino);
	archive_entry_set_nlink(entry, archive_entry_filetype(entry) == AE_IFDIR ? 2 : 1);
	archive_entry_set_size(entry, (la_int64_t)bytes);
	return archive_write_header(newc->archive, entry) == ARCHIVE_OK
		       ? 0
		       : newc_error(newc);
}

int newc_data(const struct newc *newc, const void *data, size_t bytes)
{
	return bytes == 0 || archive_write_data(newc->archive, data, bytes) ==
				       (la_ssize_t)bytes
		       ? 0
		       : newc_error(newc);
}

int newc_end(const struct newc *newc)
{
	return archive_write_close(newc->archive) == ARCHIVE_OK ? 0 : newc_error(newc);
}

void newc_done(struct newc *newc)
{
	if (newc->archive)
		(void)archive_write_free(newc->archive); /* closed before, and checked */
}

void newc_entry_freep(struct archive_entry **entry)
{
	if (*entry)
		archive_entry_free(*entry);
}
