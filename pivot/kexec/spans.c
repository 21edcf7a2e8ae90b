// SPDX-License-Identifier: GPL-2.0-or-later
#include "spans.h"

#include <string.h>

static void drop_smallest(struct spans *spans)
{
	size_t at = 0;

	for (size_t i = 1; i < spans->n; i++)
		if (spans->span[i].end - spans->span[i].start <
		    spans->span[at].end - spans->span[at].start)
			at = i;
	spans->n--;
	memmove(&spans->span[at], &spans->span[at + 1],
		(spans->n - at) * sizeof(spans->span[0]));
}

/* These n, two at most, take the place of span[from] to span[to - 1]. */
static void replace(struct spans *spans, size_t from, size_t to, const struct span *with,
		    size_t n)
{
	memmove(&spans->span[from + n], &spans->span[to],
		(spans->n - to) * sizeof(spans->span[0]));
	memcpy(&spans->span[from], with, n * sizeof(spans->span[0]));
	spans->n += n - (to - from);
	/* one place is always free: each call needs one more at most */
	if (spans->n == SPANS_MAX)
		drop_smallest(spans);
}

void spans_add(struct spans *spans, uint64_t start, uint64_t end)
{
	struct span whole = { .start = start, .end = end };
	size_t from = 0, to;

	if (end <= start)
		return;
	while (from < spans->n && spans->span[from].end < start)
		from++;
	for (to = from; to < spans->n && spans->span[to].start <= end; to++) {
		if (spans->span[to].start < whole.start)
			whole.start = spans->span[to].start;
		if (spans->span[to].end > whole.end)
			whole.end = spans->span[to].end;
	}
	replace(spans, from, to, &whole, 1);
}

void spans_remove(struct spans *spans, uint64_t start, uint64_t end)
{
	struct span rest[2];
	size_t from = 0, to, n = 0;

	if (end <= start)
		return;
	while (from < spans->n && spans->span[from].end <= start)
		from++;
	for (to = from; to < spans->n && spans->span[to].start < end;)
		to++;
	if (from == to)
		return;
	if (spans->span[from].start < start)
		rest[n++] = (struct span){ spans->span[from].start, start };
	if (spans->span[to - 1].end > end)
		rest[n++] = (struct span){ end, spans->span[to - 1].end };
	replace(spans, from, to, rest, n);
}
