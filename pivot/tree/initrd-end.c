// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd-end.h"

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "pivot/base/file.h"

enum {
	MAX_STEPS = 1 << 20,
	MAX_ZEROS = 1 << 20,
	CPIO_HEADER_BYTES = 110,
	CPIO_FILE_SIZE = 54, /* where the field is: eight hexadecimal digits each */
	CPIO_NAME_SIZE = 94,
	ZSTD_HEADER_BYTES =
		5,	      /* of the frame: the part that tells how long the rest is */
	ZSTD_BLOCK_BYTES = 3, /* the header of a block */
};

/* How it goes on: what begins at walk->at, or what is to be said. */
enum step { GOES_ON, IS_CUT, IS_UNKNOWN };

struct walk {
	int fd;
	uint64_t size;
	uint64_t at;
	unsigned int steps_left;
	int error;
	uint64_t window_at;
	size_t window_n;
	uint8_t window[4096];
};

/* n bytes at walk->at, or NULL at the end, or where they cannot be read. */
static const uint8_t *peek(struct walk *walk, size_t n)
{
	ssize_t got;

	if (n > walk->size || walk->at > walk->size - n)
		return NULL;
	if (walk->at < walk->window_at ||
	    walk->at + n > walk->window_at + walk->window_n) {
		got = file_read_at(walk->fd, walk->window, sizeof(walk->window),
				   (off_t)walk->at);
		walk->error = got < 0 ? (int)got : walk->error;
		walk->window_at = walk->at;
		walk->window_n = got < 0 ? 0 : (size_t)got;
		if (walk->window_n < n)
			return NULL; /* it has become shorter */
	}
	return walk->window + (walk->at - walk->window_at);
}

static bool has(struct walk *walk, const char *bytes, size_t n)
{
	const uint8_t *at = peek(walk, n);

	return at && memcmp(at, bytes, n) == 0;
}

static enum step skip(struct walk *walk, uint64_t n)
{
	if (n > walk->size || walk->at > walk->size - n)
		return IS_CUT;
	walk->at += n;
	return walk->steps_left-- ? GOES_ON : IS_UNKNOWN;
}

static enum step skip_zeros(struct walk *walk)
{
	const uint8_t *byte;

	for (unsigned int n = 0; (byte = peek(walk, 1)) && !*byte; n++) {
		if (n == MAX_ZEROS)
			return IS_UNKNOWN;
		walk->at++;
	}
	return GOES_ON;
}

/* --- newc --- */

static bool parse_field(const uint8_t *digits, uint32_t *ret)
{
	static const char hex[] = "0123456789abcdef0123456789ABCDEF";

	*ret = 0;
	for (int i = 0; i < 8; i++) {
		const char *digit = memchr(hex, digits[i], sizeof(hex) - 1);

		if (!digit)
			return false;
		*ret = *ret << 4 | ((uint32_t)(digit - hex) & 15);
	}
	return true;
}

/* Padding may be missing at the very end. */
static void align(struct walk *walk)
{
	walk->at = (walk->at + 3) & ~3ULL;
	if (walk->at > walk->size)
		walk->at = walk->size;
}

static bool is_cpio(struct walk *walk)
{
	return has(walk, "070701", 6) || has(walk, "070702", 6);
}

/* One entry. A trailer is nothing special: what may follow it may follow any. */
static enum step walk_cpio(struct walk *walk)
{
	const uint8_t *header = peek(walk, CPIO_HEADER_BYTES);
	uint32_t size, name_size;
	enum step step;

	if (!header)
		return IS_CUT;
	if (walk->at % 4 || !parse_field(header + CPIO_FILE_SIZE, &size) ||
	    !parse_field(header + CPIO_NAME_SIZE, &name_size) || !name_size ||
	    name_size > PATH_MAX)
		return IS_UNKNOWN; /* the kernel stops here as well */
	step = skip(walk, CPIO_HEADER_BYTES + (uint64_t)name_size);
	align(walk);
	if (step == GOES_ON)
		step = skip(walk, size);
	align(walk);
	return step;
}

/* --- zstd --- */

/* Of the frame's header, by its fifth byte. */
static unsigned int zstd_header_bytes(uint8_t descriptor)
{
	static const uint8_t dictionary[] = { 0, 1, 2, 4 };
	static const uint8_t content_size[] = { 0, 2, 4, 8 };
	bool is_single_segment = descriptor & 0x20;
	unsigned int n = content_size[descriptor >> 6];

	if (is_single_segment && !n)
		n = 1;
	return ZSTD_HEADER_BYTES + !is_single_segment + dictionary[descriptor & 3] + n;
}

static enum step walk_zstd_block(struct walk *walk, bool *ret_is_last)
{
	enum { RAW, RLE, COMPRESSED, RESERVED };
	const uint8_t *bytes = peek(walk, ZSTD_BLOCK_BYTES);
	uint32_t header, type;

	if (!bytes)
		return IS_CUT;
	header = bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16;
	type = header >> 1 & 3;
	if (type == RESERVED)
		return IS_UNKNOWN;
	*ret_is_last = header & 1;
	return skip(walk, ZSTD_BLOCK_BYTES + (type == RLE ? 1 : header >> 3));
}

static enum step walk_zstd(struct walk *walk)
{
	const uint8_t *header = peek(walk, ZSTD_HEADER_BYTES);
	bool is_last = false, has_checksum;
	enum step step;

	if (!header)
		return IS_CUT;
	has_checksum = header[4] & 4;
	step = skip(walk, zstd_header_bytes(header[4]));
	while (step == GOES_ON && !is_last)
		step = walk_zstd_block(walk, &is_last);
	return step == GOES_ON && has_checksum ? skip(walk, 4) : step;
}

/* --- the segments --- */

static enum step walk_segment(struct walk *walk)
{
	if (is_cpio(walk))
		return walk_cpio(walk);
	if (has(walk, "\x28\xb5\x2f\xfd", 4))
		return walk_zstd(walk);
	return IS_UNKNOWN;
}

int initrd_is_cut(int fd, uint64_t file_bytes)
{
	struct walk walk = { .fd = fd, .size = file_bytes, .steps_left = MAX_STEPS };
	enum step step = GOES_ON;

	while (step == GOES_ON && walk.at < walk.size) {
		step = skip_zeros(&walk);
		if (step == GOES_ON && walk.at < walk.size)
			step = walk_segment(&walk);
	}
	return walk.error < 0 ? walk.error : step == IS_CUT;
}
