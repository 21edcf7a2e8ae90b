// SPDX-License-Identifier: GPL-2.0-or-later

/* The seal of the payload: what is opened is what it says, and what is checked too. */

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pivot/kexec/payload.h"

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
	static const char *const names[] = { "setup", "kernel", "initrd",
					     "command-line" };

	for (size_t i = 0; i < 4; i++)
		put(names[i], names[i], strlen(names[i]));
}

static void remove_all(void)
{
	static const char *const names[] = { "setup", "kernel", "initrd", "command-line",
					     "seal" };
	char path[PATH_MAX];

	for (size_t i = 0; i < 5; i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", root, names[i]);
		(void)unlink(path);
	}
	(void)rmdir(root);
}

static void prepare(void)
{
	strcpy(root, "/tmp/pivot-fuzz.XXXXXX");
	must(mkdtemp(root) != NULL);
	(void)atexit(remove_all);
	put_files();
}

/* Only what it would have written itself is found whole. */
static void check(const struct payload *payload)
{
	char text[PAYLOAD_SEAL_BYTES];
	struct payload again;

	if (payload_check(payload) < 0)
		return;
	put("seal", text, payload_seal(payload, text));
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
