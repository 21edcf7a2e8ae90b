// SPDX-License-Identifier: GPL-2.0-or-later
#include "pivot/kexec/boot-params.h"

#include <asm/bootparam.h>
#include <string.h>

#include "pivot/kexec/firmware.h"
#include "pivot/kexec/memory-map.h"
#include "unit.h"

/* Offsets are written out, as Documentation/arch/x86/{boot,zero-page}.rst have them. */

enum { MIB = 1 << 20, SETUP_BYTES = 20480 };

static const uint64_t address = 0x123456000;

static uint8_t setup[SETUP_BYTES];
static struct memory_map map;
static struct firmware firmware;
static struct boot_request request;
static uint8_t *block;
static size_t block_bytes;

static void put(uint8_t *bytes, size_t at, uint64_t value, unsigned int n)
{
	for (; n--; at++, value >>= 8)
		bytes[at] = (uint8_t)value;
}

static uint64_t get(uint64_t at, unsigned int n)
{
	uint64_t value = 0;

	ck_assert(at <= block_bytes && n <= block_bytes - at);
	while (n--)
		value = value << 8 | block[at + n];
	return value;
}

static void range(uint64_t start, uint64_t end, uint32_t type)
{
	map.range[map.n++] = (struct memory_range){ start, end, type };
}

/* Everything around the header, and everything the machine has, is not zero. */
static void a_bios_machine(void)
{
	memset(setup, 0xee, sizeof(setup));
	setup[0x1f1] = 39;
	put(setup, 0x1fe, 0xaa55, 2);
	put(setup, 0x200, 0x6aeb, 2);
	memcpy(setup + 0x202, "HdrS", 4);
	put(setup, 0x206, 0x020f, 2);
	memset(&firmware.zero_page, 0xdd, sizeof(firmware.zero_page));
	firmware.rsdp = 0xf5250;
	range(0, 0x9fc00, MEMORY_RAM);
	range(0x100000, 0x1ffdf000, MEMORY_RAM);
	range(0x1ffdf000, 0x20000000, MEMORY_ACPI);
	range(0x100000000, 0x180000000, MEMORY_RAM);
	range(0xfd00000000, 0x10000000000, MEMORY_RESERVED);
	request = (struct boot_request){
		.setup = setup,
		.setup_bytes = sizeof(setup),
		.map = &map,
		.firmware = &firmware,
		.command_line = "init=/nix/store/x/init console=ttyS0",
		.initrd = 0x2abcde000,
		.initrd_bytes = 0x112345678,
		.seed = { 1, 2, 3, [31] = 32 },
	};
}

static void an_efi_machine(void)
{
	a_bios_machine();
	firmware.rsdp = 0x1f77d014;
	firmware.zero_page.secure_boot = 2;
	firmware.zero_page.efi_info = (struct efi_info){
		.efi_loader_signature = 0x34364c45,
		.efi_systab = 0x1f5ebb18,
		.efi_systab_hi = 0x7,
		.efi_memdesc_size = 48,
		.efi_memdesc_version = 1,
		.efi_memmap = 0x1c9b0018,
		.efi_memmap_hi = 9,
		.efi_memmap_size = 3600,
	};
	firmware.vendor = 0x1f52aa18;
	firmware.services = 0x1f5ebb98;
	firmware.config_table = 0x1f5ebc98;
	firmware.smbios = 0x1f520000;
	firmware.n_runtime = 3;
	for (unsigned int i = 0; i < firmware.n_runtime; i++)
		firmware.runtime[i] = (struct efi_descriptor){
			.type = 5 + i,
			.phys_addr = 0x1f000000 + i * 0x10000,
			.virt_addr = 0xfffffffeff000000 + i * 0x10000,
			.num_pages = 1 + i,
			.attribute = 0x800000000000000f,
		};
}

/* To the byte, so that the sanitizer sees who leaves it. */
static void build(void)
{
	free(block);
	block_bytes = boot_block_bytes(&request);
	block = calloc(1, block_bytes);
	ck_assert_ptr_nonnull(block);
	boot_block_build(&request, address, block);
}

static void expect_zeroes(size_t from, size_t end)
{
	for (size_t at = from; at < end; at++)
		ck_assert_msg(!block[at], "not zero at 0x%zx", at);
}

/* Where the contents of a setup_data begin, as a kernel finds it; 0: there is none. */
static uint64_t find_data(uint32_t type, uint32_t bytes)
{
	uint64_t found = 0;

	for (uint64_t next = get(0x250, 8), at; next; next = get(at, 8)) {
		at = next - address;
		ck_assert_uint_eq(at % 8, 0);
		ck_assert_uint_le(at + 16 + get(at + 12, 4), block_bytes);
		if (get(at + 8, 4) != type)
			continue;
		ck_assert_uint_eq(get(at + 12, 4), bytes);
		ck_assert_uint_eq(found, 0);
		found = at + 16;
	}
	return found;
}

START_TEST(takes_the_header_of_the_kernel_and_nothing_around_it)
{
	a_bios_machine();
	build();
	expect_zeroes(0x1ec, 0x1f1);
	ck_assert_uint_eq(get(0x1f1, 1), 39);
	ck_assert_uint_eq(get(0x1fe, 2), 0xaa55);
	ck_assert_uint_eq(get(0x202, 4), 0x53726448);
	ck_assert_uint_eq(get(0x206, 2), 0x020f);
	ck_assert_uint_eq(get(0x210, 1), 0xd0);
	ck_assert_uint_eq(get(0x211, 1), 0);
	ck_assert_uint_eq(get(0x260, 4), 0xeeeeeeee);
	ck_assert_uint_eq(get(0x268, 4), 0xeeeeeeee);
	expect_zeroes(0x26c, 0x290);
}
END_TEST

START_TEST(takes_no_header_that_is_too_long)
{
	a_bios_machine();
	put(setup, 0x200, 0xffeb, 2);
	build();
	ck_assert_uint_eq(get(0x28f, 1), 0xee);
	/* the signatures of disks, from the running kernel */
	ck_assert_uint_eq(get(0x290, 1), 0xdd);
	for (size_t n = 0; n < 0x300; n++) {
		uint8_t *copy = malloc(n);

		memcpy(copy, setup, n);
		request.setup = copy;
		request.setup_bytes = n;
		build();
		free(copy);
		ck_assert_uint_eq(get(0x28f, 1), n >= 0x290 ? 0xee : 0);
		ck_assert_uint_eq(get(0x210, 1), 0xd0);
	}
}
END_TEST

START_TEST(hands_on_what_the_machine_is)
{
	a_bios_machine();
	build();
	ck_assert_uint_eq(get(0x000, 2), 0xdddd);
	ck_assert_uint_eq(get(0x004, 4), 0xdddddddd);
	ck_assert_uint_eq(get(0x03f, 1), 0xdd);
	expect_zeroes(0x040, 0x070);
	ck_assert_uint_eq(get(0x070, 8), 0xf5250);
	expect_zeroes(0x078, 0x0c0);
	expect_zeroes(0x0cc, 0x1e0);
	ck_assert_uint_eq(get(0x1e9, 1), 0xdd);
	ck_assert_uint_eq(get(0x1ea, 1), 0xdd);
	ck_assert_uint_eq(get(0x1eb, 1), 0);
	ck_assert_uint_eq(get(0x23c, 4), 0xdddddddd);
	for (size_t at = 0x290; at < 0x2d0; at++)
		ck_assert_uint_eq(get(at, 1), 0xdd);
	for (size_t at = 0xd00; at < 0xeec; at++)
		ck_assert_uint_eq(get(at, 1), 0xdd);
	expect_zeroes(0xcd0, 0xd00);
	expect_zeroes(0xeec, 0x1000);
}
END_TEST

START_TEST(says_where_the_initrd_is)
{
	a_bios_machine();
	build();
	ck_assert_uint_eq(get(0x218, 4), 0xabcde000);
	ck_assert_uint_eq(get(0x21c, 4), 0x12345678);
	ck_assert_uint_eq(get(0x0c0, 4), 2);
	ck_assert_uint_eq(get(0x0c4, 4), 1);
	request.initrd_bytes = 0;
	memset(setup + 0x218, 0, 8);
	build();
	ck_assert_uint_eq(get(0x218, 8), 0);
	ck_assert_uint_eq(get(0x0c0, 8), 0);
}
END_TEST

START_TEST(says_where_the_command_line_is)
{
	static char text[2048];
	uint64_t at;

	a_bios_machine();
	memset(text, 'a', sizeof(text) - 1);
	for (size_t n = 0; n < sizeof(text); n += n < 40 ? 1 : 251) {
		request.command_line = text + sizeof(text) - 1 - n;
		build();
		at = (get(0x0c8, 4) << 32 | get(0x228, 4)) - address;
		ck_assert_uint_eq(at, 4096);
		ck_assert_uint_lt(at + n, block_bytes);
		ck_assert_str_eq((char *)block + at, request.command_line);
		ck_assert_uint_ne(find_data(9, 32), 0);
	}
}
END_TEST

START_TEST(hands_on_the_memory_map)
{
	a_bios_machine();
	build();
	ck_assert_uint_eq(get(0x1e8, 1), 5);
	for (size_t i = 0; i < 5; i++) {
		uint64_t at = 0x2d0 + 20 * i;

		ck_assert_uint_eq(get(at, 8), map.range[i].start);
		ck_assert_uint_eq(get(at, 8) + get(at + 8, 8), map.range[i].end);
		ck_assert_uint_eq(get(at + 16, 4), map.range[i].type);
	}
	expect_zeroes(0x2d0 + 5 * 20, 0xd00);
	ck_assert_uint_eq(find_data(1, 0), 0);
}
END_TEST

static void expect_extended(uint64_t start, uint64_t end, uint32_t type, uint64_t ext,
			    uint64_t alt)
{
	map.n = 0;
	range(start, end, type);
	build();
	ck_assert_uint_eq(get(0x002, 2), ext);
	ck_assert_uint_eq(get(0x1e0, 4), alt);
}

START_TEST(says_how_much_there_is_above_the_first_mib)
{
	a_bios_machine();
	expect_extended(MIB, 0x1ffdf000, MEMORY_RAM, 0xfc00, 0x1ffdf000 / 1024 - 1025);
	expect_extended(0, 33 * MIB, MEMORY_RAM, 32 * 1024 - 1, 32 * 1024 - 1);
	expect_extended(MIB, 33 * MIB, MEMORY_RESERVED, 0, 0);
	expect_extended(MIB + 1, 33 * MIB, MEMORY_RAM, 0, 0);
	expect_extended(0, MIB, MEMORY_RAM, 0, 0);
	expect_extended(0, MIB + 1, MEMORY_RAM, 0, 0);
	expect_extended(MIB, MIB + 2, MEMORY_RAM, 0, 0);
	expect_extended(0, UINT64_MAX, MEMORY_RAM, 0xfc00, 0xffffffff);
}
END_TEST

START_TEST(hands_on_more_than_128_ranges)
{
	uint64_t at;

	a_bios_machine();
	map.n = 0;
	for (uint64_t i = 0; i < 128; i++)
		range(i * 0x2000, i * 0x2000 + 0x1000, MEMORY_RAM);
	build();
	ck_assert_uint_eq(get(0x1e8, 1), 128);
	ck_assert_uint_eq(find_data(1, 0), 0);
	expect_zeroes(0xcd0, 0xd00);
	range(0x200000, 0x300000, MEMORY_RESERVED);
	build();
	ck_assert_uint_eq(get(0x1e8, 1), 128);
	at = find_data(1, 20);
	ck_assert_uint_eq(get(at, 8), 0x200000);
	ck_assert_uint_eq(get(at + 8, 8), 0x100000);
	ck_assert_uint_eq(get(at + 16, 4), MEMORY_RESERVED);
	while (map.n < MEMORY_RANGES_MAX)
		range(map.n * 0x100000, map.n * 0x100000 + 0x1000, MEMORY_RAM);
	build();
	ck_assert_uint_eq(get(0x1e8, 1), 128);
	at = find_data(1, 20 * (MEMORY_RANGES_MAX - 128));
	ck_assert_uint_eq(get(at + 20 * (MEMORY_RANGES_MAX - 129), 8),
			  (MEMORY_RANGES_MAX - 1) * 0x100000ULL);
	expect_zeroes(0xcd0, 0xd00);
	ck_assert_uint_ne(find_data(9, 32), 0);
}
END_TEST

START_TEST(tells_nothing_of_efi_without_a_runtime_map)
{
	an_efi_machine();
	firmware.n_runtime = 0;
	build();
	expect_zeroes(0x1c0, 0x1e0);
	ck_assert_uint_eq(get(0x1ec, 1), 0);
	ck_assert_uint_eq(find_data(4, 96), 0);
	ck_assert_uint_eq(get(0x070, 8), 0x1f77d014);
}
END_TEST

START_TEST(hands_on_efi)
{
	uint64_t at;

	an_efi_machine();
	build();
	ck_assert_uint_eq(get(0x1ec, 1), 2);
	ck_assert_uint_eq(get(0x1c0, 4), 0x34364c45);
	ck_assert_uint_eq(get(0x1c4, 4), 0x1f5ebb18);
	ck_assert_uint_eq(get(0x1c8, 4), 48);
	ck_assert_uint_eq(get(0x1cc, 4), 1);
	ck_assert_uint_eq(get(0x1d4, 4), 3 * 48);
	ck_assert_uint_eq(get(0x1d8, 4), 7);
	at = (get(0x1dc, 4) << 32 | get(0x1d0, 4)) - address;
	for (uint64_t i = 0; i < 3; i++, at += 48) {
		ck_assert_uint_eq(get(at, 8), 5 + i);
		ck_assert_uint_eq(get(at + 8, 8), 0x1f000000 + i * 0x10000);
		ck_assert_uint_eq(get(at + 16, 8), 0xfffffffeff000000 + i * 0x10000);
		ck_assert_uint_eq(get(at + 24, 8), 1 + i);
		ck_assert_uint_eq(get(at + 32, 8), 0x800000000000000f);
		ck_assert_uint_eq(get(at + 40, 8), 0);
	}
	at = find_data(4, 96);
	ck_assert_uint_ne(at, 0);
	ck_assert_uint_eq(get(at, 8), 0x1f52aa18);
	ck_assert_uint_eq(get(at + 8, 8), 0x1f5ebb98);
	ck_assert_uint_eq(get(at + 16, 8), 0x1f5ebc98);
	ck_assert_uint_eq(get(at + 24, 8), 0x1f520000);
	expect_zeroes(at + 32, at + 96);
}
END_TEST

START_TEST(keeps_its_parts_apart)
{
	an_efi_machine();
	while (map.n < MEMORY_RANGES_MAX)
		range(map.n * 0x100000, map.n * 0x100000 + 0x1000, MEMORY_RAM);
	firmware.n_runtime = FIRMWARE_RUNTIME_MAX;
	for (size_t i = 0; i < firmware.n_runtime; i++)
		memset(&firmware.runtime[i], 0xff, sizeof(firmware.runtime[i]));
	build();
	ck_assert_str_eq((char *)block + 4096, request.command_line);
	ck_assert_uint_eq(find_data(1, 20 * (MEMORY_RANGES_MAX - 128)) % 8, 0);
	ck_assert_uint_eq(get(find_data(4, 96), 8), 0x1f52aa18);
	ck_assert_mem_eq(block + find_data(9, 32), request.seed, 32);
}
END_TEST

START_TEST(gives_no_seed_that_is_none)
{
	a_bios_machine();
	build();
	ck_assert_mem_eq(block + find_data(9, 32), request.seed, 32);
	memset(request.seed, 0, sizeof(request.seed));
	build();
	ck_assert_uint_eq(get(0x250, 8), 0);
}
END_TEST

UNIT_MAIN("boot params", takes_the_header_of_the_kernel_and_nothing_around_it,
	  takes_no_header_that_is_too_long, hands_on_what_the_machine_is,
	  says_where_the_initrd_is, says_where_the_command_line_is,
	  hands_on_the_memory_map, says_how_much_there_is_above_the_first_mib,
	  hands_on_more_than_128_ranges, tells_nothing_of_efi_without_a_runtime_map,
	  hands_on_efi, keeps_its_parts_apart, gives_no_seed_that_is_none)
