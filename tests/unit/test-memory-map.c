// SPDX-License-Identifier: GPL-2.0-or-later
#include "pivot/kexec/memory-map.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "fake-root.h"
#include "pivot/kexec/firmware.h"
#include "unit.h"

enum {
	KIB = 1024,
	MIB = 1024 * KIB,
	PAGE = 4 * KIB,
	RAM_MIB = 64,
	FRAMES = RAM_MIB * MIB / PAGE,
};

#define RESERVED (1ULL << 32)

static struct memory_map map;
static struct firmware firmware;
static struct spans spans;
static uint64_t flags[FRAMES];
static unsigned int n_entries;

static void entry(const char *start, const char *last, const char *type)
{
	fake_file(start, "/sys/firmware/memmap/%u/start", n_entries);
	fake_file(last, "/sys/firmware/memmap/%u/end", n_entries);
	fake_file(type, "/sys/firmware/memmap/%u/type", n_entries++);
}

static void range(uint64_t start, uint64_t end, const char *type)
{
	char from[32], last[32];

	(void)snprintf(from, sizeof(from), "0x%llx\n", (unsigned long long)start);
	(void)snprintf(last, sizeof(last), "0x%llx\n", (unsigned long long)end - 1);
	entry(from, last, type);
}

/* SeaBIOS with 64 MiB. */
static void a_bios_machine(void)
{
	fake_root_make();
	entry("0x0\n", "0x9fbff\n", "System RAM\n");
	entry("0x9fc00\n", "0x9ffff\n", "Reserved\n");
	entry("0xf0000\n", "0xfffff\n", "Reserved\n");
	entry("0x100000\n", "0x3fdefff\n", "System RAM\n");
	entry("0x3fdf000\n", "0x3ffffff\n", "ACPI Tables\n");
	entry("0xfffc0000\n", "0xffffffff\n", "Reserved\n");
}

static void show_flags(void)
{
	fake_bytes(flags, sizeof(flags), "/proc/kpageflags");
}

static void reserve(uint64_t start, uint64_t end)
{
	for (uint64_t at = start; at < end; at += PAGE)
		flags[at / PAGE] |= RESERVED;
}

/*
 * OVMF: a table amid RAM, the running kernel at 16 MiB with 2 MiB of memory that it took
 * early behind it, and 1 MiB for a crash kernel.
 */
static void an_efi_machine(void)
{
	a_bios_machine();
	fake_directory("/sys/firmware/efi");
	memset(flags, 0, sizeof(flags));
	reserve(0x1000000, 0x1600000);
	reserve(0x2000000, 0x2100000);
	reserve(0x2800000, 0x2801000);
	show_flags();
	fake_file("00000000-00000fff : Reserved\n"
		  "00100000-03fdefff : System RAM\n"
		  "  01000000-011fffff : Kernel code\n"
		  "  01200000-012fffff : Kernel rodata\n"
		  "  01300000-0135467f : Kernel data\n"
		  "  01355000-013ffabc : Kernel bss\n"
		  "  02000000-020fffff : Crash kernel\n"
		  "fec00000-fec003ff : IOAPIC 0\n",
		  "/proc/iomem");
}

static void expect_ranges(const char *expected)
{
	char text[1024] = "";
	int n = 0;

	ck_assert_int_eq(memory_map_read(fake_root(), &map), 0);
	for (size_t i = 0; i < map.n; i++)
		n += snprintf(text + n, sizeof(text) - (size_t)n, "%llx-%llx %x\n",
			      (unsigned long long)map.range[i].start,
			      (unsigned long long)map.range[i].end, map.range[i].type);
	ck_assert_str_eq(text, expected);
}

static void expect_spans(const char *expected)
{
	char text[1024] = "";
	int n = 0;

	for (size_t i = 0; i < spans.n; i++)
		n += snprintf(text + n, sizeof(text) - (size_t)n, "%llx-%llx\n",
			      (unsigned long long)spans.span[i].start,
			      (unsigned long long)spans.span[i].end);
	ck_assert_str_eq(text, expected);
}

static void expect_usable(const char *expected)
{
	ck_assert_int_eq(memory_map_read(fake_root(), &map), 0);
	ck_assert_int_eq(memory_usable(fake_root(), &map, &spans), 0);
	expect_spans(expected);
}

START_TEST(reads_the_map_of_a_bios)
{
	a_bios_machine();
	expect_ranges("0-9fc00 1\n"
		      "9fc00-a0000 2\n"
		      "f0000-100000 2\n"
		      "100000-3fdf000 1\n"
		      "3fdf000-4000000 3\n"
		      "fffc0000-100000000 2\n");
}
END_TEST

START_TEST(knows_the_types_by_their_names)
{
	fake_root_make();
	entry("0x8000", "0x8fff", "Something new");
	entry("0x7000", "0x7fff", "Soft Reserved\n");
	entry("0x6000", "0x6fff", "Unusable memory\n");
	entry("0x5000", "0x5fff", "Persistent Memory (legacy)\n");
	entry("0x4000", "0x4fff", "Persistent Memory\n");
	entry("0x3000", "0x3fff", "ACPI Non-volatile Storage\n");
	entry("0x2000", "0x2fff", "Unknown E820 type\n");
	entry("0x1000", "0x1fff", "reserved\n");
	entry("0x9000", "0x9fff", "");
	entry("0xa000", "0xafff",
	      "a type whose name is so long that nobody can have meant it to be read "
	      "by anybody\n");
	expect_ranges("1000-2000 2\n2000-3000 2\n3000-4000 4\n4000-5000 7\n"
		      "5000-6000 c\n6000-7000 5\n7000-8000 efffffff\n8000-9000 2\n"
		      "9000-a000 2\na000-b000 2\n");
}
END_TEST

START_TEST(leaves_out_what_is_empty_or_has_no_end)
{
	fake_root_make();
	entry("0x1000", "0x1fff", "System RAM");
	entry("0x3000", "0x2fff", "System RAM");
	entry("0x5000", "0x4000", "Reserved");
	entry("0x6000", "0xffffffffffffffff", "Reserved");
	entry("0xfffffffffffff000", "0xfffffffffffffffe", "Reserved");
	expect_ranges("1000-2000 1\nfffffffffffff000-ffffffffffffffff 2\n");
}
END_TEST

START_TEST(has_no_map_with_a_hole)
{
	static const char *const bad[] = { "",	   "0x",   "RAM",  "-1",
					   "0x1 ", "0x1g", "1\n2", " 1" };

	a_bios_machine();
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		fake_file(bad[i], "/sys/firmware/memmap/2/end");
		ck_assert_int_eq(memory_map_read(fake_root(), &map), -EINVAL);
	}
	fake_file("0x1ffffffffffffffff\n", "/sys/firmware/memmap/2/end");
	ck_assert_int_eq(memory_map_read(fake_root(), &map), -ERANGE);
	fake_remove("/sys/firmware/memmap/2/end");
	ck_assert_int_eq(memory_map_read(fake_root(), &map), -ENOENT);
	fake_file("0xfffff\n", "/sys/firmware/memmap/2/end");
	ck_assert_int_eq(memory_map_read(fake_root(), &map), 0);
	fake_remove("/sys/firmware/memmap/2/type");
	ck_assert_int_eq(memory_map_read(fake_root(), &map), -ENOENT);
}
END_TEST

START_TEST(says_that_there_is_no_map)
{
	fake_root_make();
	ck_assert_int_eq(memory_map_read(fake_root(), &map), -ENOENT);
	fake_directory("/sys");
	fake_directory("/sys/firmware");
	fake_directory("/sys/firmware/memmap");
	ck_assert_int_eq(memory_map_read(fake_root(), &map), -ENODATA);
}
END_TEST

START_TEST(says_that_there_are_too_many_ranges)
{
	fake_root_make();
	/* from above, as the kernel never lists them */
	for (uint64_t i = MEMORY_RANGES_MAX; i-- > 0;)
		range(2 * i * PAGE, (2 * i + 1) * PAGE,
		      i % 2 ? "System RAM" : "Reserved");
	ck_assert_int_eq(memory_map_read(fake_root(), &map), 0);
	ck_assert_uint_eq(map.n, MEMORY_RANGES_MAX);
	for (size_t i = 0; i < map.n; i++) {
		ck_assert_uint_eq(map.range[i].start, 2 * i * PAGE);
		ck_assert_uint_eq(map.range[i].type, 2 - i % 2);
	}
	memory_mapped(&map, &firmware, &spans);
	ck_assert_uint_eq(spans.span[spans.n - 1].end,
			  (2 * MEMORY_RANGES_MAX - 1) * PAGE);
	entry("0x10000000", "0x1fffffff", "System RAM");
	ck_assert_int_eq(memory_map_read(fake_root(), &map), -EFBIG);
}
END_TEST

START_TEST(uses_ram_from_the_first_mib_on)
{
	a_bios_machine();
	expect_usable("100000-3fdf000\n");
	/* a BIOS machine's pages are not looked at */
	flags[0x200] = RESERVED;
	show_flags();
	expect_usable("100000-3fdf000\n");
}
END_TEST

START_TEST(uses_whole_pages_of_ram_and_nothing_else)
{
	fake_root_make();
	entry("0x200800", "0x300fff", "System RAM");
	entry("0x301000", "0x3017ff", "System RAM");
	entry("0x301800", "0x301fff", "System RAM");
	entry("0x302000", "0x302fff", "ACPI Tables");
	entry("0x303000", "0x304ffe", "System RAM");
	entry("0x400800", "0x400fff", "System RAM");
	/* ranges that overlap: what is not RAM has it */
	entry("0x500000", "0x5fffff", "System RAM");
	entry("0x580000", "0x6fffff", "System RAM");
	entry("0x540800", "0x5417ff", "Reserved");
	entry("0x6ff000", "0xffffffffffffff", "Persistent Memory");
	expect_usable("201000-302000\n303000-304000\n500000-540000\n542000-6ff000\n");
}
END_TEST

START_TEST(uses_nothing_above_64_gib)
{
	fake_root_make();
	entry("0x100000000", "0x207fffffff", "System RAM");
	entry("0x2080000000", "0xfffffffffffffffe", "System RAM");
	entry("0x1000000800", "0xfffffffffffffffe", "Reserved");
	expect_usable("100000000-1000000000\n");
	ck_assert_int_eq(memory_map_read(fake_root(), &map), 0);
	memory_mapped(&map, &firmware, &spans);
	expect_spans("0-100000\n100000000-ffffffffffffffff\n");
}
END_TEST

START_TEST(spares_firmware_tables_that_lie_in_ram)
{
	an_efi_machine();
	expect_usable("100000-1400000\n1600000-2800000\n2801000-3fdf000\n");
}
END_TEST

START_TEST(spares_single_pages_wherever_they_are)
{
	an_efi_machine();
	flags[0x100000 / PAGE] = RESERVED; /* first, last, at the end of a read */
	flags[0x3fde000 / PAGE] = RESERVED | 0xfff;
	flags[0x2fff000 / PAGE] = 1ULL << 19;
	flags[0x3000000 / PAGE] = 1ULL << 20;
	flags[0x3002000 / PAGE] = 1ULL << 23;
	flags[0x3004000 / PAGE] = ~(1ULL << 19 | 1ULL << 20 | 1ULL << 23 | RESERVED);
	flags[0x1000000 / PAGE] |= 1ULL << 19; /* of the kernel itself */
	show_flags();
	expect_usable(
		"101000-1000000\n1001000-1400000\n1600000-2800000\n2801000-2fff000\n"
		"3001000-3002000\n3003000-3fde000\n");
}
END_TEST

START_TEST(uses_no_frames_that_the_kernel_does_not)
{
	an_efi_machine();
	fake_bytes(flags, 0x3000000 / PAGE * sizeof(flags[0]) + 5, "/proc/kpageflags");
	expect_usable("100000-1400000\n1600000-2800000\n2801000-3000000\n");
	fake_file("", "/proc/kpageflags");
	expect_usable("");
}
END_TEST

START_TEST(needs_to_know_the_pages_of_an_efi_machine)
{
	an_efi_machine();
	ck_assert_int_eq(memory_map_read(fake_root(), &map), 0);
	fake_remove("/proc/kpageflags");
	ck_assert_int_eq(memory_usable(fake_root(), &map, &spans), -EOPNOTSUPP);
	fake_directory("/proc/kpageflags");
	ck_assert_int_eq(memory_usable(fake_root(), &map, &spans), -EISDIR);
}
END_TEST

START_TEST(spares_the_kernel_itself_where_it_cannot_see_it)
{
	static const char *const texts[] = {
		"", "\n\n - : \n-\n : Kernel code\n",
		/* without CAP_SYS_ADMIN */
		"00000000-00000000 : System RAM\n"
		"  00000000-00000000 : Kernel code\n"
		"  00000000-00000000 : Crash kernel\n",
		"  01000000 - 013fffff : Kernel code\n",
		"  -01000000-013fffff : Kernel code\n",
		"  01000000-1ffffffffffffffff : Kernel code\n",
		"  01000000-ffffffffffffffff : Kernel code\n",
		"  013fffff-01000000 : Kernel code\n",
		"  01000000-013fffff : Kernel codes\n",
		"  01000000-013fffff : kernel code\n",
		"  01000000-013fffff: Kernel code\n",
		"  01000000-013fffff : Kernel code", /* who knows how it goes on */
	};

	an_efi_machine();
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		fake_file(texts[i], "/proc/iomem");
		expect_usable("100000-1000000\n1600000-2000000\n2100000-2800000\n"
			      "2801000-3fdf000\n");
	}
	fake_remove("/proc/iomem");
	expect_usable("100000-1000000\n1600000-2000000\n2100000-2800000\n"
		      "2801000-3fdf000\n");
}
END_TEST

START_TEST(finds_the_kernel_in_a_long_list)
{
	char line[4200];

	an_efi_machine();
	fake_file("", "/proc/iomem");
	for (unsigned int i = 0; i < 500; i++) {
		(void)snprintf(line, sizeof(line), "%08x-%08x : PCI Bus 0000:%02x\n",
			       0x80000000 + i * 0x1000, 0x80000fff + i * 0x1000, i);
		fake_append("/proc/iomem", line);
		if (i == 250)
			fake_append("/proc/iomem", "  01000000-013fffff : Kernel code\n");
	}
	/* a line longer than anything the kernel has, and one in its midst */
	memset(line, 'x', sizeof(line));
	line[sizeof(line) - 1] = '\0';
	fake_append("/proc/iomem", line);
	fake_append("/proc/iomem", "\n  02000000-020fffff : Crash kernel\n");
	for (int i = 0; i < 20; i++)
		fake_append("/proc/iomem", "  03000000-030fffff : Crash kernel\n");
	expect_usable("100000-1400000\n1600000-2800000\n2801000-3fdf000\n");
}
END_TEST

START_TEST(maps_what_the_jump_may_touch)
{
	a_bios_machine();
	entry("0x5000000", "0x50007ff", "ACPI Non-volatile Storage");
	entry("0x6000000", "0x6000fff", "Unusable memory");
	firmware.n_runtime = 3;
	firmware.runtime[0] =
		(struct efi_descriptor){ .phys_addr = 0xffc00000, .num_pages = 0x400 };
	firmware.runtime[1] =
		(struct efi_descriptor){ .phys_addr = 0x3000000, .num_pages = 1 };
	firmware.runtime[2] = (struct efi_descriptor){ .phys_addr = 0x7000000 };
	ck_assert_int_eq(memory_map_read(fake_root(), &map), 0);
	memory_mapped(&map, &firmware, &spans);
	expect_spans("0-4000000\n5000000-5000800\nffc00000-100000000\n");
}
END_TEST

UNIT_MAIN("memory map", reads_the_map_of_a_bios, knows_the_types_by_their_names,
	  leaves_out_what_is_empty_or_has_no_end, has_no_map_with_a_hole,
	  says_that_there_is_no_map, says_that_there_are_too_many_ranges,
	  uses_ram_from_the_first_mib_on, uses_whole_pages_of_ram_and_nothing_else,
	  uses_nothing_above_64_gib, spares_firmware_tables_that_lie_in_ram,
	  spares_single_pages_wherever_they_are, uses_no_frames_that_the_kernel_does_not,
	  needs_to_know_the_pages_of_an_efi_machine,
	  spares_the_kernel_itself_where_it_cannot_see_it,
	  finds_the_kernel_in_a_long_list, maps_what_the_jump_may_touch)
