// SPDX-License-Identifier: GPL-2.0-or-later
#include "tarball.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "pivot/base/cleanup.h"
#include "pivot/base/log.h"
#include "pivot/base/progress.h"
#include "spool.h"
#include "unpacker.h"

struct reading {
	struct archive *archive;
	struct unpacker unpacker; /* whence it has its bytes */
	struct tarball *tarball;
	struct spool spool;
	const char *shown;
	struct progress progress;
};

static void reading_done(struct reading *reading)
{
	progress_done(&reading->progress);
	(void)archive_read_free(reading->archive); /* only reading: nothing to lose */
	unpacker_done(&reading->unpacker);
	spool_done(&reading->spool);
}

static void member_done(struct tarball_member *member)
{
	free(member->path);
	free(member->target);
	close_fdp(&member->fd);
}

void tarball_done(struct tarball *tarball)
{
	for (size_t i = 0; i < tarball->n; i++)
		member_done(&tarball->members[i]);
	free(tarball->members);
	*tarball = (struct tarball){ 0 };
}

/* Never opened, or too much, or cut short, or damaged: libarchive's text says which. */
static int log_broken(const struct reading *reading)
{
	const char *text = archive_error_string(reading->archive);

	if (reading->unpacker.too_much)
		return log_refuse(-EFBIG, "'%s' %s", reading->shown,
				  reading->unpacker.too_much);
	if (!archive_format(reading->archive) && !reading->unpacker.is_broken)
		return log_refuse(
			-EBADMSG,
			"'%s' is no tree: neither a folder nor a tarball (plain, or "
			"compressed with gzip, xz, zstd or bzip2)",
			reading->shown);
	return log_refuse(-EBADMSG,
			  "'%s' is cut short or damaged (%s): copy or download it again",
			  reading->shown, text ?: "no reason given");
}

static int copy_blocks(struct reading *reading, int fd, off_t *ret_size)
{
	const void *data;
	size_t n;
	la_int64_t at;
	int r;

	while ((r = archive_read_data_block(reading->archive, &data, &n, &at)) ==
	       ARCHIVE_OK) {
		if (at < *ret_size)
			return log_broken(reading);
		/* a sparse file's holes cost nothing here, but the loader copies them */
		r = spool_take(&reading->spool, (uint64_t)(at - *ret_size));
		if (r == 0)
			r = spool_write(&reading->spool, fd, data, n, at);
		if (r < 0)
			return r;
		*ret_size = at + (off_t)n;
		progress_at(&reading->progress, unpacker_read(&reading->unpacker));
	}
	return r == ARCHIVE_EOF ? 0 : log_broken(reading);
}

static int keep_file(struct reading *reading, struct tarball_member *member)
{
	auto_close int fd = -1;
	int r;

	if (++reading->tarball->n_files > TARBALL_MAX_FILES)
		return log_refuse(-E2BIG,
				  "'%s' holds more than %d files: it is no kexec tarball",
				  reading->shown, TARBALL_MAX_FILES);
	fd = spool_create(&reading->spool);
	if (fd < 0)
		return fd;
	r = copy_blocks(reading, fd, &member->size);
	if (r < 0)
		return r;
	member->fd = spool_finish(take_fd(&fd));
	return member->fd < 0 ? member->fd : 0;
}

/* A hard link's target is seen from the tarball's top. */
static int set_target(const struct reading *reading, struct tarball_member *member,
		      const char *before, const char *target)
{
	member->type = S_IFLNK;
	if (target && strlen(target) >= PATH_MAX)
		return log_refuse(-ENAMETOOLONG,
				  "'%s' has a link whose target is longer than any path: "
				  "it is no kexec tarball",
				  reading->shown);
	if (asprintf(&member->target, "%s%s", before, target ?: "") >= 0)
		return 0;
	member->target = NULL; /* its value is not defined then */
	return log_err(-ENOMEM, "cannot read '%s'", member->path);
}

static int fill_member(struct reading *reading, struct archive_entry *entry,
		       struct tarball_member *member)
{
	const char *hardlink = archive_entry_hardlink(entry);
	la_int64_t announced = archive_entry_size(entry);
	/* before an hour is spent on it, be it only to get over it */
	int r = spool_has_room(&reading->spool, announced > 0 ? (uint64_t)announced : 0);

	if (r < 0)
		return r;
	if (hardlink)
		return set_target(reading, member, "/", hardlink);
	member->type = archive_entry_filetype(entry);
	if (S_ISLNK(member->type))
		return set_target(reading, member, "", archive_entry_symlink(entry));
	return S_ISREG(member->type) ? keep_file(reading, member) : 0;
}

static struct tarball_member *add_member(struct tarball *tarball)
{
	struct tarball_member *members = tarball->members;

	if ((tarball->n & (tarball->n - 1)) == 0) {
		size_t size = tarball->n ? tarball->n * 2 : 1;

		members = reallocarray(tarball->members, size, sizeof(*members));
		if (!members)
			return NULL;
		tarball->members = members;
	}
	members[tarball->n] = (struct tarball_member){ .fd = -1 };
	return &members[tarball->n++];
}

static int log_bad_path(const struct reading *reading, const char *path, int error)
{
	if (error == -EXDEV)
		return log_refuse(
			-EXDEV,
			"'%.200s' in '%s' leads out of the tarball, to overwrite "
			"what lies beside it: get it from somebody you trust",
			path, reading->shown);
	return log_refuse(-ENAMETOOLONG,
			  "'%.200s...' in '%s' lies too deep: it is no kexec tarball",
			  path, reading->shown);
}

static int read_member(struct reading *reading, struct archive_entry *entry)
{
	const char *path = archive_entry_pathname(entry) ?: "";
	struct tarball_member *member;
	char clean[PATH_MAX];
	int r = tarball_clean_path(path, clean);

	if (r < 0)
		return log_bad_path(reading, path, r);
	if (!*clean)
		return 0;
	if (reading->tarball->n == TARBALL_MAX_MEMBERS)
		return log_refuse(
			-E2BIG, "'%s' holds more than %d entries: it is no kexec tarball",
			reading->shown, TARBALL_MAX_MEMBERS);
	member = add_member(reading->tarball);
	if (!member || !(member->path = strdup(clean)))
		return log_err(-ENOMEM, "cannot read '%s'", reading->shown);
	member->path_bytes = strlen(clean);
	return fill_member(reading, entry, member);
}

static int read_members(struct reading *reading)
{
	struct archive_entry *entry;
	int r;

	while ((r = unpacker_next(&reading->unpacker, reading->archive, &entry)) !=
	       ARCHIVE_EOF) {
		/* a warning is about an attribute nobody here looks at */
		if (r != ARCHIVE_OK && r != ARCHIVE_WARN)
			return log_broken(reading);
		r = read_member(reading, entry);
		if (r < 0)
			return r;
		/* what was not read is no part of the next header */
		if (archive_read_data_skip(reading->archive) != ARCHIVE_OK)
			return log_broken(reading);
	}
	return 0;
}

int tarball_read(int fd, const char *shown, struct tarball *ret)
{
	auto_release(reading_done) struct reading reading = { .tarball = ret,
							      .spool = SPOOL_INIT,
							      .shown = shown };
	struct stat st;
	int r;

	*ret = (struct tarball){ 0 };
	reading.archive = archive_read_new();
	if (!reading.archive)
		return log_err(-ENOMEM, "cannot read '%s'", shown);
	r = spool_open(&reading.spool);
	if (r < 0)
		return r;
	/* never _all: xar would draw libxml2 into the static binary */
	if (archive_read_support_format_tar(reading.archive) != ARCHIVE_OK)
		return log_err(-ENOTSUP, "cannot read tarballs with this libarchive");
	if (unpacker_open(&reading.unpacker, fd, reading.archive) != ARCHIVE_OK)
		return log_broken(&reading);
	reading.progress = progress_start("unpacking",
					  fstat(fd, &st) == 0 ? (uint64_t)st.st_size : 0);
	r = read_members(&reading);
	if (r == 0 && !ret->n)
		return log_refuse(-ENODATA,
				  "'%s' holds no files: copy or download it again",
				  shown);
	return r;
}
