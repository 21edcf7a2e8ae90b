// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>

#include "pivot/base/cleanup.h"
#include "pivot/base/file.h"
#include "pivot/base/macros.h"
#include "pivot/base/parse.h"
#include "pivot/base/read.h"

enum {
	EFI64_SIGNATURE = 0x34364c45, /* "EL64" */
	ADDRESS_END = 1ULL << 52,     /* no x86 has more */
	PAGE_BYTES = 4096,
	PAGES_END = ADDRESS_END / PAGE_BYTES,
	DESCRIPTOR_MAX = 256,
};

static const char efi[] = "/sys/firmware/efi";

static int read_zero_page(const char *root, struct boot_params *ret)
{
	char path[PATH_MAX];
	int r = read_path(path, sizeof(path), root, "/sys/kernel/boot_params/data");
	auto_close int fd = r < 0 ? -1 : open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return r < 0 ? r : -errno;
	n = file_read_at(fd, ret, sizeof(*ret), 0);
	if (n < 0)
		return (int)n;
	return n == sizeof(*ret) ? 0 : -EINVAL;
}

/* 0 where the kernel does not show it: see efi_attr_is_visible(). */
static int read_address(const char *root, const char *name, uint64_t *ret)
{
	int r = read_u64(ret, 16, root, "%s/%s", efi, name);

	if (r != -ENOENT)
		return r;
	*ret = 0;
	return 0;
}

/* "NAME=0x7f9e014" at the beginning of a line; 0 where it has none. */
static int find_value(const char *text, const char *name, uint64_t *ret)
{
	size_t n = strlen(name), end;
	char number[24] = "";

	*ret = 0;
	while (strncmp(text, name, n) != 0 || text[n] != '=') {
		text = strchr(text, '\n');
		if (!text)
			return 0;
		text++;
	}
	text += n + 1;
	end = strcspn(text, "\n");
	if (end >= sizeof(number))
		return -ERANGE;
	memcpy(number, text, end);
	return parse_u64(number, 16, UINT64_MAX, ret);
}

static int read_systab(const char *root, struct firmware *ret)
{
	uint64_t acpi20, acpi;
	char text[1024];
	ssize_t n = read_text(text, sizeof(text), root, "%s/systab", efi);
	int r;

	ret->rsdp = ret->zero_page.acpi_rsdp_addr;
	if (n < 0)
		return n == -ENOENT ? 0 : (int)n;
	r = find_value(text, "ACPI20", &acpi20);
	if (r == 0)
		r = find_value(text, "ACPI", &acpi);
	if (r == 0)
		r = find_value(text, "SMBIOS", &ret->smbios);
	if (r == 0 && !ret->rsdp)
		ret->rsdp = acpi20 ?: acpi;
	return r;
}

static int read_descriptor(const char *root, size_t i, struct efi_descriptor *ret)
{
	uint64_t type;
	const struct {
		const char *name;
		uint64_t *value;
	} fields[] = {
		{ "type", &type },
		{ "phys_addr", &ret->phys_addr },
		{ "virt_addr", &ret->virt_addr },
		{ "num_pages", &ret->num_pages },
		{ "attribute", &ret->attribute },
	};

	for (size_t f = 0; f < array_size(fields); f++) {
		int r = read_u64(fields[f].value, 16, root, "%s/runtime-map/%zu/%s", efi,
				 i, fields[f].name);

		if (r < 0)
			return r;
	}
	ret->type = (uint32_t)type;
	return type <= UINT32_MAX && ret->phys_addr < ADDRESS_END &&
			       ret->num_pages < PAGES_END
		       ? 0
		       : -ERANGE;
}

/* The kernel numbers them in the order of its own map. */
static int read_runtime_map(const char *root, struct firmware *ret)
{
	size_t n = 0;

	for (; read_exists(root, "%s/runtime-map/%zu", efi, n); n++) {
		int r = n == FIRMWARE_RUNTIME_MAX
				? -EFBIG
				: read_descriptor(root, n, &ret->runtime[n]);

		if (r < 0)
			return r;
	}
	ret->n_runtime = n;
	return 0;
}

/* A kernel of 64 bits calls a firmware of 32 only when EFI itself started it. */
static bool has_services(struct efi_info info)
{
	return info.efi_loader_signature == EFI64_SIGNATURE && info.efi_memmap_size &&
	       (info.efi_systab || info.efi_systab_hi) &&
	       info.efi_memdesc_size >= sizeof(struct efi_descriptor) &&
	       info.efi_memdesc_size <= DESCRIPTOR_MAX &&
	       info.efi_memdesc_size % sizeof(uint64_t) == 0;
}

/* A kernel that came by kexec reads it from EFI's system table, when that is virtual. */
static uint64_t to_physical(const struct firmware *firmware, uint64_t address)
{
	for (size_t i = 0; i < firmware->n_runtime; i++) {
		const struct efi_descriptor *range = &firmware->runtime[i];
		uint64_t offset = address - range->virt_addr;

		if (offset < range->num_pages * PAGE_BYTES)
			return range->phys_addr + offset;
	}
	return address;
}

static int read_services(const char *root, struct firmware *ret)
{
	int r = read_address(root, "fw_vendor", &ret->vendor);

	if (r == 0)
		r = read_address(root, "runtime", &ret->services);
	if (r == 0)
		r = read_address(root, "config_table", &ret->config_table);
	/* without its tables the next kernel would look for them at address 0 */
	if (r == 0 && ret->config_table)
		r = read_runtime_map(root, ret);
	if (r == 0)
		ret->services = to_physical(ret, ret->services);
	return r;
}

int firmware_read(const char *root, struct firmware *ret)
{
	int r;

	memset(ret, 0, sizeof(*ret));
	r = read_zero_page(root, &ret->zero_page);
	if (r == 0)
		r = read_systab(root, ret);
	if (r == 0 && has_services(ret->zero_page.efi_info))
		r = read_services(root, ret);
	return r;
}

int firmware_initrd(const char *root, uint64_t *address, uint64_t *bytes)
{
	static struct boot_params zero_page;
	int r = read_zero_page(root, &zero_page);

	if (r < 0)
		return r;
	*address = zero_page.hdr.ramdisk_image | (uint64_t)zero_page.ext_ramdisk_image
							 << 32;
	*bytes = zero_page.hdr.ramdisk_size | (uint64_t)zero_page.ext_ramdisk_size << 32;
	return *address && *bytes ? 0 : -ENOENT;
}
