// SPDX-License-Identifier: GPL-2.0-or-later
#include "pivot/tree/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/statvfs.h>
#include <sys/sysinfo.h>

#include "pivot/base/cleanup.h"
#include "pivot/base/log.h"
#include "pivot/base/macros.h"
#include "pivot/tree/file.h"

static const uint64_t max_bytes = 16ULL << 30;

static int create_in(int folder_fd)
{
	int fd = openat(folder_fd, ".", O_TMPFILE | O_EXCL | O_RDWR | O_CLOEXEC, 0600);

	return fd < 0 ? -errno : fd;
}

static uint64_t limited(uint64_t bytes)
{
	return bytes < max_bytes ? bytes : max_bytes;
}

/* Not every filesystem has unnamed files: overlayfs before Linux 6.1, for one. */
static int use_folder(struct spool *spool, const char *path)
{
	auto_close int fd = open(path, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
	auto_close int probe = -1;
	struct statvfs st;

	if (fd < 0)
		return -errno;
	probe = create_in(fd);
	if (probe < 0)
		return probe;
	if (fstatvfs(fd, &st) < 0)
		return -errno;
	spool->bytes_left = limited((uint64_t)st.f_bavail * st.f_frsize);
	spool->name = path;
	spool->folder_fd = take_fd(&fd);
	return 0;
}

/* In memory at most half of what is free: the target needs memory as well. */
static int use_memory(struct spool *spool)
{
	struct sysinfo info;

	if (sysinfo(&info) < 0)
		return log_err(-errno, "cannot ask how much memory is free");
	spool->bytes_left =
		limited(((uint64_t)info.freeram + info.bufferram) * info.mem_unit / 2);
	spool->name = "memory";
	return 0;
}

int spool_open(struct spool *spool)
{
	const char *const folders[] = { getenv("TMPDIR"), "/var/tmp", "/tmp" };

	*spool = (struct spool)SPOOL_INIT;
	for (size_t i = 0; i < array_size(folders); i++) {
		if (folders[i] && *folders[i] && use_folder(spool, folders[i]) == 0)
			return 0;
	}
	return use_memory(spool);
}

void spool_done(struct spool *spool)
{
	close_fdp(&spool->folder_fd);
	*spool = (struct spool)SPOOL_INIT;
}

int spool_create(struct spool *spool)
{
	int fd;

	if (spool->folder_fd >= 0)
		fd = create_in(spool->folder_fd);
	else if ((fd = memfd_create("pivot-kexec", MFD_CLOEXEC)) < 0)
		fd = -errno;
	if (fd < 0)
		return log_err(fd, "cannot make a temporary file in '%s'", spool->name);
	return fd;
}

static int log_full(const struct spool *spool)
{
	return log_err(-ENOSPC,
		       "'%s' has no room to unpack: set TMPDIR to a folder with more, or "
		       "unpack the tarball yourself",
		       spool->name);
}

int spool_write(struct spool *spool, int fd, const void *data, size_t n, off_t at)
{
	const char *rest = data;

	if (n > spool->bytes_left)
		return log_full(spool);
	spool->bytes_left -= n;
	while (n) {
		ssize_t put = pwrite(fd, rest, n, at);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0 && (errno == ENOSPC || errno == EDQUOT))
			return log_full(spool);
		if (put < 0)
			return log_err(-errno, "cannot write to '%s'", spool->name);
		rest += put;
		n -= (size_t)put;
		at += put;
	}
	return 0;
}

int spool_finish(int writer)
{
	auto_close int fd = writer;
	int r = file_reopen(fd);

	if (r < 0)
		return log_err(r,
			       "cannot reopen a temporary file through /proc: is /proc "
			       "mounted?");
	return r;
}
