// SPDX-License-Identifier: GPL-2.0-or-later
#include "pivot/tree/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "pivot/base/cleanup.h"
#include "pivot/base/log.h"

static const char *kind_of(mode_t mode)
{
	if (S_ISDIR(mode))
		return "a folder";
	if (S_ISFIFO(mode))
		return "a pipe";
	if (S_ISSOCK(mode))
		return "a socket";
	if (S_ISBLK(mode) || S_ISCHR(mode))
		return "a device";
	return "no regular file";
}

int file_check(mode_t mode, off_t size, const char *shown)
{
	if (!S_ISREG(mode)) {
		(void)log_err(
			0,
			"'%s' is %s, and a regular file is needed: copy its content "
			"into a file first",
			shown, kind_of(mode));
		return -EINVAL;
	}
	if (size == 0) {
		(void)log_err(
			0,
			"'%s' is empty: copy or download it again, and look whether "
			"the disk is full",
			shown);
		return -ENODATA;
	}
	return 0;
}

int file_log_dangling(const char *shown, const char *target)
{
	if (!strncmp(target, "/nix/store/", 11))
		(void)log_err(0,
			      "'%s' is a dangling link into /nix/store: copy with scp or "
			      "cp -L",
			      shown);
	else
		(void)log_err(0,
			      "'%s' is a dangling link to '%s': copy what it points to "
			      "with scp or cp -L",
			      shown, target);
	return -ENOENT;
}

static int log_missing(int folder_fd, const char *path, const char *shown)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(folder_fd, path, target, sizeof(target) - 1);

	if (n < 0) {
		(void)log_err(0, "'%s' does not exist", shown);
		return -ENOENT;
	}
	target[n] = '\0';
	return file_log_dangling(shown, target);
}

int file_log_open_error(int error, int folder_fd, const char *path, const char *shown)
{
	switch (error) {
	case -ENOENT:
		return log_missing(folder_fd, path, shown);
	case -ELOOP:
		(void)log_err(0,
			      "'%s' is a link that leads back to itself: name the file "
			      "it stands for",
			      shown);
		return error;
	case -EACCES:
		(void)log_err(0,
			      "'%s' may not be read by this user: run as root, or allow "
			      "it with chmod",
			      shown);
		return error;
	case -ENOTDIR:
		(void)log_err(0, "'%s' goes through something that is no folder", shown);
		return error;
	default:
		return log_err(error, "cannot open '%s'", shown);
	}
}

int file_reopen(int fd)
{
	char path[64];
	int reopened;

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	reopened = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	return reopened < 0 ? -errno : reopened;
}

/*
 * O_PATH first: merely opening a device can do something (rewind a tape, start a
 * watchdog) and opening a pipe can wait.
 */
int file_open(int folder_fd, const char *path, const char *shown)
{
	auto_close int fd = openat(folder_fd, path, O_PATH | O_CLOEXEC);
	struct stat st;
	int r;

	if (fd < 0)
		return file_log_open_error(-errno, folder_fd, path, shown);
	if (fstat(fd, &st) < 0)
		return log_err(-errno, "cannot look at '%s'", shown);
	r = file_check(st.st_mode, st.st_size, shown);
	if (r < 0)
		return r;
	r = file_reopen(fd);
	if (r == -ENOENT)
		return log_err(r, "cannot open '%s' through /proc: is /proc mounted?",
			       shown);
	return r < 0 ? file_log_open_error(r, folder_fd, path, shown) : r;
}

int file_read(int fd, size_t max, char **ret, size_t *ret_n)
{
	auto_free char *s = malloc(max + 2);
	size_t n = 0;

	if (!s)
		return -ENOMEM;
	while (n <= max) {
		ssize_t got = pread(fd, s + n, max + 1 - n, (off_t)n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			break;
		n += (size_t)got;
	}
	if (n > max)
		return -EFBIG;
	s[n] = '\0';
	*ret = take_ptr(&s);
	*ret_n = n;
	return 0;
}
