// SPDX-License-Identifier: GPL-2.0-or-later

/* What the target will know of the firmware. */

#include "checks.h"
#include "pivot/base/read.h"

/*
 * arch/x86/kernel/kexec-bzimage64.c, setup_efi_state(): without runtime services (as with
 * efi=noruntime) the target gets the ACPI tables and nothing else of EFI. The map is in
 * sysfs where the kernel has it: drivers/firmware/efi/runtime-map.c.
 */
void check_firmware(const struct preflight *p, struct findings *findings)
{
	if (read_exists(p->root, "/sys/firmware/efi") &&
	    !read_exists(p->root, "/sys/firmware/efi/runtime-map"))
		find_warning(
			findings, "efi-no-runtime-map",
			"the running kernel has no EFI memory map to hand on: the target "
			"will see no EFI variables, so that an installer in it cannot "
			"write boot entries; boot this system without efi=noruntime, or "
			"install the boot loader as removable");
}
