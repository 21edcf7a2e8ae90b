/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The payload: the target's files in a folder of the stage, the only copy of them in
 * memory. The tool puts them there and seals them; the init opens them before the machine
 * is torn down, and loads them afterwards.
 *
 *	setup		the kernel's setup part, whose header the loader reads
 *	kernel		what stands behind it, and is entered
 *	initrd		may be a link to a file that somebody holds open
 *	command-line
 *	report		the init's own, appended to the initrd
 *	seal		the bytes and the crc32c of each of the first four
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum payload_name {
	PAYLOAD_SETUP,
	PAYLOAD_KERNEL,
	PAYLOAD_INITRD,
	PAYLOAD_COMMAND_LINE,
	PAYLOAD_SEALED,
	PAYLOAD_REPORT = PAYLOAD_SEALED,
	PAYLOAD_FILES,
};

#define PAYLOAD_FOLDER "/payload" /* in the stage */

enum { PAYLOAD_SEAL_BYTES = 512, PAYLOAD_COMMAND_LINE_MAX = 8192 };

struct payload_file {
	const uint8_t *data; /* mapped, and shared with nobody's child; NULL: no file */
	uint64_t bytes;
	uint32_t crc; /* by the seal */
	bool is_pinned;
};

struct payload {
	struct payload_file file[PAYLOAD_FILES];
};

/* "kernel" */
const char *payload_file_name(enum payload_name name);

/*
 * Maps one file of <root><folder>, or the open one where fd is not -1, and locks it in
 * memory. 0, also where
 * there is none and it may be missing (initrd, report); negative errno.
 */
int payload_map(const char *root, const char *folder, enum payload_name name, int fd,
		struct payload *payload);

/* The text of the seal of what is mapped. Its length in bytes. */
size_t payload_seal(const struct payload *payload, char text[PAYLOAD_SEAL_BYTES]);

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

/*
 * Pins the file's pages, once: the kernel may not move them any more, for as long as this
 * process lives. 0; -EFAULT where the file has become shorter; or negative errno.
 */
int payload_pin(struct payload_file *file);

/* The physical frame of each of its pages. 0, -EPERM where the kernel does not tell, or
 * negative errno. Source: Documentation/admin-guide/mm/pagemap.rst. */
int payload_frames(const char *root, const struct payload_file *file, uint64_t *ret);
