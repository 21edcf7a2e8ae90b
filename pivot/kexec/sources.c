// SPDX-License-Identifier: GPL-2.0-or-later
#include "sources.h"

#include <errno.h>
#include <stdbool.h>

enum { FRAME_BITS = 12 };

struct collection {
	struct span *spans;
	size_t n, max;
};

/* Frames, until they are sorted. The allocator gives them upwards as often as downwards.
 */
static bool extend(struct span *span, uint64_t frame)
{
	if (frame == span->end)
		span->end++;
	else if (frame + 1 == span->start)
		span->start--;
	else
		return false;
	return true;
}

static int add(struct collection *c, uint64_t frame)
{
	if (c->n && extend(&c->spans[c->n - 1], frame))
		return 0;
	if (c->n == c->max)
		return -E2BIG;
	c->spans[c->n++] = (struct span){ frame, frame + 1 };
	return 0;
}

/* Lets the span at the top of a heap sink to its place. */
static void sift_down(struct span *spans, size_t top, size_t n)
{
	struct span span = spans[top];
	size_t child;

	while ((child = 2 * top + 1) < n) {
		if (child + 1 < n && spans[child].start < spans[child + 1].start)
			child++;
		if (spans[child].start <= span.start)
			break;
		spans[top] = spans[child];
		top = child;
	}
	spans[top] = span;
}

/* Heap sort: in place, where glibc's qsort(3) allocates, and never quadratic. */
static void sort(struct span *spans, size_t n)
{
	for (size_t top = n / 2; top-- > 0;)
		sift_down(spans, top, n);
	for (; n > 1; n--) {
		struct span last = spans[n - 1];

		spans[n - 1] = spans[0];
		spans[0] = last;
		sift_down(spans, 0, n - 1);
	}
}

/* Of sorted frames to addresses. How many are left, or -EINVAL. */
static ssize_t merge(struct span *spans, size_t n)
{
	size_t merged = 0;

	for (size_t i = 0; i < n; i++) {
		struct span span = { spans[i].start << FRAME_BITS,
				     spans[i].end << FRAME_BITS };

		if (merged && span.start < spans[merged - 1].end)
			return -EINVAL;
		if (merged && span.start == spans[merged - 1].end)
			spans[merged - 1].end = span.end;
		else
			spans[merged++] = span;
	}
	return (ssize_t)merged;
}

ssize_t sources_collect(const struct moves_part *parts, size_t n, struct span *spans,
			size_t max)
{
	struct collection collection = { .spans = spans, .max = max };

	for (size_t i = 0; i < n; i++)
		for (size_t page = 0; page < parts[i].pages; page++)
			if (add(&collection, parts[i].from[page]) < 0)
				return -E2BIG;
	sort(spans, collection.n);
	return merge(spans, collection.n);
}
