// SPDX-License-Identifier: GPL-2.0-or-later

/*
 * Maps of memory, payloads and kernels' headers of all sorts. The input, in numbers of 2
 * bytes: 4 for the kernel, 2 for the sizes; the rest are spans, distance and length, the
 * usable ones until a length is 0, then the sources.
 */

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include "pivot/kexec/layout-text.h"
#include "pivot/kexec/layout.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SOURCES_MAX = 512, UNIT = 64 * 1024 };

static struct spans usable;
static struct span sources[SOURCES_MAX];

struct input {
	const uint8_t *data;
	size_t size;
};

static void must(bool holds)
{
	if (!holds)
		abort();
}

static uint64_t take(struct input *in)
{
	uint64_t value = 0;

	if (in->size >= 2) {
		value = in->data[0] | (uint64_t)in->data[1] << 8;
		in->data += 2;
		in->size -= 2;
	}
	return value;
}

static size_t take_spans(struct input *in, struct span *spans, size_t max, uint64_t at,
			 uint64_t unit)
{
	size_t n = 0;

	while (n < max && in->size) {
		uint64_t start = at + (1 + take(in)) * unit;
		uint64_t length = take(in) * unit;

		if (!length)
			break;
		at = start + length;
		spans[n++] = (struct span){ start, at };
	}
	return n;
}

static void take_request(struct input *in, struct layout_request *request)
{
	unsigned int flags = (unsigned int)take(in);

	*request = (struct layout_request){ .usable = &usable, .sources = sources };
	request->kernel.is_relocatable = flags & 1;
	request->kernel.alignment = 1ULL << (flags >> 1 & 31);
	request->kernel.bytes = take(in) << 10;
	request->kernel.init_size = take(in) << 10;
	request->kernel.preferred = take(in) << 12;
	request->initrd_bytes = take(in) << (flags & 64 ? 20 : 12);
	request->control_bytes = take(in) << 6;
	usable.n = take_spans(in, usable.span, SPANS_MAX, UNIT * 15,
			      flags & 128 ? UNIT * 64 : UNIT);
	request->n_sources = take_spans(in, sources, SOURCES_MAX, 0, 4096);
}

static bool do_meet(struct span a, struct span b)
{
	return a.start < b.end && b.start < a.end && a.start < a.end && b.start < b.end;
}

static bool is_usable(struct span span)
{
	for (size_t i = 0; i < usable.n; i++)
		if (usable.span[i].start <= span.start && span.end <= usable.span[i].end)
			return true;
	return false;
}

static void check_kernel(const struct layout_kernel *kernel, struct span span)
{
	must(is_usable(span));
	must(span.end - span.start >= kernel->init_size);
	must(span.end - span.start >= kernel->bytes);
	must(span.start >= kernel->preferred && span.start % 4096 == 0);
	must(kernel->is_relocatable ? span.start % kernel->alignment == 0
				    : span.start == kernel->preferred);
}

static void check_payload(const struct layout_request *request,
			  const struct layout *layout)
{
	check_kernel(&request->kernel, layout->kernel);
	must(layout->initrd.end - layout->initrd.start == request->initrd_bytes);
	must(!do_meet(layout->kernel, layout->initrd));
	must(!request->initrd_bytes || is_usable(layout->initrd));
	must(layout->initrd.start % 4096 == 0);
}

static void check_control(const struct layout_request *request,
			  const struct layout *layout)
{
	must(is_usable(layout->control));
	must(layout->control.end - layout->control.start >= request->control_bytes);
	must(layout->control.start % 4096 == 0);
	must(!do_meet(layout->control, layout->kernel));
	must(!do_meet(layout->control, layout->initrd));
	for (size_t i = 0; i < request->n_sources; i++)
		must(!do_meet(layout->control, sources[i]));
}

/* Something of what is taken that the span meets, or an empty one. */
static struct span obstacle(const struct layout_request *request,
			    const struct layout *layout, struct span span)
{
	if (do_meet(span, layout->kernel))
		return layout->kernel;
	if (do_meet(span, layout->initrd))
		return layout->initrd;
	for (size_t i = 0; i < request->n_sources; i++)
		if (do_meet(span, sources[i]))
			return sources[i];
	return (struct span){ 0 };
}

/* Where layout_control() found no place, is there none? */
static void check_lack(const struct layout_request *request, const struct layout *layout)
{
	for (size_t i = 0; i < usable.n && request->control_bytes; i++) {
		struct span span = { .start = usable.span[i].start };

		for (;;) {
			span.end = span.start + request->control_bytes;
			if (span.end > usable.span[i].end)
				break;
			span.start = obstacle(request, layout, span).end;
			must(span.start);
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	struct layout_request request;
	struct layout_search search = { 0 };
	struct layout layout = { 0 };
	enum layout_lack lack = LAYOUT_KERNEL;
	char text[LAYOUT_TEXT_BYTES];
	int turns = 0;

	take_request(&in, &request);
	while (layout_payload(&request, &search, &layout, &lack) == 0) {
		must(turns++ < 64);
		check_payload(&request, &layout);
		if (layout_control(&request, &layout) == 0) {
			check_control(&request, &layout);
			(void)layout_text(&request, &layout, text);
			return 0;
		}
		check_lack(&request, &layout);
		/* around what is kept there are some more moves */
		request.control_bytes += turns % 2 ? 0 : 24;
	}
	must(!turns || lack == LAYOUT_CONTROL);
	(void)layout_lack_text(&request, lack, text);
	return 0;
}
