// SPDX-License-Identifier: GPL-2.0-or-later

/* /proc/self/mountinfo: whoever mounts chooses paths and sources. */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "initramfs/inventory/mounts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static bool is_in_text(const struct mounts *mounts, const char *string, size_t size)
{
	return string >= mounts->text && string + strlen(string) <= mounts->text + size;
}

static void fuzz_mounts(const uint8_t *data, size_t size)
{
	static struct mounts mounts;

	if (size >= sizeof(mounts.text))
		size = sizeof(mounts.text) - 1;
	memset(mounts.text, 'x', sizeof(mounts.text) - 1);
	memcpy(mounts.text, data, size);
	mounts.text[size] = '\0';
	mounts.has_more = false;
	mounts_parse(&mounts);
	must(mounts.n <= MOUNTS_MAX);
	for (size_t i = 0; i < mounts.n; i++) {
		const struct mount *mount = &mounts.mount[i];

		must(is_in_text(&mounts, mount->path, size));
		must(is_in_text(&mounts, mount->type, size));
		must(is_in_text(&mounts, mount->source, size));
		(void)mount_is_spared(mount);
		(void)mount_is_dirty(mount);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_mounts(data, size);
	return 0;
}
