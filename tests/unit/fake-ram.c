// SPDX-License-Identifier: GPL-2.0-or-later
#include "fake-ram.h"

#include <asm/bootparam.h>
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fake-acts.h"
#include "fake-machine.h"
#include "fake-root.h"
#include "pivot/base/cleanup.h"
#include "pivot/kexec/page-tables.h"
#include "pivot/kexec/purgatory/head.h"

void ram_fill(void)
{
	uint64_t *words = (uint64_t *)(uintptr_t)RAM_START;

	for (size_t i = 0; i < RAM_BYTES / sizeof(*words); i++)
		words[i] = 0xdeadbeef00000000 + i;
}

void ram_start(void)
{
	static const struct boot_params zero_page = { .acpi_rsdp_addr = 0xf5250 };
	void *ram = mmap((void *)(uintptr_t)RAM_START, RAM_BYTES, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

	ck_assert_ptr_eq(ram, (void *)(uintptr_t)RAM_START);
	ram_fill();
	machine_memory(0, 0x9fc00, "System RAM");
	machine_memory(0x9fc00, 0x100000, "Reserved");
	machine_memory(RAM_START, RAM_START + RAM_BYTES, "System RAM");
	fake_bytes(&zero_page, sizeof(zero_page), "/sys/kernel/boot_params/data");
	fake_file("tty0 ttyS1\n", "/sys/class/tty/console/active");
	fake_file("0x2F8\n", "/sys/class/tty/ttyS1/port");
	fake_file("0\n", "/sys/class/tty/ttyS1/io_type");
	fake_file("", "/proc/self/pagemap");
}

uint8_t *ram_at(uint64_t address, size_t n)
{
	ck_assert_uint_ge(address, RAM_START);
	ck_assert_uint_le(address + n, RAM_START + RAM_BYTES);
	return (uint8_t *)(uintptr_t)address;
}

void ram_lay(const struct payload_file *file, const uint64_t *frames)
{
	char path[128];
	auto_close int fd = -1;

	(void)snprintf(path, sizeof(path), "%s/proc/self/pagemap", fake_root());
	fd = open(path, O_WRONLY | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	for (size_t i = 0; i < payload_pages(file); i++) {
		const uint8_t *page = file->data + i * RAM_PAGE;
		const uint64_t entry = 1ULL << 63 | frames[i];
		const off_t at = (off_t)((uintptr_t)page / RAM_PAGE * sizeof(entry));

		ck_assert_int_eq(pwrite(fd, &entry, sizeof(entry), at), sizeof(entry));
		memcpy(ram_at(frames[i] * RAM_PAGE, RAM_PAGE), page, RAM_PAGE);
	}
}

const struct purgatory_job *ram_place(void)
{
	const struct fake_loaded *loaded = fake_loaded();
	const struct fake_segment *first = &loaded->segment[0];

	ck_assert_uint_gt(loaded->n, 0);
	ck_assert_uint_eq(loaded->entry, first->address);
	for (size_t i = 0; i < loaded->n; i++) {
		const struct fake_segment *segment = &loaded->segment[i];

		memcpy(ram_at(segment->address, segment->mem_bytes), segment->data,
		       segment->mem_bytes);
	}
	return &((const struct purgatory_head *)ram_at(first->address, RAM_PAGE))->job;
}

/* Source: Intel SDM, volume 3, "4-Level Paging". */
bool ram_is_mapped(const struct purgatory_job *job, uint64_t address)
{
	enum { PRESENT = 1, WRITABLE = 2, LARGE = 0x80 };
	const uint64_t in_entry = 0x000ffffffffff000;
	uint64_t table = job->page_tables + PAGE_TABLES_ROOT_4;

	for (int shift = 39; shift >= 12; shift -= 9) {
		const uint64_t *entries = (const void *)ram_at(table, RAM_PAGE);
		const uint64_t entry = entries[address >> shift & 511];
		const uint64_t below = (1ULL << shift) - 1;

		if (!(entry & PRESENT) || !(entry & WRITABLE))
			return false;
		if (shift == 12 || (shift < 39 && entry & LARGE))
			return (entry & in_entry & ~below) == (address & ~below);
		table = entry & in_entry;
	}
	return false;
}
