// SPDX-License-Identifier: GPL-2.0-or-later

/* Whether an initrd ends too early. */

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "pivot/tree/initrd-end.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int fd = -1;
	int r;

	if (fd < 0)
		fd = memfd_create("initrd", MFD_CLOEXEC);
	must(fd >= 0 && ftruncate(fd, 0) == 0);
	must(pwrite(fd, data, size, 0) == (ssize_t)size);
	r = initrd_is_cut(fd, size);
	must(r == 0 || r == 1);
	/* zeros behind its end are none of its business where it is whole */
	if (r == 0 && size) {
		must(ftruncate(fd, (off_t)size + 64) == 0);
		must(initrd_is_cut(fd, size) == 0);
	}
	/* somebody makes it shorter meanwhile */
	must(ftruncate(fd, (off_t)size / 2) == 0);
	r = initrd_is_cut(fd, size);
	must(r == 0 || r == 1);
	return 0;
}
