// SPDX-License-Identifier: GPL-2.0-or-later
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "pivot/keep/authorized-keys.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* What was taken for keys is taken for the same ones again, none of them new. */
static void check(struct authorized_keys *keys, size_t n_new)
{
	struct authorized_keys again = { 0 };
	struct key_counts counts;

	if (keys->n != n_new)
		abort();
	if (n_new == 0)
		return;
	if (authorized_keys_add(&again, keys->text, keys->bytes, &counts) < 0)
		return;
	if (counts.n_no_keys || counts.n_keys != n_new || counts.n_new != n_new ||
	    counts.n_stripped || again.bytes != keys->bytes ||
	    memcmp(again.text, keys->text, again.bytes) != 0)
		abort();
	authorized_keys_done(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	/* ends where it is allocated, so that reading one byte more is seen */
	char *text = malloc(n ?: 1);
	struct authorized_keys keys = { 0 };
	struct key_counts counts;

	if (!text)
		return 0;
	memcpy(text, data, n);
	if (authorized_keys_add(&keys, text, n, &counts) == 0)
		check(&keys, counts.n_new);
	authorized_keys_done(&keys);
	free(text);
	return 0;
}
