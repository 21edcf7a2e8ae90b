// SPDX-License-Identifier: GPL-2.0-or-later

/* A folder of the user's, as it is. Its files are read when the archive is written. */

#include <errno.h>
#include <fts.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files.h"
#include "pivot/base/log.h"
#include "pivot/base/macros.h"

enum { FILES_MAX = 65536 };

/* An entry of a newc archive has 32 bits for its length. */
static const uint64_t file_max_bytes = UINT32_MAX;

static int compare(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

static void fts_closep(FTS **fts)
{
	if (*fts)
		(void)fts_close(*fts);
}

/* In the archive: without the folder. */
static const char *path_in(const FTSENT *entry, const char *folder)
{
	const char *path = entry->fts_path + strlen(folder);

	return path + strspn(path, "/");
}

static int add_link(struct keep *keep, struct keep_file *file)
{
	char target[PATH_MAX];
	ssize_t n = readlink(file->source, target, sizeof(target) - 1);

	if (n < 0)
		return log_err(-errno, "--extra-files: cannot read '%s'", file->source);
	target[n] = '\0';
	file->target = target;
	file->bytes = (uint64_t)n;
	return keep_add(keep, file);
}

static int add_entry(struct keep *keep, const FTSENT *entry, const char *folder)
{
	const struct stat *st = entry->fts_statp;
	struct keep_file file = {
		.path = path_in(entry, folder),
		.mode = st->st_mode,
		.source = entry->fts_path,
		.device = st->st_dev,
		.inode = st->st_ino,
		.changed = st->st_ctim,
	};

	/* all of them become root's */
	if (st->st_uid != 0)
		file.mode &= ~(mode_t)S_ISUID;
	if (st->st_gid != 0)
		file.mode &= ~(mode_t)S_ISGID;
	if (strlen(file.path) >= PATH_MAX)
		return log_refuse(-ENAMETOOLONG, "--extra-files: '%s' is too long a path",
				  file.source);
	if (keep->n - keep->n_own >= FILES_MAX)
		return log_refuse(-E2BIG,
				  "--extra-files: '%s' has more than %d files: put them "
				  "into an archive",
				  folder, FILES_MAX);
	if (S_ISLNK(st->st_mode))
		return add_link(keep, &file);
	if (S_ISREG(st->st_mode))
		file.bytes = (uint64_t)st->st_size;
	if (file.bytes > file_max_bytes)
		return log_refuse(-EFBIG, "--extra-files: '%s' is larger than 4 GiB",
				  file.source);
	keep->extra_bytes += file.bytes;
	return keep_add(keep, &file);
}

/* 1 where there is something to add. */
static int look_at(const FTSENT *entry)
{
	switch (entry->fts_info) {
	case FTS_D: /* the folder itself is the target's root, which stays as it is */
		return entry->fts_level > 0;
	case FTS_DP:
		return 0;
	case FTS_F:
	case FTS_SL:
		if (entry->fts_level > 0)
			return 1;
		return log_refuse(-ENOTDIR, "--extra-files: '%s' is no folder",
				  entry->fts_path);
	case FTS_DEFAULT:
		return log_refuse(-EINVAL,
				  "--extra-files: '%s' is neither a file nor a folder "
				  "nor a link: leave it out",
				  entry->fts_path);
	default:
		return log_err(-entry->fts_errno, "--extra-files: cannot read '%s'",
			       entry->fts_path);
	}
}

int keep_add_extra_files(struct keep *keep, const char *folder)
{
	char *const paths[] = { (char *)(uintptr_t)folder, NULL };
	__attribute__((cleanup(fts_closep))) FTS *fts =
		fts_open(paths, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, compare);
	int r = 0;

	if (!fts)
		return log_err(-errno, "--extra-files: cannot read '%s'", folder);
	for (FTSENT *entry; r == 0 && (errno = 0, entry = fts_read(fts));) {
		r = look_at(entry);
		if (r > 0)
			r = add_entry(keep, entry, folder);
		if (r == -ENOMEM)
			(void)log_err(r, "--extra-files: cannot keep '%s'", folder);
	}
	return r == 0 && errno != 0
		       ? log_err(-errno, "--extra-files: cannot read '%s'", folder)
		       : r;
}
