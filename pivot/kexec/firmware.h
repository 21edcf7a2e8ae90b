/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What the firmware and the boot loader told the running kernel, and it has to tell the
 * next one. Nothing here allocates or logs.
 */

#include <asm/bootparam.h>
#include <stddef.h>
#include <stdint.h>

/* As efi_memory_desc_t, include/linux/efi.h, and the UEFI specification have it. */
struct efi_descriptor {
	uint32_t type;
	uint32_t pad;
	uint64_t phys_addr, virt_addr;
	uint64_t num_pages; /* of 4 KiB */
	uint64_t attribute;
};

enum { FIRMWARE_RUNTIME_MAX = 256 };

struct firmware {
	struct boot_params zero_page; /* as the running kernel found it */
	uint64_t rsdp;		      /* ACPI's root, physical; 0: not known */
	/* EFI's tables, physical; 0: not known */
	uint64_t vendor, services, config_table, smbios;
	size_t n_runtime; /* 0: the next kernel has to do without EFI */
	struct efi_descriptor runtime[FIRMWARE_RUNTIME_MAX];
};

/*
 * From /sys/kernel/boot_params/data (arch/x86/kernel/ksysfs.c) and /sys/firmware/efi
 * (drivers/firmware/efi/efi.c, runtime-map.c). Without EFI, with a 32-bit one, and where
 * the kernel shows no runtime map (efi=noruntime): without runtime services.
 *
 * 0; -ENOENT or -EINVAL where there is no zero page, or one of another size; -EFBIG where
 * the runtime map has more entries than FIRMWARE_RUNTIME_MAX; or the errno of what is
 * there and cannot be read, is no number (-EINVAL), or lies where no memory is (-ERANGE).
 * On errors *ret is of no use.
 */
int firmware_read(const char *root, struct firmware *ret);

/*
 * Where the running kernel's initrd lay when it was booted, physical, and how long it
 * was. 0, -ENOENT where it had none, or negative errno.
 */
int firmware_initrd(const char *root, uint64_t *address, uint64_t *bytes);
