// SPDX-License-Identifier: GPL-2.0-or-later
#include "spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysinfo.h>

#include "file.h"
#include "pivot/base/cleanup.h"
#include "pivot/base/file.h"
#include "pivot/base/human.h"
#include "pivot/base/log.h"
#include "pivot/base/macros.h"
#include "pivot/base/progress.h"

enum { COPY_BYTES = 1 << 20 };

static const uint64_t max_bytes = 16ULL << 30;

static int create_in(int folder_fd)
{
	return openat(folder_fd, ".", O_TMPFILE | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
}

static void set_room(struct spool *spool, const char *name, uint64_t bytes)
{
	spool->name = name;
	spool->bytes_left = bytes < max_bytes ? bytes : max_bytes;
}

/* Not every filesystem has unnamed files: overlayfs before Linux 6.1, for one. */
static bool use_folder(struct spool *spool, const char *path)
{
	auto_close int fd = open(path, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
	auto_close int probe = fd < 0 ? -1 : create_in(fd);
	struct statvfs st;

	if (probe < 0 || fstatvfs(fd, &st) < 0)
		return false;
	set_room(spool, path, (uint64_t)st.f_bavail * st.f_frsize);
	spool->folder_fd = take_fd(&fd);
	return true;
}

int spool_open(struct spool *spool)
{
	const char *const folders[] = { getenv("TMPDIR"), "/var/tmp", "/tmp" };
	struct sysinfo info;

	*spool = (struct spool)SPOOL_INIT;
	if (sysinfo(&info) < 0)
		return log_err(-errno, "cannot ask how much memory is free");
	spool->memory_bytes = (uint64_t)info.totalram * info.mem_unit;
	for (size_t i = 0; i < array_size(folders); i++) {
		if (folders[i] && *folders[i] && use_folder(spool, folders[i]))
			return 0;
	}
	/* at most half of what is free: the target needs memory as well */
	set_room(spool, "memory",
		 ((uint64_t)info.freeram + info.bufferram) * info.mem_unit / 2);
	return 0;
}

void spool_done(struct spool *spool)
{
	close_fdp(&spool->folder_fd);
}

int spool_create(struct spool *spool)
{
	int fd = spool->folder_fd < 0 ? memfd_create("pivot-kexec", MFD_CLOEXEC)
				      : create_in(spool->folder_fd);

	if (fd < 0)
		return log_err(-errno, "cannot make a temporary file in '%s'",
			       spool->name);
	(void)fchmod(fd, 0600); /* one in memory would be anybody's */
	return fd;
}

int spool_create_in_memory(void)
{
	struct spool spool = SPOOL_IN_MEMORY;

	return spool_create(&spool);
}

static int log_full(const struct spool *spool)
{
	return log_err(-ENOSPC,
		       "'%s' has no room to unpack: set TMPDIR to a folder with more, or "
		       "unpack it yourself",
		       spool->name);
}

int spool_has_room(const struct spool *spool, uint64_t bytes)
{
	char size[HUMAN_BYTES], memory[HUMAN_BYTES];

	if (bytes > spool->memory_bytes)
		return log_refuse(
			-EFBIG,
			"a file of %s is to be unpacked, and this machine has %s "
			"of memory: it is nothing to jump into",
			human_bytes(bytes, size),
			human_bytes(spool->memory_bytes, memory));
	return bytes > spool->bytes_left ? log_full(spool) : 0;
}

int spool_take(struct spool *spool, uint64_t bytes)
{
	int r = spool_has_room(spool, bytes);

	spool->bytes_left -= r < 0 ? 0 : bytes;
	return r;
}

int spool_write(struct spool *spool, int fd, const void *data, size_t n, off_t at)
{
	const char *rest = data;
	int r = spool_take(spool, n);

	if (r < 0)
		return r;
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

int spool_copy(struct spool *spool, int from, off_t from_at, uint64_t max, int fd,
	       off_t *at)
{
	auto_progress struct progress progress =
		progress_start("copying", max == UINT64_MAX ? 0 : max);
	auto_free char *buf = malloc(COPY_BYTES);

	if (!buf)
		return log_err(-ENOMEM, "cannot copy to '%s'", spool->name);
	while (max) {
		ssize_t n = file_read_at(from, buf, max < COPY_BYTES ? max : COPY_BYTES,
					 from_at);
		int r;

		if (n < 0)
			return log_err((int)n, "cannot read what is to be copied to '%s'",
				       spool->name);
		r = spool_write(spool, fd, buf, (size_t)n, *at);
		if (n == 0 || r < 0)
			return r;
		from_at += n;
		*at += n;
		max -= (uint64_t)n;
		progress_add(&progress, (uint64_t)n);
	}
	return 0;
}

int spool_finish(int writer)
{
	auto_close int fd = writer;

	return file_reopen(fd, "a temporary file");
}
