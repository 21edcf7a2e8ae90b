// SPDX-License-Identifier: GPL-2.0-or-later
#include "command-line.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "pivot/base/macros.h"

/*
 * Names of parameters, a last '*' for any that begin so. Source:
 * Documentation/admin-guide/kernel-parameters.txt. Not here, though they are about
 * memory: what sets some of it aside (crashkernel, hugepages, cma), since the middle
 * kernel holds two systems' worth as it is.
 */
static const char *const consoles[] = {
	"console", "earlycon", "earlyprintk", "keep_bootcon",
	/* how many serial ports there are, and who shares their interrupts */
	"8250.*"
};

static const char *const hardware[] = {
	/* what the firmware's tables say wrongly; acpi_rsdp, after another kexec, where
	   they are */
	"acpi*", "pnp*", "noisapnp", "ghes.*", "hest_disable", "erst_disable",
	"bert_disable", "efi", "noefi", "efi_*", "add_efi_memmap", "numa",
	/* which memory there is, and how it may be mapped */
	"mem", "memmap", "reserve", "mtrr*", "enable_mtrr_cleanup",
	"disable_mtrr_cleanup", "nopat", "mem_encrypt",
	/* interrupts that do not arrive, or come to the wrong place */
	"apic", "noapic", "nolapic*", "lapic*", "x2apic_phys", "nox2apic",
	"no_x2apic_optout", "no_timer_check", "disable_timer_pin_1", "irqpoll",
	"irqfixup", "noirqdebug", "intremap", "nointremap",
	/* buses: routing, resources, link power. No device is found, or it hangs */
	"pci", "pcie_*", "pciehp.*",
	/* DMA of devices whose requests the IOMMU is told wrongly about */
	"iommu", "iommu.*", "intel_iommu", "amd_iommu*", "ivrs_*", "swiotlb",
	/* clocks that stop or drift: the boot hangs */
	"clocksource", "tsc", "notsc", "hpet", "nohpet", "pmtmr", "no-kvmclock",
	/* sleep that the processor does not wake up from */
	"idle", "nohlt", "processor.*", "intel_idle.*", "cpuidle.*", "intel_pstate",
	"amd_pstate", "cpufreq.*",
	/* processors that must not be started, and features that do not work */
	"maxcpus", "nr_cpus", "possible_cpus", "nosmp", "nosmt", "clearcpuid", "nopcid",
	"noxsave*", "no5lvl", "dis_ucode_ldr", "mce", "nomce",
	/* the way home */
	"reboot",
	/* displays stay as they are, without the driver that hangs them */
	"nomodeset", "video",
	/* a guest's devices */
	"xen*", "nopv", "nopvspin",
	/* drivers that are mostly built in; libkmod hands on what modules get */
	"libata.*", "ahci.*", "nvme.*", "nvme_core.*", "scsi_mod.*", "usbcore.*", "nousb",
	"xhci_hcd.*", "i8042.*",
	/* drivers that must not be started */
	"module_blacklist", "initcall_blacklist"
};

/*
 * panic: a middle kernel that crashes goes home. retain_initrd: what is carried for the
 * target lies in the initrd itself.
 */
static const char always[] = "panic=10 retain_initrd";

struct line {
	char *text;
	size_t size, n;
};

static int add(struct line *line, const char *word, size_t n)
{
	size_t blank = line->n > 0;

	if (line->n + blank + n >= line->size)
		return -E2BIG;
	if (blank)
		line->text[line->n++] = ' ';
	memcpy(line->text + line->n, word, n);
	line->n += n;
	line->text[line->n] = '\0';
	return 0;
}

/* As next_arg() of the kernel's lib/cmdline.c: quotes may begin anywhere. */
static size_t word_length(const char *at)
{
	bool is_quoted = false;
	size_t n = 0;

	for (; at[n] && (is_quoted || !isspace((unsigned char)at[n])); n++)
		is_quoted ^= at[n] == '"';
	return n;
}

/* The kernel's parameq(): '-' and '_' are the same. */
static bool is_same(char a, char b)
{
	return a == b || (strchr("-_", a) && strchr("-_", b));
}

static bool has_name(const char *word, size_t n, const char *name)
{
	size_t i = 0;

	if (n > 0 && *word == '"') { /* around all of it */
		word++;
		n--;
	}
	while (i < n && name[i] && is_same(word[i], name[i]))
		i++;
	return name[i] == '*' || (!name[i] && (i == n || strchr("=\"", word[i])));
}

static bool is_among(const char *word, size_t n, const char *const *names, size_t n_names)
{
	for (size_t i = 0; i < n_names; i++)
		if (has_name(word, n, names[i]))
			return true;
	return false;
}

static int add_named(struct line *line, const char *running, const char *const *names,
		     size_t n_names)
{
	for (const char *at = running; *at;) {
		size_t n = word_length(at);
		int r = 0;

		if (n == 2 && memcmp(at, "--", n) == 0)
			break; /* from here on it is init's */
		if (n > 0 && is_among(at, n, names, n_names))
			r = add(line, at, n);
		if (r < 0)
			return r;
		at += n + (at[n] != '\0');
	}
	return 0;
}

int middle_command_line(const char *running, const char *append, char *ret, size_t size)
{
	struct line line = { .text = ret, .size = size };
	int r = add_named(&line, running, consoles, array_size(consoles));

	if (r == 0)
		r = add(&line, always, strlen(always));
	if (r == 0)
		r = add_named(&line, running, hardware, array_size(hardware));
	if (r == 0 && append && *append)
		r = add(&line, append, strlen(append));
	return r;
}
