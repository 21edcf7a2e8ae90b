// SPDX-License-Identifier: GPL-2.0-or-later

/* The handover: what is taken can be written, and reads as the same again. */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "initramfs/handover.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int holds)
{
	if (!holds)
		abort();
}

static int is_same(const struct handover *a, const struct handover *b)
{
	return a->takeover == b->takeover && a->grace_ms == b->grace_ms &&
	       a->unbind_ms == b->unbind_ms && a->detach_ms == b->detach_ms &&
	       a->deadline_ms == b->deadline_ms && strcmp(a->target, b->target) == 0 &&
	       a->reset == b->reset && a->display == b->display &&
	       a->parallel == b->parallel && a->on_hang == b->on_hang &&
	       a->report == b->report && a->hop == b->hop && a->extent == b->extent &&
	       a->watchdog_s == b->watchdog_s && a->rules.n == b->rules.n &&
	       memcmp(a->rules.rule, b->rules.rule, sizeof(a->rules.rule)) == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size), again[HANDOVER_BYTES];
	struct handover first, second;

	must(text != NULL);
	if (handover_parse(text, &first) == 0) {
		int n = handover_write(&first, again);

		must(n > 0 && n < HANDOVER_BYTES);
		must(handover_parse(again, &second) == 0);
		must(is_same(&first, &second));
	}
	free(text);
	return 0;
}
