// SPDX-License-Identifier: GPL-2.0-or-later
#include "file.h"

#include <errno.h>
#include <unistd.h>

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
