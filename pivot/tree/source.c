// SPDX-License-Identifier: GPL-2.0-or-later
#include "pivot/tree/source.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pivot/base/cleanup.h"
#include "pivot/base/log.h"
#include "pivot/kexec/kernel.h"
#include "pivot/tree/file.h"
#include "pivot/tree/tarball.h"

struct source {
	char *name;
	int folder_fd; /* -1: a tarball */
	struct tarball tarball;
};

void source_free(struct source *source)
{
	if (!source)
		return;
	close_fdp(&source->folder_fd);
	tarball_done(&source->tarball);
	free(source->name);
	free(source);
}

static bool is_tarball(const struct source *source)
{
	return source->folder_fd < 0;
}

/* People hand over the kernel itself, or the script beside it. */
static int check_head(int fd, const char *path)
{
	uint8_t head[KERNEL_HEAD_BYTES];
	struct kernel_image image;
	char why_not[256];
	ssize_t n = pread(fd, head, sizeof(head), 0);

	if (n < 0)
		return log_err(-errno, "cannot read '%s'", path);
	if (n > 2 && !memcmp(head, "#!", 2)) {
		(void)log_err(0, "'%s' is a script: name the folder it lies in", path);
		return -EINVAL;
	}
	if (kernel_parse(head, (size_t)n, UINT64_MAX, &image, why_not, sizeof(why_not)) ==
	    0) {
		(void)log_err(0,
			      "'%s' is a kernel, not a tree: give it with --kernel, and "
			      "--initrd and --command-line with it",
			      path);
		return -EINVAL;
	}
	return 0;
}

static int open_file_tarball(struct source *source, const char *path)
{
	auto_close int fd = file_open(AT_FDCWD, path, path);
	int r;

	if (fd < 0)
		return fd;
	r = check_head(fd, path);
	return r < 0 ? r : tarball_read(fd, path, &source->tarball);
}

static int open_stdin(struct source *source)
{
	if (isatty(STDIN_FILENO)) {
		(void)log_err(0, "standard input is a terminal: pipe a tarball into it");
		return -EINVAL;
	}
	return tarball_read(STDIN_FILENO, source->name, &source->tarball);
}

static int open_content(struct source *source, const char *path)
{
	if (!strcmp(path, "-"))
		return open_stdin(source);
	source->folder_fd = open(path, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
	if (source->folder_fd >= 0)
		return 0;
	/* not a folder: what else it may be, and why it cannot be opened, is told there
	 */
	return open_file_tarball(source, path);
}

int source_open(const char *path, struct source **ret)
{
	struct source *source = calloc(1, sizeof(*source));
	size_t n = strlen(path);
	int r = -ENOMEM;

	if (!source)
		return log_err(-ENOMEM, "cannot open '%s'", path);
	source->folder_fd = -1;
	while (n > 1 && path[n - 1] == '/')
		n--;
	source->name =
		strcmp(path, "-") != 0 ? strndup(path, n) : strdup("standard input");
	if (source->name)
		r = open_content(source, path);
	if (r < 0) {
		source_free(source);
		return r;
	}
	*ret = source;
	return 0;
}

const char *source_name(const struct source *source)
{
	return source->name;
}

static bool tarball_has(const struct tarball *tarball, const char *path)
{
	const struct tarball_member *member = tarball_find(tarball, path, true, NULL);

	if (member)
		return !S_ISDIR(member->type);
	return tarball_find(tarball, path, false, NULL);
}

bool source_has(const struct source *source, const char *path)
{
	struct stat st;

	if (is_tarball(source))
		return tarball_has(&source->tarball, path);
	if (fstatat(source->folder_fd, path, &st, 0) == 0)
		return !S_ISDIR(st.st_mode);
	return fstatat(source->folder_fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

bool source_has_below(const struct source *source, const char *folder, const char *name)
{
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s%s%s", folder, *folder ? "/" : "", name) >=
	    (int)sizeof(path))
		return false;
	return source_has(source, path);
}

static const char *shown_path(const struct source *source, const char *path,
			      char shown[PATH_MAX])
{
	if (path[0] == '/' && !is_tarball(source))
		(void)snprintf(shown, PATH_MAX, "%s", path);
	else
		(void)snprintf(shown, PATH_MAX, "%s/%s", source->name,
			       path + (path[0] == '.' && path[1] == '/' ? 2 : 0));
	return shown;
}

static int log_not_found(int error, const struct tarball_member *dangling,
			 const char *shown)
{
	if (dangling)
		return file_log_dangling(shown, dangling->target);
	if (error == -EXDEV) {
		(void)log_err(0, "'%s' leads out of the tarball", shown);
		return error;
	}
	return file_log_open_error(error, AT_FDCWD, "", shown);
}

static int tarball_file(const struct source *source, const char *path, const char *shown)
{
	const struct tarball_member *dangling;
	const struct tarball_member *member =
		tarball_find(&source->tarball, path, true, &dangling);
	int r;

	if (!member)
		return log_not_found(-errno, dangling, shown);
	r = file_check(member->type, member->size, shown);
	if (r < 0)
		return r;
	r = file_reopen(member->fd);
	return r < 0 ? log_err(r, "cannot reopen '%s' through /proc", shown) : r;
}

int source_file(const struct source *source, const char *path)
{
	char shown[PATH_MAX];

	(void)shown_path(source, path, shown);
	if (is_tarball(source))
		return tarball_file(source, path, shown);
	return file_open(source->folder_fd, path, shown);
}

int source_text(const struct source *source, const char *path, size_t max, char **ret,
		size_t *ret_n)
{
	auto_close int fd = source_file(source, path);
	char shown[PATH_MAX];
	int r;

	if (fd < 0)
		return fd;
	r = file_read(fd, max, ret, ret_n);
	if (r == -EFBIG) {
		(void)log_err(0,
			      "'%s' has more than %zu bytes, too many for a script or a "
			      "command line: give --command-line",
			      shown_path(source, path, shown), max);
		return r;
	}
	if (r < 0)
		return log_err(r, "cannot read '%s'", shown_path(source, path, shown));
	return 0;
}

static bool is_listed(char *const *names, int n, const char *name)
{
	for (int i = 0; i < n; i++) {
		if (!strcmp(names[i], name))
			return true;
	}
	return false;
}

static int add_name(char **names, int n, const char *name, size_t length)
{
	auto_free char *copy = strndup(name, length);

	if (!copy)
		return -ENOMEM;
	if (n == SOURCE_MAX_FOLDERS || is_listed(names, n, copy))
		return n;
	names[n] = take_ptr(&copy);
	return n + 1;
}

/* A folder needs no entry of its own in a tarball. */
static int tarball_folders(const struct tarball *tarball, char **ret)
{
	int n = 0;

	for (size_t i = 0; i < tarball->n && n >= 0; i++) {
		const char *path = tarball->members[i].path;

		if (strchr(path, '/'))
			n = add_name(ret, n, path, strcspn(path, "/"));
	}
	return n;
}

static void close_dirp(DIR **dir)
{
	if (*dir)
		(void)closedir(*dir);
}

static bool is_folder(int folder_fd, const char *name)
{
	struct stat st;

	return name[0] != '.' && fstatat(folder_fd, name, &st, 0) == 0 &&
	       S_ISDIR(st.st_mode);
}

static int folder_folders(int folder_fd, char **ret)
{
	/* a new description: the descriptor's offset is not ours to move */
	int fd = openat(folder_fd, ".", O_DIRECTORY | O_RDONLY | O_CLOEXEC);
	auto_release(close_dirp) DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	int n = 0;

	if (!dir)
		return 0; /* nothing to find where nothing may be listed */
	while (n >= 0 && n < SOURCE_MAX_FOLDERS && (entry = readdir(dir))) {
		if (is_folder(folder_fd, entry->d_name))
			n = add_name(ret, n, entry->d_name, strlen(entry->d_name));
	}
	return n;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int source_folders(const struct source *source, char *ret[SOURCE_MAX_FOLDERS])
{
	int n;

	memset(ret, 0, SOURCE_MAX_FOLDERS * sizeof(*ret));
	n = is_tarball(source) ? tarball_folders(&source->tarball, ret)
			       : folder_folders(source->folder_fd, ret);
	if (n > 0)
		qsort(ret, (size_t)n, sizeof(*ret), compare_names);
	return n;
}

int source_real_path(const struct source *source, const char *folder, char **ret)
{
	auto_free char *path = NULL;

	if (is_tarball(source))
		return -EXDEV;
	if (asprintf(&path, "%s/%s", source->name, folder) < 0) {
		path = NULL; /* its value is not defined then */
		return -ENOMEM;
	}
	*ret = realpath(path, NULL);
	return *ret ? 0 : -errno;
}
