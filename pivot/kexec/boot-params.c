// SPDX-License-Identifier: GPL-2.0-or-later
#include "boot-params.h"

#include <asm/bootparam.h>
#include <stdbool.h>
#include <string.h>

#include "firmware.h"
#include "memory-map.h"

enum {
	KEXEC_LOADER = 0xd, /* type_of_loader: boot.rst calls it "kexec-tools" */
	HEADER_START = offsetof(struct boot_params, hdr),
	HEADER_JUMP = 0x201, /* how far the header goes behind 0x202 */
	HEADER_END_MAX = offsetof(struct boot_params, edd_mbr_sig_buffer),
	MIB = 1 << 20,
	EXT_MEM_K_MAX = 0xfc00, /* 64 MiB, which is all that the field can say */
};

/* What SETUP_EFI holds: arch/x86/include/asm/efi.h. */
struct efi_setup_data {
	uint64_t fw_vendor;
	uint64_t runtime; /* read by kernels before 5.6 */
	uint64_t tables;
	uint64_t smbios;
	uint64_t reserved[8];
};

/* Where each part begins. What is not there has no bytes. */
struct layout {
	size_t command_line, runtime_map, e820, efi, seed, end;
};

struct block {
	const struct boot_request *request;
	uint64_t address;
	uint8_t *bytes;
	struct boot_params *params;
	struct layout at;
};

_Static_assert(sizeof(struct boot_params) == 4096, "the zero page is a page");
_Static_assert(HEADER_START == 0x1f1 && HEADER_END_MAX == 0x290, "see zero-page.rst");
_Static_assert(sizeof(struct efi_descriptor) == 40, "see the UEFI specification");
_Static_assert(sizeof(struct boot_e820_entry) == 20, "see boot.rst");

static size_t n_more_ranges(const struct boot_request *request)
{
	size_t n = request->map->n;

	return n > E820_MAX_ENTRIES_ZEROPAGE ? n - E820_MAX_ENTRIES_ZEROPAGE : 0;
}

static bool has_seed(const struct boot_request *request)
{
	uint8_t bits = 0;

	for (size_t i = 0; i < BOOT_SEED_BYTES; i++)
		bits |= request->seed[i];
	return bits;
}

static size_t runtime_map_bytes(const struct boot_request *request)
{
	const struct firmware *firmware = request->firmware;

	return firmware->n_runtime * firmware->zero_page.efi_info.efi_memdesc_size;
}

static size_t aligned(size_t at)
{
	return (at + BOOT_BLOCK_ALIGN - 1) / BOOT_BLOCK_ALIGN * BOOT_BLOCK_ALIGN;
}

/* Behind a setup_data at this offset with so much in it, or with nothing: there is none.
 */
static size_t behind_data(size_t at, size_t bytes)
{
	return bytes ? aligned(at + sizeof(struct setup_data) + bytes) : at;
}

static struct layout lay_out(const struct boot_request *request)
{
	struct layout at = { .command_line = sizeof(struct boot_params) };
	size_t efi_bytes =
		request->firmware->n_runtime ? sizeof(struct efi_setup_data) : 0;

	at.runtime_map = aligned(at.command_line + strlen(request->command_line) + 1);
	at.e820 = aligned(at.runtime_map + runtime_map_bytes(request));
	at.efi = behind_data(at.e820,
			     n_more_ranges(request) * sizeof(struct boot_e820_entry));
	at.seed = behind_data(at.efi, efi_bytes);
	at.end = behind_data(at.seed, has_seed(request) ? BOOT_SEED_BYTES : 0);
	return at;
}

size_t boot_block_bytes(const struct boot_request *request)
{
	return lay_out(request).end;
}

/* At the head of the list. Its contents, to be filled in. */
static void *add_data(struct block *block, size_t at, uint32_t type, size_t bytes)
{
	struct setup_data *data = (void *)(block->bytes + at);

	*data = (struct setup_data){
		.next = block->params->hdr.setup_data,
		.type = type,
		.len = (uint32_t)bytes,
	};
	block->params->hdr.setup_data = block->address + at;
	return data->data;
}

/*
 * Nothing but the header: what a kernel file has around it is not for the next kernel,
 * which is told so by a byte (sentinel) that came along.
 */
static void put_header(struct block *block)
{
	const struct boot_request *request = block->request;
	struct setup_header *header = &block->params->hdr;
	size_t end = request->setup_bytes > HEADER_JUMP
			     ? HEADER_JUMP + 1U + request->setup[HEADER_JUMP]
			     : 0;

	end = end < HEADER_END_MAX ? end : HEADER_END_MAX;
	end = end < request->setup_bytes ? end : request->setup_bytes;
	if (end > HEADER_START)
		memcpy(block->bytes + HEADER_START, request->setup + HEADER_START,
		       end - HEADER_START);
	header->type_of_loader = KEXEC_LOADER << 4;
	header->loadflags = 0;
	header->setup_data = 0;
	header->hardware_subarch = request->firmware->zero_page.hdr.hardware_subarch;
}

static void put_command_line(struct block *block)
{
	const char *text = block->request->command_line;
	uint64_t address = block->address + block->at.command_line;

	strcpy((char *)block->bytes + block->at.command_line, text);
	block->params->hdr.cmd_line_ptr = (uint32_t)address;
	block->params->ext_cmd_line_ptr = (uint32_t)(address >> 32);
}

static void put_initrd(struct block *block)
{
	const struct boot_request *request = block->request;

	if (!request->initrd_bytes)
		return;
	block->params->hdr.ramdisk_image = (uint32_t)request->initrd;
	block->params->hdr.ramdisk_size = (uint32_t)request->initrd_bytes;
	block->params->ext_ramdisk_image = (uint32_t)(request->initrd >> 32);
	block->params->ext_ramdisk_size = (uint32_t)(request->initrd_bytes >> 32);
}

/* What only the firmware could tell again. */
static void put_machine(struct block *block)
{
	const struct boot_params *from = &block->request->firmware->zero_page;
	struct boot_params *to = block->params;

	to->screen_info = from->screen_info;
	to->screen_info.ext_mem_k = 0;
	to->acpi_rsdp_addr = block->request->firmware->rsdp;
	memcpy(to->eddbuf, from->eddbuf, sizeof(to->eddbuf));
	to->eddbuf_entries = from->eddbuf_entries;
	memcpy(to->edd_mbr_sig_buffer, from->edd_mbr_sig_buffer,
	       sizeof(to->edd_mbr_sig_buffer));
	/* kexec_file_load(2) forgets it, and the signatures come to nothing */
	to->edd_mbr_sig_buf_entries = from->edd_mbr_sig_buf_entries;
}

static struct boot_e820_entry e820_entry(const struct memory_range *range)
{
	return (struct boot_e820_entry){
		.addr = range->start,
		.size = range->end - range->start,
		.type = range->type,
	};
}

/* How much there is from 1 MiB on, as a BIOS' oldest calls tell it. */
static void put_extended_memory(struct boot_params *params,
				const struct memory_range *range)
{
	uint64_t kib;

	if (range->type != MEMORY_RAM || range->start > MIB || range->end <= MIB + 1)
		return;
	kib = ((range->end - 1) >> 10) - (MIB >> 10);
	params->screen_info.ext_mem_k =
		(uint16_t)(kib < EXT_MEM_K_MAX ? kib : EXT_MEM_K_MAX);
	params->alt_mem_k = (uint32_t)(kib < UINT32_MAX ? kib : UINT32_MAX);
}

static void put_memory_map(struct block *block)
{
	const struct memory_map *map = block->request->map;
	size_t n_more = n_more_ranges(block->request), n = map->n - n_more;
	struct boot_e820_entry *more;

	block->params->e820_entries = (uint8_t)n;
	for (size_t i = 0; i < n; i++) {
		block->params->e820_table[i] = e820_entry(&map->range[i]);
		put_extended_memory(block->params, &map->range[i]);
	}
	if (!n_more)
		return;
	more = add_data(block, block->at.e820, SETUP_E820_EXT, n_more * sizeof(*more));
	for (size_t i = 0; i < n_more; i++)
		more[i] = e820_entry(&map->range[n + i]);
}

/*
 * All of it, or nothing: a kernel that is told of EFI, but not by SETUP_EFI that another
 * ran before it, would move the firmware to virtual addresses a second time.
 */
static void put_efi(struct block *block)
{
	const struct firmware *firmware = block->request->firmware;
	struct efi_info info = firmware->zero_page.efi_info;
	uint64_t address = block->address + block->at.runtime_map;
	struct efi_setup_data *data;

	if (!firmware->n_runtime)
		return;
	block->params->secure_boot = firmware->zero_page.secure_boot;
	info.efi_memmap = (uint32_t)address;
	info.efi_memmap_hi = (uint32_t)(address >> 32);
	info.efi_memmap_size = (uint32_t)runtime_map_bytes(block->request);
	block->params->efi_info = info;
	for (size_t i = 0; i < firmware->n_runtime; i++)
		memcpy(block->bytes + block->at.runtime_map + i * info.efi_memdesc_size,
		       &firmware->runtime[i], sizeof(firmware->runtime[i]));
	data = add_data(block, block->at.efi, SETUP_EFI, sizeof(*data));
	data->fw_vendor = firmware->vendor;
	data->runtime = firmware->services;
	data->tables = firmware->config_table;
	data->smbios = firmware->smbios;
}

static void put_seed(struct block *block)
{
	if (!has_seed(block->request))
		return;
	memcpy(add_data(block, block->at.seed, SETUP_RNG_SEED, BOOT_SEED_BYTES),
	       block->request->seed, BOOT_SEED_BYTES);
}

void boot_block_build(const struct boot_request *request, uint64_t address, void *ret)
{
	struct block block = {
		.request = request,
		.address = address,
		.bytes = ret,
		.params = ret,
		.at = lay_out(request),
	};

	put_header(&block);
	put_command_line(&block);
	put_initrd(&block);
	put_machine(&block);
	put_memory_map(&block);
	put_efi(&block);
	put_seed(&block);
}
