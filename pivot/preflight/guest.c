// SPDX-License-Identifier: GPL-2.0-or-later

/* Virtual machines in which kexec is another thing than on metal. */

#include <string.h>

#include "checks.h"
#include "cpuinfo.h"
#include "initramfs/inventory/machine.h"
#include "memory-encryption.h"
#include "pivot/base/read.h"
#include "pivot/kexec/load.h"

/*
 * A kernel in a PV domain runs without the privilege to load page tables of its own,
 * which is how the jump begins: it would die there. HVM and PVH can. Sources:
 * arch/x86/kernel/relocate_kernel_64.S; drivers/xen/sys-hypervisor.c, guest_type_show().
 */
static void check_xen(const struct preflight *p, struct findings *findings)
{
	char type[16];

	if (read_text(type, sizeof(type), p->root, "/sys/hypervisor/guest_type") > 0 &&
	    strcmp(type, "PV") == 0)
		find_refusal(
			findings, "xen-pv",
			"this is a paravirtual Xen domain (PV), which cannot kexec: make "
			"it an HVM or PVH domain, or install another way");
}

/*
 * Memory that the guest shares with its host has to be made private again before another
 * kernel starts. Sources: arch/x86/coco/tdx/tdx.c, tdx_kexec_finish(), since 6.11;
 * arch/x86/coco/sev/core.c, snp_kexec_finish(), since 6.13.
 */
static void check_confidential(const struct preflight *p, struct findings *findings)
{
	bool is_tdx = cpuinfo_has(p->root, "flags", "tdx_guest");
	bool is_snp = read_exists(p->root, "/sys/class/misc/sev-guest") ||
		      read_exists(p->root, "/sys/devices/system/cpu/sev");
	const unsigned int since = is_tdx ? 0x060b00 : 0x060d00;
	struct machine machine;

	if (!is_tdx && !is_snp)
		return;
	machine_read(p->root, &machine);
	find_warning(findings, is_tdx ? "tdx-guest" : "sev-guest",
		     "this is a confidential guest (%s)%s: the target must know how to "
		     "run in one, and its memory is measured no more; try it on a "
		     "machine you can reset",
		     is_tdx ? "TDX" : "SEV-SNP",
		     machine.kernel && machine.kernel < since
			     ? ", and Linux prepares those for kexec only since "
			       "6.11 (TDX) and 6.13 (SEV-SNP)"
			     : "");
}

/* The purgatory of a loader of ours would read what it cannot decrypt, and run it. */
static void check_encryption(const struct preflight *p, struct findings *findings)
{
	if (p->loaders & (1U << LOADER_GATHER | 1U << LOADER_LOAD) &&
	    memory_is_encrypted(p->root))
		find_refusal(
			findings, "encrypted-memory",
			"this machine's memory is encrypted (SEV, TDX or SME), which "
			"this loader knows nothing of: leave --loader to the program, "
			"or take --loader=file");
}

/* Sources: arch/x86/kernel/cpu/mshyperv.c, hv_machine_shutdown(); systemd#20072,
 * nix-community/nixos-anywhere#400. */
static void check_hyperv(const struct preflight *p, struct findings *findings)
{
	if (read_exists(p->root, "/sys/bus/vmbus"))
		find_note(
			findings, "hyper-v",
			"this is a guest of Hyper-V, where targets were seen to stop at "
			"the display (hyperv_fb): watch the serial console, and keep the "
			"portal at hand for a reset");
}

void check_guest(const struct preflight *p, struct findings *findings)
{
	check_xen(p, findings);
	check_confidential(p, findings);
	check_encryption(p, findings);
	check_hyperv(p, findings);
}
