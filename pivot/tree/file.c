// SPDX-License-Identifier: GPL-2.0-or-later
#include "file.h"

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
	if (!S_ISREG(mode))
		return log_refuse(-EINVAL,
				  "'%s' is %s, and a regular file is needed: copy its "
				  "content into a file first",
				  shown, kind_of(mode));
	if (size == 0)
		return log_refuse(-ENODATA,
				  "'%s' is empty: copy or download it again, and look "
				  "whether the disk is full",
				  shown);
	return 0;
}

static int log_missing(const char *shown, const char *target)
{
	if (!target)
		return log_refuse(-ENOENT, "'%s' does not exist", shown);
	if (strncmp(target, "/nix/store/", 11) == 0)
		return log_refuse(
			-ENOENT,
			"'%s' is a dangling link into /nix/store: copy the tree "
			"again from where it was built, with scp -r or cp -rL",
			shown);
	return log_refuse(-ENOENT,
			  "'%s' is a dangling link to '%s': copy the tree again "
			  "from where it was built, with scp -r or cp -rL",
			  shown, target);
}

int file_log_error(int error, const char *shown, const char *target)
{
	switch (error) {
	case -ENOENT:
		return log_missing(shown, target);
	case -ELOOP:
		return log_refuse(error,
				  "'%s' is a link that leads back to itself: name the "
				  "file it stands for",
				  shown);
	case -EACCES:
		return log_refuse(error,
				  "'%s' may not be read by this user: run as root, or "
				  "allow it with chmod",
				  shown);
	case -ENOTDIR:
		return log_refuse(error, "'%s' goes through something that is no folder",
				  shown);
	default:
		return log_err(error, "cannot open '%s'", shown);
	}
}

static int log_open_error(int error, int folder_fd, const char *path, const char *shown)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(folder_fd, path, target, sizeof(target) - 1);

	target[n < 0 ? 0 : n] = '\0';
	return file_log_error(error, shown, n < 0 ? NULL : target);
}

int file_reopen(int fd, const char *shown)
{
	char path[64];
	int reopened;

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	reopened = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (reopened >= 0)
		return reopened;
	if (errno == ENOENT)
		return log_err(-errno,
			       "cannot open '%s' through /proc: is /proc mounted?",
			       shown);
	return file_log_error(-errno, shown, NULL);
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
		return log_open_error(-errno, folder_fd, path, shown);
	if (fstat(fd, &st) < 0)
		return log_err(-errno, "cannot look at '%s'", shown);
	r = file_check(st.st_mode, st.st_size, shown);
	return r < 0 ? r : file_reopen(fd, shown);
}
