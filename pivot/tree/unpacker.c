// SPDX-License-Identifier: GPL-2.0-or-later
#include "unpacker.h"

#include <errno.h>

void unpacker_done(struct unpacker *unpacker)
{
	(void)archive_read_free(unpacker->packed); /* only reading: nothing to lose */
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
	return (uint64_t)archive_filter_bytes(unpacker->packed, -1);
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
	if (!packed)
		return fail(tar, "out of memory");
	if (allow_filters(packed) != ARCHIVE_OK ||
	    archive_read_open_fd(packed, fd, 64 * 1024) != ARCHIVE_OK)
		return fail(tar, archive_error_string(packed));
	/* in layers the inner ones could go on for ever without a byte for us to count */
	if (archive_filter_count(packed) > 2)
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
