// SPDX-License-Identifier: GPL-2.0-or-later
#include "read.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cleanup.h"
#include "parse.h"

static int build_path(char *buf, size_t size, const char *root, const char *format,
		      va_list args)
{
	size_t n = strlen(root);
	int r;

	if (n >= size)
		return -ENAMETOOLONG;
	memcpy(buf, root, n);
	r = vsnprintf(buf + n, size - n, format, args);
	return r >= 0 && (size_t)r < size - n ? 0 : -ENAMETOOLONG;
}

int read_path(char *buf, size_t size, const char *root, const char *format, ...)
{
	va_list args;
	int r;

	va_start(args, format);
	r = build_path(buf, size, root, format, args);
	va_end(args);
	return r;
}

static ssize_t read_all(const char *path, char *buf, size_t size)
{
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t n = 0;

	if (fd < 0)
		return -errno;
	for (;;) {
		ssize_t r = read(fd, buf + n, size - 1 - n);

		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return -errno;
		n += (size_t)r;
		buf[n] = '\0';
		if (r == 0)
			break;
		if (n == size - 1) {
			char more;

			return read(fd, &more, 1) == 0 ? (ssize_t)n : -EFBIG;
		}
	}
	return (ssize_t)n;
}

static ssize_t read_text_at(const char *path, char *buf, size_t size)
{
	ssize_t n = read_all(path, buf, size);

	while (n > 0 && buf[n - 1] == '\n')
		buf[--n] = '\0';
	return n;
}

ssize_t read_text(char *buf, size_t size, const char *root, const char *format, ...)
{
	char path[PATH_MAX];
	va_list args;
	int r;

	va_start(args, format);
	r = build_path(path, sizeof(path), root, format, args);
	va_end(args);
	return r < 0 ? r : read_text_at(path, buf, size);
}

int read_u64(uint64_t *ret, int base, const char *root, const char *format, ...)
{
	char path[PATH_MAX], text[40];
	va_list args;
	ssize_t n;
	int r;

	va_start(args, format);
	r = build_path(path, sizeof(path), root, format, args);
	va_end(args);
	if (r < 0)
		return r;
	n = read_text_at(path, text, sizeof(text));
	return n < 0 ? (int)n : parse_u64(text, base, UINT64_MAX, ret);
}

int read_field(char *buf, size_t size, const char *root, const char *path,
	       const char *name)
{
	char text[8192], *at = text;
	size_t n = strlen(name);
	ssize_t r = read_text(text, sizeof(text), root, "%s", path);

	if (r < 0 && r != -EFBIG)
		return (int)r;
	while (at && (strncmp(at, name, n) != 0 || at[n] != ':')) {
		at = strchr(at, '\n');
		at = at ? at + 1 : NULL;
	}
	if (!at)
		return -ENOENT;
	at += n + 1;
	at += strspn(at, " \t");
	n = strcspn(at, " \t\n");
	if (n >= size)
		return -ENAMETOOLONG;
	memcpy(buf, at, n);
	buf[n] = '\0';
	return 0;
}

static int read_link_at(const char *path, char *buf, size_t size)
{
	ssize_t n = readlink(path, buf, size);

	if (n < 0)
		return -errno;
	if ((size_t)n == size)
		return -ENAMETOOLONG;
	buf[n] = '\0';
	return 0;
}

int read_link(char *buf, size_t size, const char *root, const char *format, ...)
{
	char path[PATH_MAX];
	va_list args;
	int r;

	va_start(args, format);
	r = build_path(path, sizeof(path), root, format, args);
	va_end(args);
	return r < 0 ? r : read_link_at(path, buf, size);
}

int read_link_name(char *buf, size_t size, const char *root, const char *format, ...)
{
	char path[PATH_MAX], target[PATH_MAX];
	const char *name;
	va_list args;
	int r;

	va_start(args, format);
	r = build_path(path, sizeof(path), root, format, args);
	va_end(args);
	if (r == 0)
		r = read_link_at(path, target, sizeof(target));
	if (r < 0)
		return r;
	name = strrchr(target, '/');
	name = name ? name + 1 : target;
	if (strlen(name) >= size)
		return -ENAMETOOLONG;
	strcpy(buf, name);
	return 0;
}

bool read_exists(const char *root, const char *format, ...)
{
	char path[PATH_MAX];
	va_list args;
	int r;

	va_start(args, format);
	r = build_path(path, sizeof(path), root, format, args);
	va_end(args);
	return r == 0 && access(path, F_OK) == 0;
}

/* What getdents64(2) fills in. */
struct dirent64_record {
	uint64_t ino;
	int64_t off;
	unsigned short length;
	unsigned char type;
	char name[];
};

void dir_open(struct dir *dir, const char *root, const char *path)
{
	char full[PATH_MAX];

	dir->at = dir->filled = 0;
	dir->fd = -1;
	dir->error = read_path(full, sizeof(full), root, "%s", path);
	if (dir->error < 0)
		return;
	dir->fd = open(full, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir->fd < 0)
		dir->error = -errno;
}

static bool dir_fill(struct dir *dir)
{
	long n;

	if (dir->fd < 0)
		return false;
	n = syscall(SYS_getdents64, dir->fd, dir->entries, sizeof(dir->entries));
	if (n < 0)
		dir->error = -errno;
	if (n <= 0)
		return false;
	dir->at = 0;
	dir->filled = (size_t)n;
	return true;
}

const char *dir_next(struct dir *dir)
{
	for (;;) {
		const struct dirent64_record *record;

		if (dir->at >= dir->filled && !dir_fill(dir))
			break;
		record = (const void *)(dir->entries + dir->at);
		dir->at += record->length;
		if (strcmp(record->name, ".") != 0 && strcmp(record->name, "..") != 0)
			return record->name;
	}
	dir_done(dir);
	return NULL;
}

void dir_done(struct dir *dir)
{
	if (dir->fd >= 0)
		(void)close(dir->fd); /* read only */
	dir->fd = -1;
	dir->filled = dir->at = 0;
}
