// SPDX-License-Identifier: GPL-2.0-or-later
#include "fake-root.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pivot/base/cleanup.h"

static struct {
	char path[64];
	pid_t owner;
} root;

void must_fail(const char *file, int line, const char *condition)
{
	(void)fprintf(stderr, "%s:%d: not so: %s\n", file, line, condition);
	abort();
}

static int remove_entry(const char *path, const struct stat *stat, int type,
			struct FTW *ftw)
{
	(void)stat;
	(void)type;
	(void)ftw;
	return remove(path);
}

/* Again where a process that outlived the test adds to it meanwhile. */
static void remove_tree(const char *path)
{
	int r, tries = 100;

	do
		r = nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
	while (r < 0 && (errno == ENOTEMPTY || errno == EEXIST) && --tries > 0);
	must(r == 0 || errno == ENOENT);
}

static void root_remove(void)
{
	if (getpid() == root.owner)
		remove_tree(root.path);
}

void fake_root_make(void)
{
	root_remove(); /* the one before */
	strcpy(root.path, "/tmp/pivot-unit.XXXXXX");
	must(mkdtemp(root.path));
	if (root.owner != getpid())
		(void)atexit(root_remove);
	root.owner = getpid();
}

const char *fake_root(void)
{
	return root.path;
}

printf_like(2, 0) static void full_path(char *full, const char *path, va_list args)
{
	size_t n = strlen(root.path);

	memcpy(full, root.path, n);
	must(vsnprintf(full + n, PATH_MAX - n, path, args) < (int)(PATH_MAX - n));
}

/* full_path() of a function's own variable arguments. */
#define FULL_PATH(full, path)                \
	({                                   \
		va_list args;                \
                                             \
		va_start(args, path);        \
		full_path(full, path, args); \
		va_end(args);                \
	})

static void make_parents(char *full)
{
	for (char *at = full + strlen(root.path) + 1; (at = strchr(at, '/')); at++) {
		*at = '\0';
		if (mkdir(full, 0755) < 0)
			must(errno == EEXIST);
		*at = '/';
	}
}

static void write_file(char *full, int flags, const void *data, size_t size)
{
	auto_close int fd = -1;

	make_parents(full);
	fd = open(full, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0644);
	must(fd >= 0);
	must(write(fd, data, size) == (ssize_t)size);
}

void fake_bytes(const void *data, size_t size, const char *path, ...)
{
	char full[PATH_MAX];

	FULL_PATH(full, path);
	write_file(full, O_TRUNC, data, size);
}

void fake_file(const char *text, const char *path, ...)
{
	char full[PATH_MAX];

	FULL_PATH(full, path);
	write_file(full, O_TRUNC, text, strlen(text));
}

void fake_append(const char *path, const char *text)
{
	char full[PATH_MAX];

	(void)snprintf(full, sizeof(full), "%s%s", root.path, path);
	write_file(full, O_APPEND, text, strlen(text));
}

void fake_symlink(const char *target, const char *path, ...)
{
	char full[PATH_MAX];

	FULL_PATH(full, path);
	make_parents(full);
	must(symlink(target, full) == 0);
}

void fake_directory(const char *path)
{
	char full[PATH_MAX];

	(void)snprintf(full, sizeof(full), "%s%s", root.path, path);
	make_parents(full);
	if (mkdir(full, 0755) < 0)
		must(errno == EEXIST);
}

char *fake_text(const char *path)
{
	char full[PATH_MAX], *text = NULL;
	size_t size = 0;
	FILE *file;

	(void)snprintf(full, sizeof(full), "%s%s", root.path, path);
	file = fopen(full, "re");
	if (!file)
		return NULL;
	if (getdelim(&text, &size, '\0', file) < 0) { /* empty */
		free(text);
		text = strdup("");
	}
	must(fclose(file) == 0);
	return text;
}

bool fake_exists(const char *path, ...)
{
	char full[PATH_MAX];

	FULL_PATH(full, path);
	return access(full, F_OK) == 0;
}

void fake_remove(const char *path, ...)
{
	char full[PATH_MAX];

	FULL_PATH(full, path);
	remove_tree(full);
}
