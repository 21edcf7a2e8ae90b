// SPDX-License-Identifier: GPL-2.0-or-later
#include "unpacker.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CHUNK_BYTES = 64 * 1024 };

void unpacker_done(struct unpacker *unpacker)
{
	/* only reading: nothing to lose */
	(void)archive_read_free(unpacker->packed);
	if (unpacker->file)
		(void)gzclose_r(unpacker->file);
	free(unpacker->chunk);
	*unpacker = (struct unpacker){ 0 };
}

/* Each on its own, never _all: what is not built in would run programs of the machine. */
static int allow_filters(struct archive *packed)
{
	if (archive_read_support_format_raw(packed) != ARCHIVE_OK ||
	    archive_read_support_format_empty(packed) != ARCHIVE_OK ||
	    archive_read_support_filter_gzip(packed) != ARCHIVE_OK ||
	    archive_read_support_filter_xz(packed) != ARCHIVE_OK ||
	    archive_read_support_filter_zstd(packed) != ARCHIVE_OK ||
	    archive_read_support_filter_bzip2(packed) != ARCHIVE_OK) {
		archive_set_error(packed, ENOTSUP,
				  "this libarchive lacks gzip, xz, zstd or bzip2");
		return ARCHIVE_FATAL;
	}
	return ARCHIVE_OK;
}

static int fail(struct archive *tar, const char *text)
{
	archive_set_error(tar, EINVAL, "%s", text ?: "no reason given");
	return ARCHIVE_FATAL;
}

static int refuse(struct unpacker *unpacker, struct archive *tar, const char *why)
{
	unpacker->too_much = why;
	return fail(tar, why);
}

uint64_t unpacker_read(const struct unpacker *unpacker)
{
	z_off_t at = unpacker->file ? gzoffset(unpacker->file) : 0;

	return at > 0 ? (uint64_t)at : 0;
}

/*
 * libarchive's own gzip looks at no checksum (its read_consume_trailer() passes over it),
 * zlib's does; what is not compressed so it gives as it is.
 */
static la_ssize_t read_file(struct archive *packed, void *data, const void **ret)
{
	struct unpacker *unpacker = data;
	int n = gzread(unpacker->file, unpacker->chunk, CHUNK_BYTES), error = Z_OK;
	const char *text = gzerror(unpacker->file, &error);
	const char *colon = strstr(text, ": "); /* behind a name that zlib made up */

	*ret = unpacker->chunk;
	/* Z_BUF_ERROR: it ends in the middle */
	if (n < 0 || error == Z_BUF_ERROR)
		return fail(packed, error == Z_ERRNO ? strerror(errno)
				    : colon	     ? colon + 2
						     : text);
	return n;
}

static int open_file(struct unpacker *unpacker, int fd)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);

	unpacker->chunk = malloc(CHUNK_BYTES);
	unpacker->file = copy >= 0 ? gzdopen(copy, "rb") : NULL;
	if (copy >= 0 && !unpacker->file)
		(void)close(copy);
	if (!unpacker->file || !unpacker->chunk)
		return -ENOMEM;
	return gzbuffer(unpacker->file, CHUNK_BYTES) < 0 ? -ENOMEM : 0;
}

static la_ssize_t give(struct archive *tar, void *data, const void **ret)
{
	struct unpacker *unpacker = data;
	struct archive *packed = unpacker->packed;
	la_int64_t at;
	size_t n;
	int r;

	if (unpacker->too_much)
		return fail(tar, unpacker->too_much);
	r = archive_read_data_block(packed, ret, &n, &at);
	if (r == ARCHIVE_EOF)
		return 0;
	unpacker->is_broken = r != ARCHIVE_OK;
	if (unpacker->is_broken)
		return fail(tar, archive_error_string(packed));
	unpacker->given += n;
	if (unpacker->header_end && unpacker->given > unpacker->header_end)
		return refuse(unpacker, tar,
			      "has an entry with a header of more than 1 MiB: it is no "
			      "kexec tarball");
	if (unpacker->given >
	    UNPACKER_FREE_BYTES + UNPACKER_MAX_GROWTH * unpacker_read(unpacker))
		return refuse(unpacker, tar,
			      "grows to more than 32 times its size when unpacked: it is "
			      "no kexec tarball");
	return (la_ssize_t)n;
}

int unpacker_open(struct unpacker *unpacker, int fd, struct archive *tar)
{
	struct archive_entry *all;
	struct archive *packed;
	int r;

	*unpacker = (struct unpacker){ .packed = archive_read_new() };
	packed = unpacker->packed;
	if (!packed || open_file(unpacker, fd) < 0)
		return fail(tar, "out of memory");
	if (allow_filters(packed) != ARCHIVE_OK ||
	    archive_read_open(packed, unpacker, NULL, read_file, NULL) != ARCHIVE_OK) {
		unpacker->is_broken = true;
		return fail(tar, archive_error_string(packed));
	}
	/* in layers the inner ones could go on for ever without a byte for us to count */
	if (archive_filter_count(packed) > (gzdirect(unpacker->file) ? 2 : 1))
		return refuse(unpacker, tar,
			      "is compressed more than once: unpack it until it is a "
			      "tarball");
	r = archive_read_next_header(packed, &all);
	if (r != ARCHIVE_OK && r != ARCHIVE_EOF)
		return fail(tar, archive_error_string(packed));
	return archive_read_open(tar, unpacker, NULL, give, NULL);
}

int unpacker_next(struct unpacker *unpacker, struct archive *tar,
		  struct archive_entry **ret)
{
	int r;

	unpacker->header_end = unpacker->given + UNPACKER_MAX_HEADER;
	r = archive_read_next_header(tar, ret);
	unpacker->header_end = 0;
	return r;
}

int unpacker_finish(struct unpacker *unpacker, struct archive *tar)
{
	const bool is_plain =
		gzdirect(unpacker->file) && archive_filter_count(unpacker->packed) == 1;
	const void *rest;
	la_ssize_t n;

	if (is_plain) /* no checksum, and maybe no end */
		return ARCHIVE_OK;
	do
		n = give(tar, unpacker, &rest);
	while (n > 0);
	return n < 0 ? ARCHIVE_FATAL : ARCHIVE_OK;
}
