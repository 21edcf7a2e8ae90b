/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The payload: the target's files in a folder of the stage, the only copy of them in
 * memory. The tool puts them there and seals them; the init opens them before the machine
 * is torn down, and loads them afterwards.
 *
 *	setup		the kernel's setup part, whose header the loader reads
 *	command-line
 *	kernel		what stands behind the setup part, and is entered
 *	initrd		may be a link to a file that somebody holds open
 *	extra		an archive of the tool's, appended to the initrd
 *	report		the init's own, appended to that
 *	seal		the bytes and the crc32c of each of the first five
 *
 * In a middle kernel the kernel and the initrd are no files, but retained: they lie in
 * what a boot loader would call its initrd, which nobody unpacks or frees, and cannot be
 * read. Their lines of the seal also say where in it, and then their crc32c is that of
 * whole pages, with
 *
 *	checksums	the crc32c of each of their pages, in the order of the files
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* In the order in which they lie in memory at last, those that go there as they are. */
enum payload_name {
	PAYLOAD_SETUP,
	PAYLOAD_COMMAND_LINE,
	PAYLOAD_KERNEL,
	PAYLOAD_INITRD, /* this one and those behind it may be missing */
	PAYLOAD_EXTRA,
	PAYLOAD_SEALED,
	PAYLOAD_REPORT = PAYLOAD_SEALED,
	PAYLOAD_FILES,
};

#define PAYLOAD_FOLDER "/payload" /* in the stage */

enum { PAYLOAD_SEAL_BYTES = 512, PAYLOAD_COMMAND_LINE_MAX = 8192 };

/* Behind a retained initrd there is room for the report. */
enum { PAYLOAD_ROOM_BYTES = 1 << 20 };

struct payload_file {
	const uint8_t *data; /* mapped, and shared with nobody's child; NULL: no file */
	uint64_t bytes;
	uint32_t crc; /* by the seal */
	bool is_pinned;
	uint64_t retained;	   /* its physical address; 0: it is a file */
	const uint32_t *checksums; /* of its pages, where it is retained */
};

struct payload {
	struct payload_file file[PAYLOAD_FILES];
	const uint32_t *checksums; /* mapped; NULL: nothing is retained */
	uint64_t checksums_bytes;
};

/* "kernel" */
const char *payload_file_name(enum payload_name name);

/*
 * Maps one file of <root><folder>, or the open one where fd is not -1, and locks it in
 * memory. 0, also where
 * there is none and it may be missing (initrd, extra, report); negative errno.
 */
int payload_map(const char *root, const char *folder, enum payload_name name, int fd,
		struct payload *payload);

/* The text of the seal of what is mapped. Its length in bytes. */
size_t payload_seal(const struct payload *payload, char text[PAYLOAD_SEAL_BYTES]);

/*
 * The same where the kernel and the initrd are to be retained: their offset, bytes and
 * crc are told, and of the others what is mapped.
 */
struct payload_place {
	uint64_t offset; /* of whole pages */
	uint64_t bytes;
	uint32_t crc; /* of whole pages */
};

size_t payload_seal_retained(const struct payload *payload,
			     const struct payload_place *kernel,
			     const struct payload_place *initrd,
			     char text[PAYLOAD_SEAL_BYTES]);

/*
 * Maps what is sealed in <root><folder>; initrd_fd: as for payload_map(). 0; -EBADMSG
 * where a file is not what was sealed, as far as its size tells; or negative errno. *ret
 * needs payload_done() either way.
 */
int payload_open(const char *root, const char *folder, int initrd_fd,
		 struct payload *ret);

/* Is each file, to the last bit, what was sealed? 0 or -EBADMSG. Reads all of them. */
int payload_check(const struct payload *payload);

void payload_done(struct payload *payload);

/* How many pages the file takes. */
size_t payload_pages(const struct payload_file *file);

/* The checksum of what stands before, and then of one page of the file. */
uint32_t payload_add_page(const struct payload_file *file, size_t page, uint32_t crc);

/*
 * Pins the file's pages, once: the kernel may not move them any more, for as long as this
 * process lives. 0; -EFAULT where the file has become shorter; or negative errno.
 */
int payload_pin(struct payload_file *file);

/* The physical frame of each of its pages. 0, -EPERM where the kernel does not tell, or
 * negative errno. Source: Documentation/admin-guide/mm/pagemap.rst. */
int payload_frames(const char *root, const struct payload_file *file, uint64_t *ret);
