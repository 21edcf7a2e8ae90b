// SPDX-License-Identifier: GPL-2.0-or-later

/* /proc/swaps: whoever makes a swap file chooses its path. */

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "initramfs/inventory/blocks.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct swaps swaps;
	char *text = strndup((const char *)data, size); /* just as long as it is */

	must(text);
	memset(&swaps, 'x', sizeof(swaps));
	swaps_parse(text, &swaps);
	must(swaps.n <= SWAPS_MAX);
	for (size_t i = 0; i < swaps.n; i++) {
		must(memchr(swaps.path[i], '\0', sizeof(swaps.path[i])));
		must(swaps.path[i][0]);
	}
	free(text);
	return 0;
}
