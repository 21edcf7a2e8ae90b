// SPDX-License-Identifier: GPL-2.0-or-later

/* A unified kernel image: where its parts are, and taking them out. */

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pivot/base/log.h"
#include "pivot/kexec/kernel-kind.h"
#include "pivot/kexec/kernel.h"
#include "pivot/tree/unified.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void check_parts(const struct uki *uki, uint64_t size)
{
	must(uki->parts[UKI_LINUX].bytes);
	for (size_t i = 0; i < UKI_PARTS; i++) {
		const struct uki_section *a = &uki->parts[i];

		must(a->at <= size && a->bytes <= size - a->at);
		for (size_t j = 0; a->bytes && j < i; j++) {
			const struct uki_section *b = &uki->parts[j];

			must(!b->bytes || a->at >= b->at + b->bytes ||
			     b->at >= a->at + a->bytes);
		}
	}
}

static bool parse(const uint8_t *data, size_t size)
{
	/* exactly as many bytes, so that reading one more is seen */
	size_t n = size < KERNEL_HEAD_BYTES ? size : KERNEL_HEAD_BYTES;
	uint8_t *head = malloc(n ?: 1);
	char why_not[256] = "";
	struct uki uki;
	int r;

	must(head);
	memcpy(head, data, n);
	r = uki_parse(head, n, size, &uki, why_not, sizeof(why_not));
	must(r == 0 || r == 1 || (r == -EBADMSG && why_not[0]));
	if (r == 1)
		check_parts(&uki, size);
	(void)kernel_kind_is_program(&(struct head){ .bytes = head, .n = n });
	free(head);
	return r == 1;
}

static void check_copy(const struct unified *image, enum uki_part part)
{
	int fd = unified_copy(image, part);
	struct stat st;

	must(fd >= 0 || fd == -ENOEXEC || fd == -EINVAL);
	if (fd < 0)
		return;
	must(fstat(fd, &st) == 0);
	must((uint64_t)st.st_size == image->uki.parts[part].bytes);
	must((fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDONLY);
	(void)close(fd);
}

static void take_apart(int fd, size_t size)
{
	struct initrd_list list = { 0 };
	struct unified image;
	char *line = NULL;

	must(unified_open(fd, "x", &image) == 1);
	for (enum uki_part part = 0; part < UKI_PARTS; part++)
		if (unified_has(&image, part))
			check_copy(&image, part);
	if (unified_command_line(&image, &line) == 0)
		must(line && strlen(line) <= image.uki.parts[UKI_CMDLINE].bytes);
	/* somebody makes it shorter meanwhile */
	must(ftruncate(fd, (off_t)size / 2) == 0);
	(void)unified_add_initrds(&image, &list);
	initrd_list_done(&list);
	free(line);
	unified_done(&image);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int fd = -1;

	if (fd < 0) {
		fd = memfd_create("uki", MFD_CLOEXEC);
		must(fd >= 0 && setenv("TMPDIR", "/dev/shm", 1) == 0);
		log_set_level(0); /* no line */
	}
	must(ftruncate(fd, 0) == 0 && pwrite(fd, data, size, 0) == (ssize_t)size);
	if (parse(data, size))
		take_apart(fd, size);
	return 0;
}
