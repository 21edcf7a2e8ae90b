// SPDX-License-Identifier: GPL-2.0-or-later
#include "page-tables.h"

#include <cpuid.h>

/*
 * Both roots are made always, and whoever loads CR3 looks at CR4 first. To find out
 * beforehand how many levels the running kernel uses there is only "la57" among the flags
 * of /proc/cpuinfo, which the kernel takes away where it does not use it
 * (arch/x86/kernel/cpu/common.c), as clearcpuid= does where it does. A page more is
 * cheaper than being wrong.
 */

enum { TABLE_BYTES = 4096, ENTRIES = 512 };

enum {
	PRESENT = 1 << 0,
	WRITABLE = 1 << 1,
	ACCESSED = 1 << 5,
	DIRTY = 1 << 6,
	LARGE = 1 << 7, /* PS: a page, not a table */

	TABLE = PRESENT | WRITABLE | ACCESSED,
	LARGE_PAGE = TABLE | DIRTY | LARGE,
};

enum { BITS_2M = 21, BITS_1G = 30, BITS_512G = 39 };

struct builder {
	uint64_t *tables; /* NULL: they are only counted */
	uint64_t address;
	size_t n;
	uint64_t *directory_pointers; /* of the 512 GiB under way */
	uint64_t next_512g;	      /* the first that has none yet */
};

/* The entry for the table that begins next. */
static uint64_t add_table(struct builder *b)
{
	return (b->address + TABLE_BYTES * b->n++) | TABLE;
}

static uint64_t *last_table(const struct builder *b)
{
	return b->tables ? b->tables + ENTRIES * (b->n - 1) : NULL;
}

static void set(uint64_t *table, uint64_t number, uint64_t entry)
{
	if (table)
		table[number % ENTRIES] = entry;
}

static void add_roots(struct builder *b)
{
	uint64_t entry;

	(void)add_table(b);
	entry = add_table(b);
	set(b->tables, 0, entry);
}

static void add_512g(struct builder *b, uint64_t number)
{
	uint64_t entry = add_table(b);

	set(b->tables ? b->tables + ENTRIES : NULL, number, entry);
	b->directory_pointers = last_table(b);
	b->next_512g = number + 1;
}

static uint64_t end_of(const struct span *span)
{
	return span->end < PAGE_TABLES_END ? span->end : PAGE_TABLES_END;
}

/* Do the spans from this one on cover it all? */
static bool is_covered(const struct spans *mapped, size_t i, uint64_t start, uint64_t end)
{
	for (; i < mapped->n && mapped->span[i].start <= start; i++) {
		if (mapped->span[i].end >= end)
			return true;
		if (mapped->span[i].end > start)
			start = mapped->span[i].end;
	}
	return false;
}

/* What the spans have, from this one on, of a GiB. */
static void add_2m_pages(struct builder *b, const struct spans *mapped, size_t i,
			 uint64_t start)
{
	uint64_t end = start + (1ULL << BITS_1G);
	uint64_t *directory = last_table(b);

	for (; directory && i < mapped->n && mapped->span[i].start < end; i++) {
		const struct span *span = &mapped->span[i];
		uint64_t at = span->start > start ? span->start : start;

		if (span->start >= span->end)
			continue;
		at = at >> BITS_2M << BITS_2M;
		for (; at < end && at < end_of(span); at += 1ULL << BITS_2M)
			set(directory, at >> BITS_2M, at | LARGE_PAGE);
	}
}

/* A GiB that span i is the first to reach into. */
static void add_1g(struct builder *b, const struct spans *mapped, size_t i,
		   uint64_t number, bool has_1g)
{
	uint64_t start = number << BITS_1G;
	uint64_t number_512g = start >> BITS_512G;

	if (number_512g >= b->next_512g)
		add_512g(b, number_512g);
	if (has_1g && is_covered(mapped, i, start, start + (1ULL << BITS_1G))) {
		set(b->directory_pointers, number, start | LARGE_PAGE);
		return;
	}
	set(b->directory_pointers, number, add_table(b));
	add_2m_pages(b, mapped, i, start);
}

static size_t build(uint64_t *tables, uint64_t address, const struct spans *mapped,
		    bool has_1g)
{
	struct builder builder = { .tables = tables, .address = address };
	uint64_t next = 0; /* the first GiB not done yet */

	add_roots(&builder);
	for (size_t i = 0; i < mapped->n; i++) {
		const struct span *span = &mapped->span[i];
		uint64_t number = span->start >> BITS_1G;

		if (span->start >= span->end)
			continue;
		for (number = number > next ? number : next;
		     number << BITS_1G < end_of(span); number++) {
			add_1g(&builder, mapped, i, number, has_1g);
			next = number + 1;
		}
	}
	return builder.n * TABLE_BYTES;
}

bool page_tables_has_1g(void)
{
	unsigned int eax, ebx, ecx, edx;

	return __get_cpuid(0x80000001, &eax, &ebx, &ecx, &edx) && edx & 1 << 26;
}

size_t page_tables_bytes(const struct spans *mapped, bool has_1g)
{
	return build(NULL, 0, mapped, has_1g);
}

void page_tables_build(void *tables, uint64_t address, const struct spans *mapped,
		       bool has_1g)
{
	(void)build(tables, address, mapped, has_1g);
}
