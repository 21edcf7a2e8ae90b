// SPDX-License-Identifier: GPL-2.0-or-later

/* A tarball, compressed or not, and looking for files in it. */

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pivot/base/log.h"
#include "pivot/tree/tarball.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void check_member(const struct tarball_member *member)
{
	char clean[PATH_MAX];

	must(member->path && strlen(member->path) == member->path_bytes);
	must(tarball_clean_path(member->path, clean) == 0);
	must(strcmp(member->path, clean) == 0 && clean[0]);
	must((member->fd >= 0) == S_ISREG(member->type));
	must((member->target != NULL) == S_ISLNK(member->type));
	must(member->fd < 0 || (fcntl(member->fd, F_GETFL) & O_ACCMODE) == O_RDONLY);
}

static void find(const struct tarball *tarball, const char *path)
{
	const struct tarball_member *link;
	const struct tarball_member *found = tarball_find(tarball, path, &link);

	must(!found || (found >= tarball->members &&
			found < tarball->members + tarball->n && !S_ISLNK(found->type)));
}

static void check(const struct tarball *tarball)
{
	must(tarball->n <= TARBALL_MAX_MEMBERS);
	for (size_t i = 0; i < tarball->n; i++) {
		check_member(&tarball->members[i]);
		if (i < 64)
			find(tarball, tarball->members[i].path);
	}
	find(tarball, "kexec/bzImage");
	find(tarball, "");
}

/* Makes the checksum right of whatever looks like a header, that it is read at all. */
static void mend(uint8_t *data, size_t size)
{
	for (; size >= 512; data += 512, size -= 512) {
		unsigned int sum = 0;
		char text[8];

		if (memcmp(data + 257, "ustar", 5) != 0)
			continue;
		memset(data + 148, ' ', 8);
		for (size_t i = 0; i < 512; i++)
			sum += data[i];
		(void)snprintf(text, sizeof(text), "%06o", sum);
		memcpy(data + 148, text, 7);
	}
}

static void read_tarball(const uint8_t *data, size_t size)
{
	static int fd = -1;
	struct tarball tarball;

	if (fd < 0) {
		fd = memfd_create("tarball", MFD_CLOEXEC);
		must(fd >= 0 && setenv("TMPDIR", "/dev/shm", 1) == 0);
		log_set_level(0); /* no line */
	}
	must(ftruncate(fd, 0) == 0 && pwrite(fd, data, size, 0) == (ssize_t)size);
	must(lseek(fd, 0, SEEK_SET) == 0);
	if (tarball_read(fd, "x", &tarball) == 0)
		check(&tarball);
	tarball_done(&tarball);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *mended = malloc(size ?: 1);

	must(mended);
	memcpy(mended, data, size);
	mend(mended, size);
	read_tarball(mended, size);
	free(mended);
	return 0;
}
