// SPDX-License-Identifier: GPL-2.0-or-later
#include "pivot/kexec/firmware.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "fake-root.h"
#include "unit.h"

static const char boot_params[] = "/sys/kernel/boot_params/data";
static const char efi[] = "/sys/firmware/efi";

static struct boot_params zero_page;
static struct firmware firmware;

static void show_zero_page(void)
{
	fake_bytes(&zero_page, sizeof(zero_page), "%s", boot_params);
}

/* SeaBIOS: the kernel's unpacker has found ACPI. */
static void put_bios(void)
{
	memset(&zero_page, 0, sizeof(zero_page));
	zero_page.acpi_rsdp_addr = 0xf5250;
	zero_page.e820_entries = 9;
	((uint8_t *)&zero_page)[4095] = '\n';
	show_zero_page();
}

static void runtime(unsigned int i, const char *type, const char *physical,
		    const char *virtual, const char *pages)
{
	fake_file(type, "%s/runtime-map/%u/type", efi, i);
	fake_file(physical, "%s/runtime-map/%u/phys_addr", efi, i);
	fake_file(virtual, "%s/runtime-map/%u/virt_addr", efi, i);
	fake_file(pages, "%s/runtime-map/%u/num_pages", efi, i);
	fake_file("0x800000000000000f\n", "%s/runtime-map/%u/attribute", efi, i);
}

/* OVMF, which an EFI stub started. */
static void put_efi(void)
{
	put_bios();
	zero_page.acpi_rsdp_addr = 0;
	zero_page.efi_info = (struct efi_info){
		.efi_loader_signature = 0x34364c45,
		.efi_systab = 0x1f5ebb18,
		.efi_memdesc_size = 48,
		.efi_memdesc_version = 1,
		.efi_memmap = 0x1c9b0018,
		.efi_memmap_size = 3600,
	};
	show_zero_page();
	fake_file("ACPI20=0x1f77d014\nACPI=0x1f77d000\nSMBIOS3=0x1f51e000\n"
		  "SMBIOS=0x1f520000\n",
		  "%s/systab", efi);
	fake_file("0x1f52aa18\n", "%s/fw_vendor", efi);
	fake_file("0x1f5ebb98\n", "%s/runtime", efi);
	fake_file("0x1f5ebc98\n", "%s/config_table", efi);
	runtime(0, "0xb\n", "0xffc00000\n", "0xfffffffeffc00000\n", "0x400\n");
	runtime(1, "0x6\n", "0x1f4ec000\n", "0xfffffffeff0ec000\n", "0x100\n");
}

static void a_bios_machine(void)
{
	fake_root_make();
	put_bios();
}

static void an_efi_machine(void)
{
	fake_root_make();
	put_efi();
}

static int firmware_reads(void)
{
	memset(&firmware, 'x', sizeof(firmware));
	return firmware_read(fake_root(), &firmware);
}

START_TEST(knows_of_a_bios_where_acpi_is)
{
	a_bios_machine();
	ck_assert_int_eq(firmware_reads(), 0);
	ck_assert_uint_eq(firmware.rsdp, 0xf5250);
	ck_assert_uint_eq(firmware.n_runtime, 0);
	ck_assert_uint_eq(firmware.config_table, 0);
	ck_assert_mem_eq(&firmware.zero_page, &zero_page, sizeof(zero_page));
}
END_TEST

START_TEST(reads_what_efi_has)
{
	an_efi_machine();
	ck_assert_int_eq(firmware_reads(), 0);
	ck_assert_uint_eq(firmware.rsdp, 0x1f77d014);
	ck_assert_uint_eq(firmware.vendor, 0x1f52aa18);
	ck_assert_uint_eq(firmware.services, 0x1f5ebb98);
	ck_assert_uint_eq(firmware.config_table, 0x1f5ebc98);
	ck_assert_uint_eq(firmware.smbios, 0x1f520000);
	ck_assert_uint_eq(firmware.n_runtime, 2);
	ck_assert_uint_eq(firmware.runtime[0].type, 11);
	ck_assert_uint_eq(firmware.runtime[1].type, 6);
	ck_assert_uint_eq(firmware.runtime[1].pad, 0);
	ck_assert_uint_eq(firmware.runtime[1].phys_addr, 0x1f4ec000);
	ck_assert_uint_eq(firmware.runtime[1].virt_addr, 0xfffffffeff0ec000);
	ck_assert_uint_eq(firmware.runtime[1].num_pages, 0x100);
	ck_assert_uint_eq(firmware.runtime[1].attribute, 0x800000000000000f);
}
END_TEST

START_TEST(finds_acpi_where_it_is_told)
{
	an_efi_machine();
	zero_page.acpi_rsdp_addr = 0x7000;
	show_zero_page();
	ck_assert_int_eq(firmware_reads(), 0);
	ck_assert_uint_eq(firmware.rsdp, 0x7000);
	zero_page.acpi_rsdp_addr = 0;
	show_zero_page();
	fake_file("XACPI20=0x1\nACPI=0x2000", "%s/systab", efi);
	ck_assert_int_eq(firmware_reads(), 0);
	ck_assert_uint_eq(firmware.rsdp, 0x2000);
	ck_assert_uint_eq(firmware.smbios, 0);
	fake_file("", "%s/systab", efi);
	ck_assert_int_eq(firmware_reads(), 0);
	ck_assert_uint_eq(firmware.rsdp, 0);
	fake_remove("%s/systab", efi);
	ck_assert_int_eq(firmware_reads(), 0);
	ck_assert_uint_eq(firmware.rsdp, 0);
	ck_assert_uint_eq(firmware.n_runtime, 2);
}
END_TEST

/* The pointer in its system table is virtual by then. */
START_TEST(finds_the_services_after_a_kexec)
{
	an_efi_machine();
	fake_file("0xfffffffeff1ebb98\n", "%s/runtime", efi);
	ck_assert_int_eq(firmware_reads(), 0);
	ck_assert_uint_eq(firmware.services, 0x1f5ebb98);
	fake_file("0xfffffffeff1ec000\n", "%s/runtime", efi);
	ck_assert_int_eq(firmware_reads(), 0);
	ck_assert_uint_eq(firmware.services, 0xfffffffeff1ec000);
}
END_TEST

static void expect_no_services(void)
{
	show_zero_page();
	ck_assert_int_eq(firmware_reads(), 0);
	ck_assert_uint_eq(firmware.n_runtime, 0);
	ck_assert_uint_eq(firmware.rsdp, 0x1f77d014);
}

START_TEST(does_without_services_that_cannot_be_handed_on)
{
	an_efi_machine();
	fake_remove("%s/config_table", efi);
	expect_no_services();
	fake_file("0x0\n", "%s/config_table", efi);
	expect_no_services();
	put_efi();
	fake_remove("%s/runtime-map", efi);
	expect_no_services();
	put_efi();
	zero_page.efi_info.efi_loader_signature = 0x32334c45;
	expect_no_services();
	put_efi();
	zero_page.efi_info.efi_memmap_size = 0;
	expect_no_services();
	put_efi();
	zero_page.efi_info.efi_systab = 0;
	expect_no_services();
}
END_TEST

START_TEST(takes_no_odd_descriptors)
{
	static const uint32_t odd[] = { 0, 39, 44, 264, UINT32_MAX };

	an_efi_machine();
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		zero_page.efi_info.efi_memdesc_size = odd[i];
		expect_no_services();
	}
	zero_page.efi_info.efi_memdesc_size = 40;
	show_zero_page();
	ck_assert_int_eq(firmware_reads(), 0);
	ck_assert_uint_eq(firmware.n_runtime, 2);
}
END_TEST

START_TEST(does_without_addresses_that_are_not_shown)
{
	an_efi_machine();
	fake_remove("%s/fw_vendor", efi);
	fake_remove("%s/runtime", efi);
	ck_assert_int_eq(firmware_reads(), 0);
	ck_assert_uint_eq(firmware.vendor, 0);
	ck_assert_uint_eq(firmware.services, 0);
	ck_assert_uint_eq(firmware.n_runtime, 2);
}
END_TEST

START_TEST(needs_a_whole_zero_page)
{
	a_bios_machine();
	fake_bytes(&zero_page, sizeof(zero_page) - 1, "%s", boot_params);
	ck_assert_int_eq(firmware_reads(), -EINVAL);
	fake_remove("%s", boot_params);
	ck_assert_int_eq(firmware_reads(), -ENOENT);
	fake_directory(boot_params);
	ck_assert_int_eq(firmware_reads(), -EISDIR);
}
END_TEST

START_TEST(takes_no_nonsense_for_an_address)
{
	static const struct {
		const char *text;
		int error;
	} bad[] = {
		{ "", -EINVAL },
		{ "0x", -EINVAL },
		{ "yes", -EINVAL },
		{ "-1", -EINVAL },
		{ "0x1f52aa18 ", -EINVAL },
		{ "0x1ffffffffffffffff", -ERANGE },
	};
	static const char *const files[] = { "fw_vendor", "runtime", "config_table",
					     "runtime-map/1/type",
					     "runtime-map/1/num_pages" };

	fake_root_make();
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		for (size_t f = 0; f < sizeof(files) / sizeof(files[0]); f++) {
			put_efi();
			fake_file(bad[i].text, "%s/%s", efi, files[f]);
			ck_assert_int_eq(firmware_reads(), bad[i].error);
		}
	put_efi();
	fake_file("ACPI20=0x1f77d014\nSMBIOS=\n", "%s/systab", efi);
	ck_assert_int_eq(firmware_reads(), -EINVAL);
	fake_file("ACPI20=0x000000000000000000000000001f77d014\n", "%s/systab", efi);
	ck_assert_int_eq(firmware_reads(), -ERANGE);
}
END_TEST

START_TEST(takes_no_services_from_where_no_memory_is)
{
	an_efi_machine();
	runtime(1, "0x100000006\n", "0x1f4ec000\n", "0x0\n", "0x1\n");
	ck_assert_int_eq(firmware_reads(), -ERANGE);
	runtime(1, "0x6\n", "0x10000000000000\n", "0x0\n", "0x1\n");
	ck_assert_int_eq(firmware_reads(), -ERANGE);
	runtime(1, "0x6\n", "0x0\n", "0x0\n", "0xfffffffffffffff\n");
	ck_assert_int_eq(firmware_reads(), -ERANGE);
	runtime(1, "0x6\n", "0xffffffffff000\n", "0xffffffffffffffff\n", "0x0\n");
	ck_assert_int_eq(firmware_reads(), 0);
	fake_remove("%s/runtime-map/1/virt_addr", efi);
	ck_assert_int_eq(firmware_reads(), -ENOENT);
}
END_TEST

START_TEST(says_that_there_are_too_many_services)
{
	an_efi_machine();
	for (unsigned int i = 2; i < FIRMWARE_RUNTIME_MAX; i++)
		runtime(i, "0x5", "0x1000", "0x1000", "0x1");
	ck_assert_int_eq(firmware_reads(), 0);
	ck_assert_uint_eq(firmware.n_runtime, FIRMWARE_RUNTIME_MAX);
	runtime(FIRMWARE_RUNTIME_MAX, "0x5", "0x1000", "0x1000", "0x1");
	ck_assert_int_eq(firmware_reads(), -EFBIG);
}
END_TEST

UNIT_MAIN("firmware", knows_of_a_bios_where_acpi_is, reads_what_efi_has,
	  finds_acpi_where_it_is_told, finds_the_services_after_a_kexec,
	  does_without_services_that_cannot_be_handed_on, takes_no_odd_descriptors,
	  does_without_addresses_that_are_not_shown, needs_a_whole_zero_page,
	  takes_no_nonsense_for_an_address, takes_no_services_from_where_no_memory_is,
	  says_that_there_are_too_many_services)
