// SPDX-License-Identifier: GPL-2.0-or-later
#include "layout.h"

#include <errno.h>

#include "pivot/base/macros.h"
#include "pivot/base/pages.h"

enum { TURNS_MAX = 64 };

#define GIB_4 (1ULL << 32)

struct layout_kernel layout_kernel_of(const struct kernel_image *kernel)
{
	return (struct layout_kernel){
		.bytes = kernel->protected_bytes,
		.init_size = kernel->init_size,
		.alignment = kernel->alignment,
		.preferred = kernel->pref_address,
		.is_relocatable = kernel->is_relocatable,
	};
}

/* What is usable, and of that what is taken; an empty span takes nothing. */
struct room {
	const struct spans *usable;
	struct span taken[3];
};

static uint64_t align_up(uint64_t address, uint64_t alignment)
{
	return (address + alignment - 1) & ~(alignment - 1);
}

/* What is larger than all memory stays so. */
static uint64_t whole_pages(uint64_t bytes)
{
	return bytes > LAYOUT_END ? bytes : pages_whole(bytes);
}

static bool is_empty(struct span span)
{
	return span.start >= span.end;
}

/* The lowest of what is taken and reaches into start..end, or NULL. */
static const struct span *taken_in(const struct room *room, uint64_t start, uint64_t end)
{
	const struct span *lowest = NULL;

	for (size_t i = 0; i < array_size(room->taken); i++) {
		const struct span *taken = &room->taken[i];

		if (!is_empty(*taken) && taken->start < end && start < taken->end &&
		    (!lowest || taken->start < lowest->start))
			lowest = taken;
	}
	return lowest;
}

static struct span usable_at(const struct room *room, size_t i)
{
	struct span span = room->usable->span[i];

	if (span.end > LAYOUT_END)
		span.end = LAYOUT_END;
	return span;
}

/* The lowest place of bytes from here on. Or an empty span: there is none. */
static struct span lowest(const struct room *room, uint64_t from, uint64_t bytes,
			  uint64_t alignment)
{
	for (size_t i = 0; i < room->usable->n; i++) {
		struct span usable = usable_at(room, i);
		uint64_t at = usable.start > from ? usable.start : from;
		const struct span *taken;

		for (;;) {
			at = align_up(at, alignment);
			if (at >= usable.end || bytes > usable.end - at)
				break;
			taken = taken_in(room, at, at + bytes);
			if (!taken)
				return (struct span){ at, at + bytes };
			at = taken->end;
		}
	}
	return (struct span){ 0 };
}

/* The highest place that ends here at the latest. */
static struct span highest(const struct room *room, uint64_t until, uint64_t bytes)
{
	for (size_t i = room->usable->n; i-- > 0;) {
		struct span usable = usable_at(room, i);
		uint64_t end = usable.end < until ? usable.end : until;
		const struct span *taken;

		while (end > usable.start && bytes <= end - usable.start) {
			taken = taken_in(room, end - bytes, end);
			if (!taken)
				return (struct span){ end - bytes, end };
			end = taken->start;
		}
	}
	return (struct span){ 0 };
}

/* Where the free stretch ends that this address is in. */
static uint64_t stretch_end(const struct room *room, uint64_t at)
{
	for (size_t i = 0; i < room->usable->n; i++) {
		struct span usable = usable_at(room, i);
		const struct span *taken;

		if (at < usable.start || at >= usable.end)
			continue;
		taken = taken_in(room, at, usable.end);
		return taken ? taken->start : usable.end;
	}
	return at;
}

/* The first source that ends behind the address; n_sources: none. */
static size_t source_behind(const struct layout_request *request, uint64_t address)
{
	size_t low = 0, high = request->n_sources;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (request->sources[middle].end > address)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

/* The lowest place from here on that no source reaches into. */
static struct span lowest_clear(const struct layout_request *request,
				const struct room *room, uint64_t from)
{
	uint64_t bytes = whole_pages(request->control_bytes);

	for (;;) {
		struct span span = lowest(room, from, bytes, PAGE_BYTES);
		size_t i = source_behind(request, span.start);

		if (is_empty(span) || i == request->n_sources ||
		    request->sources[i].start >= span.end)
			return span;
		from = request->sources[i].end;
	}
}

/* Where the stretch without sources ends that this address is in. */
static uint64_t clear_end(const struct layout_request *request, const struct room *room,
			  uint64_t at)
{
	uint64_t end = stretch_end(room, at);
	size_t i = source_behind(request, at);

	if (i < request->n_sources && request->sources[i].start < end)
		return request->sources[i].start;
	return end;
}

/* The lowest place for the kernel from here on. */
static struct span kernel_from(const struct layout_kernel *kernel,
			       const struct room *room, uint64_t from)
{
	const struct span none = { 0 };
	uint64_t bytes =
		kernel->bytes > kernel->init_size ? kernel->bytes : kernel->init_size;
	uint64_t alignment =
		kernel->alignment > PAGE_BYTES ? kernel->alignment : PAGE_BYTES;
	struct span span;

	if (kernel->preferred > LAYOUT_END)
		return none;
	/* from below LOAD_PHYSICAL_ADDR it would move there, onto whatever lies there */
	if (from < kernel->preferred)
		from = kernel->preferred;
	if (kernel->is_relocatable)
		return lowest(room, from, whole_pages(bytes), alignment);
	span = lowest(room, from, whole_pages(bytes), PAGE_BYTES);
	return span.start == kernel->preferred ? span : none;
}

static struct span initrd_in(const struct room *room, uint64_t bytes)
{
	struct span span = highest(room, GIB_4, bytes);

	return is_empty(span) ? highest(room, LAYOUT_END, bytes) : span;
}

/* An initrd that stays where it is; or an empty span. */
static struct span staying_initrd(const struct layout_request *request)
{
	const uint64_t at = request->initrd_place;

	return at ? (struct span){ at, at + request->initrd_bytes } : (struct span){ 0 };
}

/*
 * Kernel and initrd around what is kept. The kernel in the lowest stretch; where that
 * leaves none for the initrd, in another.
 */
static int place(const struct layout_request *request, struct span kept,
		 struct layout *ret, enum layout_lack *lack)
{
	struct room room = { request->usable, { kept, staying_initrd(request) } };
	struct layout layout = { .initrd = staying_initrd(request) };
	uint64_t from = 0;

	*lack = LAYOUT_KERNEL;
	for (;;) {
		room.taken[2] = (struct span){ 0 };
		layout.kernel = kernel_from(&request->kernel, &room, from);
		if (is_empty(layout.kernel))
			return -EADDRNOTAVAIL;
		from = stretch_end(&room, layout.kernel.start);
		room.taken[2] = layout.kernel;
		if (request->initrd_bytes && !request->initrd_place)
			layout.initrd = initrd_in(&room, request->initrd_bytes);
		if (!request->initrd_bytes || !is_empty(layout.initrd))
			break;
		*lack = LAYOUT_INITRD;
	}
	*ret = layout;
	return 0;
}

/*
 * The next stretch to keep for the control segment: where there is more, an eighth more,
 * because around it the moves may become a few more.
 */
static struct span keep(const struct layout_request *request,
			struct layout_search *search)
{
	struct room room = { request->usable, { { 0 } } };
	struct span span = lowest_clear(request, &room, search->from);
	uint64_t room_end;

	if (is_empty(span))
		return span;
	search->from = clear_end(request, &room, span.start);
	room_end = span.end + align_up(request->control_bytes / 8, PAGE_BYTES);
	span.end = room_end < search->from ? room_end : search->from;
	return span;
}

int layout_payload(const struct layout_request *request, struct layout_search *search,
		   struct layout *ret, enum layout_lack *lack)
{
	uint64_t alignment = request->kernel.alignment;
	enum layout_lack ignored;

	if (!alignment || alignment & (alignment - 1))
		return -EINVAL;
	if (!search->turns++)
		return place(request, (struct span){ 0 }, ret, lack);
	while (search->turns <= TURNS_MAX) {
		struct span kept = keep(request, search);

		if (is_empty(kept))
			break;
		if (place(request, kept, ret, &ignored) == 0)
			return 0;
		search->turns++;
	}
	*lack = LAYOUT_CONTROL;
	return -EADDRNOTAVAIL;
}

int layout_control(const struct layout_request *request, struct layout *layout)
{
	struct room room = { request->usable, { layout->kernel, layout->initrd } };
	struct span span = lowest_clear(request, &room, 0);

	if (is_empty(span))
		return -EADDRNOTAVAIL;
	layout->control = span;
	return 0;
}
