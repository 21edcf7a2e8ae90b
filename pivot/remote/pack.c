// SPDX-License-Identifier: GPL-2.0-or-later
#include "pack.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "pivot/base/cleanup.h"
#include "pivot/base/log.h"
#include "pivot/tree/spool.h"

enum { CHUNK_BYTES = 64 << 10 };

struct packing {
	struct archive *disk, *tarball;
	struct archive_entry *entry;
	const char *folder, *shown;
};

static void packing_done(struct packing *packing)
{
	if (packing->entry)
		archive_entry_free(packing->entry);
	if (packing->disk)
		(void)archive_read_free(packing->disk);
	if (packing->tarball)
		(void)archive_write_free(packing->tarball); /* closed before */
}

static int log_error(const struct packing *packing, struct archive *archive)
{
	int r = archive_errno(archive);

	return log_err(r > 0 ? -r : -EIO, "%s: cannot pack '%s' (%s)", packing->shown,
		       packing->folder,
		       archive_error_string(archive) ?: "no reason given");
}

static int open_disk(struct packing *packing)
{
	struct archive *disk = packing->disk = archive_read_disk_new();

	if (!disk)
		return log_err(-ENOMEM, "cannot pack '%s'", packing->folder);
	/* the folder itself may be a link; those in it stay links */
	if (archive_read_disk_set_symlink_hybrid(disk) != ARCHIVE_OK ||
	    archive_read_disk_set_behavior(
		    disk, ARCHIVE_READDISK_NO_ACL | ARCHIVE_READDISK_NO_XATTR |
				  ARCHIVE_READDISK_NO_FFLAGS) != ARCHIVE_OK ||
	    archive_read_disk_open(disk, packing->folder) != ARCHIVE_OK)
		return log_error(packing, disk);
	return 0;
}

static int open_tarball(struct packing *packing, int fd)
{
	struct archive *tarball = packing->tarball = archive_write_new();

	if (!tarball)
		return log_err(-ENOMEM, "cannot pack '%s'", packing->folder);
	if (archive_write_set_format_gnutar(tarball) != ARCHIVE_OK ||
	    archive_write_open_fd(tarball, fd) != ARCHIVE_OK)
		return log_error(packing, tarball);
	return 0;
}

static int copy_content(const struct packing *packing)
{
	char chunk[CHUNK_BYTES];
	la_ssize_t n;

	while ((n = archive_read_data(packing->disk, chunk, sizeof(chunk))) > 0)
		if (archive_write_data(packing->tarball, chunk, (size_t)n) != n)
			return log_error(packing, packing->tarball);
	return n < 0 ? log_error(packing, packing->disk) : 0;
}

/* Its name begins with the folder's. */
static int rename_entry(const struct packing *packing)
{
	char name[4096];
	const char *path = archive_entry_pathname(packing->entry);

	if (!path || strlen(path) < strlen(packing->folder) ||
	    snprintf(name, sizeof(name), ".%s%s",
		     path[strlen(packing->folder)] == '/' ? "" : "/",
		     path + strlen(packing->folder)) >= (int)sizeof(name))
		return log_refuse(-ENAMETOOLONG, "%s: a path in '%s' is too long",
				  packing->shown, packing->folder);
	archive_entry_set_pathname(packing->entry, name);
	return 0;
}

static int pack_entry(const struct packing *packing)
{
	int r = rename_entry(packing);

	if (r < 0)
		return r;
	if (archive_write_header(packing->tarball, packing->entry) != ARCHIVE_OK)
		return log_error(packing, packing->tarball);
	return archive_entry_filetype(packing->entry) == AE_IFREG ? copy_content(packing)
								  : 0;
}

static int pack(struct packing *packing, int fd)
{
	int r = open_disk(packing), found;

	if (r == 0)
		r = open_tarball(packing, fd);
	packing->entry = archive_entry_new();
	if (r == 0 && !packing->entry)
		r = log_err(-ENOMEM, "cannot pack '%s'", packing->folder);
	while (r == 0 && (found = archive_read_next_header2(
				  packing->disk, packing->entry)) != ARCHIVE_EOF) {
		if (found != ARCHIVE_OK)
			return log_error(packing, packing->disk);
		(void)archive_read_disk_descend(packing->disk); /* of a file: nothing */
		r = pack_entry(packing);
	}
	if (r == 0 && archive_write_close(packing->tarball) != ARCHIVE_OK)
		r = log_error(packing, packing->tarball);
	return r;
}

static int pack_closed(const char *folder, const char *shown, int fd)
{
	auto_release(packing_done) struct packing packing = {
		.folder = folder,
		.shown = shown,
	};

	return pack(&packing, fd);
}

int pack_folder(const char *folder, const char *shown)
{
	auto_release(spool_done) struct spool spool = SPOOL_INIT;
	int r = spool_open(&spool), fd;

	if (r < 0)
		return r;
	fd = spool_create(&spool);
	if (fd < 0)
		return fd;
	r = pack_closed(folder, shown, fd);
	fd = spool_finish(fd);
	if (r < 0)
		close_fdp(&fd);
	return r < 0 ? r : fd;
}
