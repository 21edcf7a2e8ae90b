// SPDX-License-Identifier: GPL-2.0-or-later

/*
 * What is known about devices. Every device on PCI that has a driver is unbound anyhow,
 * its bus mastering cleared, and reset where the kernel offers a method that is safe;
 * bridges, consoles and displays are kept. A row is for what needs something else, or
 * cannot be helped. docs/hardware.md has the same rows for people;
 * tests/tool/test_quirk_ids.py looks whether it has all of them, and whether each id is a
 * device.
 */

#include <stddef.h>

#include "quirks.h"

/* Who reads them has the tool at hand; the init is to be small. */
#ifdef PIVOT_INIT
#define SOURCE(text) NULL
#else
#define SOURCE(text) text
#endif

const struct quirk quirk_table[] = {
	/* storage */
	{ "driver:hpsa", "reset:never,deadline:120",
	  "some Smart Array boards do not come back from a reset; its cache takes time",
	  SOURCE("drivers/scsi/hpsa.c unresettable_controller[]") },
	{ "driver:cciss", "reset:never,deadline:120",
	  "some Smart Array boards do not come back from a reset; its cache takes time",
	  SOURCE("drivers/scsi/hpsa.c unresettable_controller[]") },
	{ "driver:megaraid_sas", "deadline:185",
	  "the controller writes out its cache first, for which its driver allows 180 s",
	  SOURCE("drivers/scsi/megaraid/megaraid_sas.h MFI_IO_TIMEOUT_SECS") },
	{ "driver:aacraid", "deadline:185",
	  "the controller writes out its cache first, for which its driver allows 180 s",
	  SOURCE("drivers/scsi/aacraid/commsup.c aac_fib_send") },
	{ "driver:smartpqi", "reset:never,deadline:120",
	  "its driver may go without writing out the cache, which a reset would find full",
	  SOURCE("drivers/scsi/smartpqi/smartpqi_init.c pqi_pci_remove") },

	/* network */
	{ "driver:mlx5_core", "deadline:120",
	  "a command to its firmware may take 60 s, taking back the pages of VFs 120 s",
	  SOURCE("drivers/net/ethernet/mellanox/mlx5/core/lib/tout.c") },
	{ "driver:mlx4_core", "deadline:75", "a command to its firmware may take 60 s",
	  SOURCE("include/linux/mlx4/cmd.h MLX4_CMD_TIME_CLASS_A") },
	{ "driver:forcedeth", "reset:never",
	  "it cannot be set up again once it was in D3hot, through which a reset goes",
	  SOURCE("drivers/net/ethernet/nvidia/forcedeth.c nv_shutdown") },
#ifndef PIVOT_INIT /* which warns of nothing */
	{ "driver:r8169,pci:10ec:8127", "warn",
	  "was seen to drop off the bus at a warm restart until power was cut",
	  SOURCE("github.com/TAPPaaS/TAPPaaS/issues/315") },
	{ "driver:e1000e,pci:8086:153a", "warn",
	  "was seen to come up with 10 Mb/s: try ethtool -r in the target, or power off",
	  SOURCE("github.com/ipxe/ipxe/issues/440") },
	{ "driver:e1000e,dmi:HP EliteDesk", "warn",
	  "was seen without network afterwards: 'Extended DHCP Timeout' in the BIOS may matter",
	  SOURCE("github.com/siderolabs/talos/issues/9100") },
	{ "driver:e1000e,dmi:HP Z2", "warn",
	  "was seen without network afterwards: turn off 'Extended DHCP Timeout' in the BIOS",
	  SOURCE("github.com/siderolabs/talos/issues/8751") },
#endif

	/* Xen */
	{ "driver:xen-platform-pci", "keep",
	  "disks and interfaces of a Xen guest get their interrupts through it",
	  SOURCE("drivers/xen/platform-pci.c") },

	/* USB */
	{ "driver:xhci_hcd,dmi:Supermicro", "keep",
	  "unbound, it takes the BMC's virtual keyboard away from the target",
	  SOURCE("github.com/zbm-dev/zfsbootmenu/issues/502") },

	/* displays */
	{ "driver:nouveau", "unload,vtcon-first",
	  "its driver has no .shutdown in Linux 6.1, and was seen to keep reboots from ending",
	  SOURCE("github.com/systemd/systemd/issues/27995") },
	{ "driver:nvidia", "unload,vtcon-first",
	  "left as it is, the target's driver cannot take the GPU over",
	  SOURCE("wiki.archlinux.org/title/Kexec") },
	{ "driver:amdgpu", "warn", "was seen to show no picture in the target",
	  SOURCE("github.com/NixOS/nixpkgs/pull/536384") },
#ifndef PIVOT_INIT /* which warns of nothing */
	{ "driver:ast", "warn",
	  "shows no picture until the target loads its own driver: watch a serial console",
	  SOURCE("github.com/linuxboot/heads/pull/1378") },
	{ "driver:i915,pci:8086:7d?0", "warn",
	  "was seen that i915 does not load in the target (Meteor Lake)",
	  SOURCE("github.com/onedr0p/home-ops/pull/8568") },
	{ "driver:i915,pci:8086:7d?5", "warn",
	  "was seen that i915 does not load in the target (Meteor Lake)",
	  SOURCE("github.com/onedr0p/home-ops/pull/8568") },
	{ "pci:8086:4e??,class:03*", "warn",
	  "on N5105 and N5100 no kernel was seen to start after a kexec (Jasper Lake)",
	  SOURCE("github.com/coreos/fedora-coreos-tracker/issues/2071") },
#endif

	/* machines; these match every device in them */
	{ "dmi:Amazon EC2 c5.metal", "keep-bus-master",
	  "its NVMe crawls in the target where bus mastering was cleared in the machine",
	  SOURCE("lore.kernel.org/r/20260113205626.127337-1-superm1@kernel.org") },
#ifndef PIVOT_INIT /* which warns of nothing */
	{ "dmi:Amazon EC2 c5.metal,kernel:>=6.16", "warn",
	  "this kernel clears bus mastering itself: the target's NVMe may take 30 s per I/O",
	  SOURCE("lore.kernel.org/r/20260113205626.127337-1-superm1@kernel.org") },
	{ "dmi:Microsoft Corporation Virtual Machine", "warn",
	  "on Hyper-V and Azure kexec was seen to hang or to panic, with some kernels",
	  SOURCE("github.com/systemd/systemd/issues/20072") },
	{ "dmi:Google Compute Engine", "warn",
	  "VMs of Google Compute Engine were seen to be stuck at kexec now and then",
	  SOURCE("siderolabs/talos platform/gcp/gcp.go") },
#endif
	{ 0 },
};
