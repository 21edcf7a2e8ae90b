// SPDX-License-Identifier: GPL-2.0-or-later
#include "folder.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pivot/base/cleanup.h"
#include "pivot/base/file.h"
#include "pivot/base/log.h"
#include "pivot/base/macros.h"

enum { MODE_BITS = 07777 };

/* Whose it is gets lost, and it must not become root's with that. */
static mode_t mode_of(const struct stat *st)
{
	mode_t mode = st->st_mode & MODE_BITS;

	if (st->st_uid != 0)
		mode &= ~(mode_t)S_ISUID;
	if (st->st_gid != 0)
		mode &= ~(mode_t)S_ISGID;
	return mode;
}

/* flags: O_NOFOLLOW or 0. */
static int pack_regular(struct pack *pack, const char *option, const char *file,
			int flags, const char *path)
{
	struct stat st;
	auto_close int fd = file_open_regular(file, flags, &st);

	if (fd == -EINVAL)
		return log_refuse(fd, "--%s: '%s' is no regular file", option, file);
	if (fd < 0)
		return log_err(fd, "--%s: cannot read '%s'", option, file);
	return pack_file(pack, path, mode_of(&st), fd, (uint64_t)st.st_size, file);
}

int folder_pack_file(struct pack *pack, const char *option, const char *file,
		     const char *path)
{
	return pack_regular(pack, option, file, 0, path);
}

static int pack_symlink(struct pack *pack, const char *option, const char *link,
			const char *path)
{
	char target[PATH_MAX];
	ssize_t n = readlink(link, target, sizeof(target) - 1);

	if (n < 0)
		return log_err(-errno, "--%s: cannot read '%s'", option, link);
	target[n] = '\0';
	return pack_link(pack, path, target);
}

static int pack_entry(struct pack *pack, const char *option, const FTSENT *entry,
		      const char *path)
{
	switch (entry->fts_info) {
	case FTS_D:
		/* the folder itself is ours */
		return pack_folder(pack, path,
				   entry->fts_level > 0 ? mode_of(entry->fts_statp)
							: 0700);
	case FTS_DP:
		return 0;
	case FTS_F:
		if (entry->fts_level > 0)
			return pack_regular(pack, option, entry->fts_path, O_NOFOLLOW,
					    path);
		break;
	case FTS_SL:
	case FTS_SLNONE:
		if (entry->fts_level > 0)
			return pack_symlink(pack, option, entry->fts_path, path);
		break;
	case FTS_DEFAULT:
		return log_refuse(-EINVAL,
				  "--%s: '%s' is neither a file nor a folder nor a link: "
				  "leave it out",
				  option, entry->fts_path);
	default:
		return log_err(-entry->fts_errno, "--%s: cannot read '%s'", option,
			       entry->fts_path);
	}
	return log_refuse(-ENOTDIR, "--%s: '%s' is no folder", option, entry->fts_path);
}

static int compare(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

static void fts_closep(FTS **fts)
{
	if (*fts)
		(void)fts_close(*fts);
}

int folder_pack(struct pack *pack, const char *option, const char *folder,
		const char *path)
{
	char *const paths[] = { (char *)(uintptr_t)folder, NULL };
	auto_release(fts_closep) FTS *fts =
		fts_open(paths, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, compare);
	char full[PATH_MAX];
	int r = 0;

	if (!fts)
		return log_err(-errno, "--%s: cannot read '%s'", option, folder);
	for (FTSENT *entry; r == 0 && (errno = 0, entry = fts_read(fts));) {
		const char *rest = entry->fts_path + strlen(folder);

		rest += strspn(rest, "/");
		r = snprintf(full, sizeof(full), "%s%s%s", path, *rest ? "/" : "", rest) <
				    (int)sizeof(full)
			    ? pack_entry(pack, option, entry, full)
			    : log_err(-ENAMETOOLONG, "--%s: cannot take '%s'", option,
				      entry->fts_path);
	}
	return r == 0 && errno != 0
		       ? log_err(-errno, "--%s: cannot read '%s'", option, folder)
		       : r;
}
