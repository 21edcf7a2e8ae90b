// SPDX-License-Identifier: GPL-2.0-or-later
#include "memory-map.h"

#include <errno.h>
#include <string.h>

#include "firmware.h"
#include "page-flags.h"
#include "pivot/base/macros.h"
#include "pivot/base/read.h"

static const char memmap[] = "/sys/firmware/memmap";

/*
 * USABLE_START: below it are the BIOS' own data, what the next kernel starts its other
 * processors with, and holes that only a BIOS knows.
 *
 * USABLE_END: page_flags_remove() has the kernel look at every frame below it, and 16
 * million take it about a second. No tree is so large that it does not fit there.
 */
enum {
	PAGE_BYTES = 4096,
	USABLE_START = 1ULL << 20,
	USABLE_END = 64ULL << 30,
};

_Static_assert(MEMORY_RANGES_MAX + FIRMWARE_RUNTIME_MAX + 1 < SPANS_MAX,
	       "memory_mapped() drops nothing");

/* The texts of e820_type_to_string(), arch/x86/kernel/e820.c. */
static const struct {
	const char *name;
	uint32_t type;
} types[] = {
	{ "System RAM", MEMORY_RAM },
	{ "ACPI Tables", MEMORY_ACPI },
	{ "ACPI Non-volatile Storage", MEMORY_NVS },
	{ "Unusable memory", MEMORY_UNUSABLE },
	{ "Persistent Memory", MEMORY_PMEM },
	{ "Persistent Memory (legacy)", MEMORY_PRAM },
	{ "Soft Reserved", MEMORY_SOFT_RESERVED },
};

static uint32_t find_type(const char *name)
{
	for (size_t i = 0; i < array_size(types); i++)
		if (strcmp(types[i].name, name) == 0)
			return types[i].type;
	return MEMORY_RESERVED;
}

static int read_range(const char *root, const char *entry, struct memory_range *ret)
{
	char type[64];
	uint64_t last;
	ssize_t n;
	int r = read_u64(&ret->start, 16, root, "%s/%s/start", memmap, entry);

	if (r == 0)
		r = read_u64(&last, 16, root, "%s/%s/end", memmap, entry);
	if (r < 0)
		return r;
	n = read_text(type, sizeof(type), root, "%s/%s/type", memmap, entry);
	if (n < 0 && n != -EFBIG)
		return (int)n;
	ret->end = last + 1; /* 0 behind the last byte of all: empty to who looks */
	ret->type = find_type(type);
	return 0;
}

static int add_range(struct memory_map *map, const struct memory_range *range)
{
	size_t at = map->n;

	if (range->end <= range->start)
		return 0;
	if (map->n == MEMORY_RANGES_MAX)
		return -EFBIG;
	while (at > 0 && map->range[at - 1].start > range->start)
		at--;
	memmove(&map->range[at + 1], &map->range[at],
		(map->n - at) * sizeof(map->range[0]));
	map->range[at] = *range;
	map->n++;
	return 0;
}

int memory_map_read(const char *root, struct memory_map *ret)
{
	struct memory_range range;
	struct dir dir;
	int r = 0;

	ret->n = 0;
	/* what was hot-removed leaves gaps in the numbers */
	dir_for_each (&dir, entry, root, memmap) {
		r = read_range(root, entry, &range);
		if (r == 0)
			r = add_range(ret, &range);
		if (r < 0)
			break;
	}
	dir_done(&dir);
	if (r == 0)
		r = dir.error;
	return r == 0 && ret->n == 0 ? -ENODATA : r;
}

/* To whole pages within the bounds: no page that touches what is not RAM. */
static void cut_out(struct spans *spans, const struct memory_range *range)
{
	uint64_t end = range->end < USABLE_END ? range->end : USABLE_END;

	spans_remove(spans, range->start / PAGE_BYTES * PAGE_BYTES,
		     (end + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES);
}

static void put_in(struct spans *spans, const struct memory_range *range)
{
	uint64_t start = range->start > USABLE_START ? range->start : USABLE_START;
	uint64_t end = range->end < USABLE_END ? range->end : USABLE_END;

	spans_add(spans, start, end);
}

/* Where RAM ends amid a page, and nothing else begins there. */
static void trim_to_pages(struct spans *spans)
{
	size_t n = 0;

	for (size_t i = 0; i < spans->n; i++) {
		uint64_t start = spans->span[i].start + PAGE_BYTES - 1;
		struct span span = {
			.start = start / PAGE_BYTES * PAGE_BYTES,
			.end = spans->span[i].end / PAGE_BYTES * PAGE_BYTES,
		};

		if (span.start < span.end)
			spans->span[n++] = span;
	}
	spans->n = n;
}

int memory_usable(const char *root, const struct memory_map *map, struct spans *ret)
{
	ret->n = 0;
	for (size_t i = 0; i < map->n; i++)
		if (map->range[i].type == MEMORY_RAM)
			put_in(ret, &map->range[i]);
	for (size_t i = 0; i < map->n; i++)
		if (map->range[i].type != MEMORY_RAM)
			cut_out(ret, &map->range[i]);
	trim_to_pages(ret);
	if (!read_exists(root, "/sys/firmware/efi"))
		return 0;
	return page_flags_remove(root, ret);
}

void memory_mapped(const struct memory_map *map, const struct firmware *firmware,
		   struct spans *ret)
{
	ret->n = 0;
	spans_add(ret, 0, USABLE_START);
	for (size_t i = 0; i < map->n; i++) {
		const struct memory_range *range = &map->range[i];

		if (range->type == MEMORY_RAM || range->type == MEMORY_ACPI ||
		    range->type == MEMORY_NVS)
			spans_add(ret, range->start, range->end);
	}
	for (size_t i = 0; i < firmware->n_runtime; i++) {
		const struct efi_descriptor *range = &firmware->runtime[i];

		spans_add(ret, range->phys_addr,
			  range->phys_addr + range->num_pages * PAGE_BYTES);
	}
}
