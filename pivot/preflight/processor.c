// SPDX-License-Identifier: GPL-2.0-or-later

/* Processors on which kexec was seen to fail, whatever the drivers do. */

#include "checks.h"
#include "cpuinfo.h"
#include "pivot/base/macros.h"

static const struct {
	const char *name;
	const char *source;
} black_screens[] = {
	{ "N5100", "nix-community/nixos-anywhere#289" },
	{ "N5105", "coreos/fedora-coreos-tracker#2071" },
};

/* arch/x86/kernel/kexec-bzimage64.c: the number of levels stays at the jump; the flag is
 * there where the running kernel uses them. */
static void check_levels(const struct preflight *p, const struct kernel_image *kernel,
			 const char *name, struct findings *findings)
{
	if (kernel && !kernel->can_5_level && cpuinfo_has(p->root, "flags", "la57"))
		find_refusal(
			findings, "five-levels",
			"this machine runs with page tables of five levels, with which "
			"the kernel '%s' cannot start: boot this system with no5lvl, "
			"or take a newer kernel",
			name);
}

void check_processor(const struct preflight *p, struct findings *findings)
{
	for (size_t i = 0; i < array_size(black_screens); i++)
		if (cpuinfo_has(p->root, "model name", black_screens[i].name))
			find_warning(
				findings, "processor",
				"kexec was seen to end in a black screen on this "
				"processor (%s; %s): have a way to reset the machine",
				black_screens[i].name, black_screens[i].source);
	check_levels(p, p->first_kernel, p->first->kernel_name, findings);
	if (p->middle)
		check_levels(p, p->kernel, p->tree->kernel_name, findings);
	/* arch/x86/kernel/machine_kexec_64.c: -EOPNOTSUPP at the load in those kernels
	 * that know of the erratum and cannot undo it */
	if (cpuinfo_has(p->root, "bugs", "tdx_pw_mce"))
		find_warning(findings, "tdx-host",
			     "this processor has an erratum of TDX (tdx_pw_mce), for "
			     "which some kernels do not load a target: if the load "
			     "fails, switch TDX off in the firmware");
}
