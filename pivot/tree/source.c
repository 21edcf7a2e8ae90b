// SPDX-License-Identifier: GPL-2.0-or-later
#include "source.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "pivot/base/cleanup.h"
#include "pivot/base/file.h"
#include "pivot/base/log.h"
#include "pivot/kexec/kernel-kind.h"
#include "pivot/kexec/kernel.h"
#include "tarball.h"

struct source {
	char *name;
	char *folder;  /* of the tarball or the folder, entered; "" at the top */
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
	free(source->folder);
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
	ssize_t n = file_read_at(fd, head, sizeof(head), 0);

	if (n < 0)
		return log_err((int)n, "cannot read '%s'", path);
	if (n > 2 && memcmp(head, "#!", 2) == 0)
		return log_refuse(-EINVAL, "'%s' is a script: name the folder it lies in",
				  path);
	if (kernel_parse(head, (size_t)n, UINT64_MAX, &image, why_not, sizeof(why_not)) ==
	    0)
		return log_refuse(-EINVAL,
				  "'%s' is a kernel, not a tree: give it with --kernel, "
				  "and --initrd and --command-line with it",
				  path);
	if (kernel_kind_is_program(&(struct head){ .bytes = head, .n = (size_t)n }))
		return log_refuse(-EINVAL, "'%s' %s", path, why_not);
	return 0;
}

static int open_content(struct source *source, const char *path)
{
	auto_close int fd = -1;
	int r;

	if (strcmp(path, "-") == 0) {
		if (isatty(STDIN_FILENO))
			return log_refuse(-EINVAL, "standard input is a terminal: pipe a "
						   "tarball into it");
		return tarball_read(STDIN_FILENO, source->name, &source->tarball);
	}
	source->folder_fd = open(path, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
	if (source->folder_fd >= 0)
		return 0;
	/* not a folder: what it is, and why it cannot be opened, is told there */
	fd = file_open(AT_FDCWD, path, path);
	if (fd < 0)
		return fd;
	r = check_head(fd, path);
	return r < 0 ? r : tarball_read(fd, path, &source->tarball);
}

int source_open(const char *path, struct source **ret)
{
	struct source *source = calloc(1, sizeof(*source));
	size_t n = strlen(path);
	int r;

	if (!source)
		return log_err(-ENOMEM, "cannot open '%s'", path);
	while (n > 1 && path[n - 1] == '/')
		n--;
	source->folder_fd = -1;
	source->folder = strdup("");
	source->name =
		strcmp(path, "-") == 0 ? strdup("standard input") : strndup(path, n);
	r = source->name && source->folder ? open_content(source, path)
					   : log_err(-ENOMEM, "cannot open '%s'", path);
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

/* Paths that begin with a slash are seen from the tarball's, or the machine's, top. */
static const char *full_path(const struct source *source, const char *path,
			     char full[PATH_MAX])
{
	const char *folder = path[0] == '/' ? "" : source->folder;

	if (snprintf(full, PATH_MAX, "%s%s%s", folder, *folder ? "/" : "", path) >=
	    PATH_MAX)
		full[0] = '\0'; /* which no file is */
	return full;
}

bool source_has(const struct source *source, const char *path)
{
	const struct tarball_member *member, *link;
	char full[PATH_MAX];
	struct stat st;

	(void)full_path(source, path, full);
	if (is_tarball(source)) {
		member = tarball_find(&source->tarball, full, &link);
		return member ? !S_ISDIR(member->type) : link != NULL;
	}
	if (fstatat(source->folder_fd, full, &st, 0) == 0)
		return !S_ISDIR(st.st_mode);
	return fstatat(source->folder_fd, full, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

bool source_has_any(const struct source *source, const char *const *names)
{
	for (; *names; names++) {
		if (source_has(source, *names))
			return true;
	}
	return false;
}

static const char *shown_path(const struct source *source, const char *path,
			      char shown[PATH_MAX])
{
	if (path[0] == '/' && !is_tarball(source))
		(void)snprintf(shown, PATH_MAX, "%s", path);
	else
		(void)snprintf(shown, PATH_MAX, "%s/%s", source->name, path);
	return shown;
}

static int tarball_file(const struct source *source, const char *path, const char *shown)
{
	const struct tarball_member *member, *link;
	int r;

	member = tarball_find(&source->tarball, path, &link);
	if (!member && errno == EXDEV)
		return log_refuse(-EXDEV, "'%s' leads out of the tarball", shown);
	if (!member)
		return file_log_error(-errno, shown, link ? link->target : NULL);
	r = file_check(member->type, member->size, shown);
	return r < 0 ? r : file_reopen(member->fd, shown);
}

int source_file(const struct source *source, const char *path)
{
	char shown[PATH_MAX], full[PATH_MAX];

	if (strlen(path) + strlen(source->folder) + 2 > PATH_MAX)
		return log_refuse(-ENAMETOOLONG,
				  "'%.200s...' is longer than any path: is this what the "
				  "script means?",
				  path);
	(void)shown_path(source, path, shown);
	(void)full_path(source, path, full);
	return is_tarball(source) ? tarball_file(source, full, shown)
				  : file_open(source->folder_fd, full, shown);
}

int source_text(const struct source *source, const char *path, size_t max, char **ret,
		size_t *ret_n)
{
	auto_close int fd = source_file(source, path);
	auto_free char *text = malloc(max + 2);
	char shown[PATH_MAX];
	ssize_t n;

	if (fd < 0)
		return fd;
	n = text ? file_read_at(fd, text, max + 1, 0) : -ENOMEM;
	if (n < 0)
		return log_err((int)n, "cannot read '%s'",
			       shown_path(source, path, shown));
	if ((size_t)n > max)
		return log_refuse(-EFBIG,
				  "'%s' has more than %zu bytes, too many for a script "
				  "or a command line: give --command-line",
				  shown_path(source, path, shown), max);
	text[n] = '\0';
	*ret = take_ptr(&text);
	*ret_n = (size_t)n;
	return 0;
}

/* --- the folder that holds the tree --- */

/* Looked into; in a tarball each is searched for by hand. */
enum { MAX_FOLDERS_OF_A_TARBALL = 64, MAX_FOLDERS = 4096 };

struct search {
	struct source *source;
	const char *const *names;
	char *found; /* the folder, or NULL */
	unsigned int looks_left;
};

/* One of the folders at the top, which may be told several times. */
static int search_in(struct search *search, const char *name, size_t n)
{
	struct source *source = search->source;
	auto_free char *folder = strndup(name, n);
	char *top = source->folder;
	bool is_wanted;

	if (!folder)
		return log_err(-ENOMEM, "cannot look into '%s'", source->name);
	if (search->found && strcmp(search->found, folder) == 0)
		return 0;
	if (!search->looks_left--)
		return log_refuse(
			-E2BIG,
			"'%s' holds too many folders to look for a tree in each: "
			"name the one with the kernel",
			source->name);
	source->folder = folder;
	is_wanted = source_has_any(source, search->names);
	source->folder = top;
	if (!is_wanted)
		return 0;
	if (search->found)
		return log_refuse(-ENOTUNIQ,
				  "'%s' holds several trees, '%s' and '%s' among them: "
				  "name one of them",
				  source->name, search->found, folder);
	search->found = take_ptr(&folder);
	return 0;
}

/* A folder needs no entry of its own in a tarball; what lies in it mostly follows on. */
static int search_tarball(struct search *search)
{
	const struct tarball *tarball = &search->source->tarball;
	const char *before = "";
	int r = 0;

	for (size_t i = 0; i < tarball->n && r == 0; i++) {
		const char *path = tarball->members[i].path;
		size_t n = strcspn(path, "/");

		if (!path[n] || strncmp(before, path, n + 1) == 0)
			continue;
		before = path;
		r = search_in(search, path, n);
	}
	return r;
}

static void close_dirp(DIR **dir)
{
	if (*dir)
		(void)closedir(*dir);
}

static int search_folder(struct search *search)
{
	/* a new description: the descriptor's offset is not ours to move */
	int fd = openat(search->source->folder_fd, ".",
			O_DIRECTORY | O_RDONLY | O_CLOEXEC);
	auto_release(close_dirp) DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	int r = 0;

	/* nothing to find where nothing may be listed */
	while (dir && r == 0 && (entry = readdir(dir))) {
		if (entry->d_name[0] != '.')
			r = search_in(search, entry->d_name, strlen(entry->d_name));
	}
	return r;
}

int source_enter(struct source *source, const char *const *names)
{
	struct search search = { .source = source,
				 .names = names,
				 .looks_left = is_tarball(source)
						       ? MAX_FOLDERS_OF_A_TARBALL
						       : MAX_FOLDERS };
	int r = is_tarball(source) ? search_tarball(&search) : search_folder(&search);
	char *name;

	if (r == 0 && search.found &&
	    asprintf(&name, "%s/%s", source->name, search.found) < 0)
		r = log_err(-ENOMEM, "cannot look into '%s'", source->name);
	if (r < 0 || !search.found) {
		free(search.found);
		return r;
	}
	free(source->name);
	free(source->folder);
	source->name = name;
	source->folder = search.found;
	return 1;
}

int source_real_path(const struct source *source, char **ret)
{
	if (is_tarball(source))
		return -EXDEV;
	*ret = realpath(source->name, NULL);
	return *ret ? 0 : -errno;
}
