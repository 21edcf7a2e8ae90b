// SPDX-License-Identifier: GPL-2.0-or-later

/*
 * The seal of the payload: what is opened is what it says, and what is checked too. The
 * kernel and the initrd are there as files, and retained in the second and third page of
 * what a kernel was booted with.
 */

#include <asm/bootparam.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pivot/kexec/crc32c.h"
#include "pivot/kexec/payload.h"

enum { PAGE = 4096, RETAINED_AT = 64 << 20 };

#define BOOT_PARAMS "sys/kernel/boot_params"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char root[64];

static void must(int holds)
{
	if (!holds)
		abort();
}

static void put(const char *name, const void *data, size_t size)
{
	char path[PATH_MAX];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%s", root, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	must(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	(void)close(fd);
}

/* The files are always the same: tests/fuzz/corpus/payload/whole seals them. */
static void put_files(void)
{
	static const char *const names[] = { "setup", "command-line", "kernel", "initrd",
					     "extra" };

	for (size_t i = 0; i < 5; i++)
		put(names[i], names[i], strlen(names[i]));
}

/* tests/fuzz/corpus/payload/retained seals them. */
static void put_retained(void)
{
	static struct boot_params zero_page;
	uint8_t kernel[PAGE] = "kernel", initrd[PAGE] = "initrd";
	uint32_t checksums[] = { crc32c(0, kernel, PAGE), crc32c(0, initrd, PAGE) };
	char path[PATH_MAX];

	for (const char *at = BOOT_PARAMS; at; at = strchr(at + 1, '/')) {
		const char *end = strchr(at + 1, '/') ?: at + strlen(at);

		(void)snprintf(path, sizeof(path), "%s/%.*s", root,
			       (int)(end - BOOT_PARAMS), BOOT_PARAMS);
		must(mkdir(path, 0700) == 0);
	}
	zero_page.hdr.ramdisk_image = RETAINED_AT;
	zero_page.hdr.ramdisk_size = 3 * PAGE + PAYLOAD_ROOM_BYTES;
	put(BOOT_PARAMS "/data", &zero_page, sizeof(zero_page));
	put("checksums", checksums, sizeof(checksums));
}

static void remove_all(void)
{
	static const char *const names[] = {
		"setup",	"kernel",     "initrd",	   "extra",
		"command-line", "seal",	      "checksums", BOOT_PARAMS "/data",
		BOOT_PARAMS,	"sys/kernel", "sys",	   "",
	};
	char path[PATH_MAX];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", root, names[i]);
		(void)remove(path);
	}
}

static void prepare(void)
{
	strcpy(root, "/tmp/pivot-fuzz.XXXXXX");
	must(mkdtemp(root) != NULL);
	(void)atexit(remove_all);
	put_files();
	put_retained();
}

/* Where it is retained; false: it is a file. */
static int find_place(const struct payload_file *file, struct payload_place *ret)
{
	*ret = (struct payload_place){ file->retained - RETAINED_AT, file->bytes,
				       file->crc };
	if (file->retained)
		must(!file->data && ret->offset % PAGE == 0 &&
		     ret->offset + ret->bytes <= 3 * PAGE);
	return file->retained != 0;
}

static size_t seal(const struct payload *payload, char text[PAYLOAD_SEAL_BYTES])
{
	struct payload_place kernel, initrd;
	int is_kernel = find_place(&payload->file[PAYLOAD_KERNEL], &kernel);
	int is_initrd = find_place(&payload->file[PAYLOAD_INITRD], &initrd);

	must(payload->file[PAYLOAD_SETUP].data != NULL);
	must(payload->file[PAYLOAD_COMMAND_LINE].data != NULL);
	return payload_seal_retained(payload, is_kernel ? &kernel : NULL,
				     is_initrd ? &initrd : NULL, text);
}

/* Only what it would have written itself is found whole. */
static void check(const struct payload *payload)
{
	char text[PAYLOAD_SEAL_BYTES];
	struct payload again;

	if (payload_check(payload) < 0)
		return;
	put("seal", text, seal(payload, text));
	must(payload_open(root, "", -1, &again) == 0);
	must(payload_check(&again) == 0);
	payload_done(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct payload payload;

	if (!root[0])
		prepare();
	put("seal", data, size);
	if (payload_open(root, "", -1, &payload) == 0)
		check(&payload);
	payload_done(&payload);
	return 0;
}
