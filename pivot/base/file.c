// SPDX-License-Identifier: GPL-2.0-or-later
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"

/*
 * O_PATH first: merely opening a device can do something, and what was looked at is what
 * is opened, whoever puts another in its place.
 */
int file_open_regular(const char *path, int flags, struct stat *ret)
{
	auto_close int place = open(path, O_PATH | O_CLOEXEC | flags);
	char again[64];
	int fd;

	if (place < 0 || fstat(place, ret) < 0)
		return -errno;
	if (!S_ISREG(ret->st_mode))
		return -EINVAL;
	(void)snprintf(again, sizeof(again), "/proc/self/fd/%d", place);
	fd = open(again, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

ssize_t file_read_at(int fd, void *buf, size_t n, off_t at)
{
	size_t filled = 0;

	while (filled < n) {
		ssize_t got =
			pread(fd, (char *)buf + filled, n - filled, at + (off_t)filled);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			break;
		filled += (size_t)got;
	}
	return (ssize_t)filled;
}

int file_write_all(int fd, const void *data, size_t n)
{
	const char *rest = data;

	while (n > 0) {
		ssize_t put = write(fd, rest, n);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return -errno;
		rest += put;
		n -= (size_t)put;
	}
	return 0;
}
