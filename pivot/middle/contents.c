// SPDX-License-Identifier: GPL-2.0-or-later
#include "contents.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "pivot/base/cleanup.h"

enum { FIRST_BYTES = 256 * 1024 };

static void read_freep(struct archive **archive)
{
	if (*archive)
		(void)archive_read_free(*archive); /* only reading: nothing to lose */
}

/* That one alone: what is inside may be compressed for its device. */
static int allow(struct archive *archive, const char *ending)
{
	int r = ARCHIVE_OK;

	if (strcmp(ending, ".gz") == 0)
		r = archive_read_support_filter_gzip(archive);
	else if (strcmp(ending, ".xz") == 0)
		r = archive_read_support_filter_xz(archive);
	else if (strcmp(ending, ".zst") == 0)
		r = archive_read_support_filter_zstd(archive);
	else if (*ending)
		return -ENOTSUP;
	if (r != ARCHIVE_OK || archive_read_support_format_raw(archive) != ARCHIVE_OK ||
	    archive_read_support_format_empty(archive) != ARCHIVE_OK)
		return -ENOTSUP; /* this libarchive lacks it */
	return 0;
}

static int read_all(struct archive *archive, size_t max, struct contents *ret)
{
	size_t room = FIRST_BYTES < max ? FIRST_BYTES : max;
	auto_free char *data = malloc(room + 1); /* one more: is there more than max? */
	size_t size = 0;

	while (data) {
		la_ssize_t n = archive_read_data(archive, data + size, room + 1 - size);
		char *more;

		if (n < 0)
			return -EBADMSG;
		if (n == 0) {
			*ret = (struct contents){ .size = size, .data = take_ptr(&data) };
			return 0;
		}
		size += (size_t)n;
		if (size <= room)
			continue;
		if (room == max)
			return -EFBIG;
		room = room < max / 2 ? room * 2 : max;
		more = realloc(data, room + 1);
		if (!more)
			break;
		data = more;
	}
	return -ENOMEM;
}

/* Open, its only entry comes. */
static int start(struct archive *archive, int fd, const char *ending)
{
	struct archive_entry *entry;
	int r = allow(archive, ending);

	if (r < 0)
		return r;
	if (archive_read_open_fd(archive, fd, 64 * 1024) != ARCHIVE_OK)
		return -EBADMSG;
	r = archive_read_next_header(archive, &entry);
	if (r != ARCHIVE_OK && r != ARCHIVE_EOF)
		return -EBADMSG;
	/* what it does not know it lets through as it is, without a filter */
	return archive_filter_count(archive) == 1 + (*ending != '\0') ? 0 : -EBADMSG;
}

int contents_read(const char *path, const char *ending, size_t max, struct contents *ret)
{
	auto_close int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	auto_release(read_freep) struct archive *archive = archive_read_new();
	struct stat st;
	int r;

	if (!archive)
		return -ENOMEM;
	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	r = start(archive, fd, ending);
	return r < 0 ? r : read_all(archive, max, ret);
}
