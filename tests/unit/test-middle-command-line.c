// SPDX-License-Identifier: GPL-2.0-or-later

/* What the middle kernel is told of what the running one was. */

#include "pivot/middle/command-line.h"

#include <errno.h>
#include <string.h>

#include "unit.h"

static char line[512];

static const char *of(const char *running)
{
	ck_assert_int_eq(middle_command_line(running, NULL, line, sizeof(line)), 0);
	return line;
}

START_TEST(takes_nothing_of_what_is_the_systems_own)
{
	ck_assert_str_eq(of(""), "panic=10 retain_initrd");
	ck_assert_str_eq(of("BOOT_IMAGE=/vmlinuz root=/dev/sda1 ro quiet splash "
			    "init=/sbin/init resume=/dev/sda2 crashkernel=256M "
			    "rd.luks.uuid=abc systemd.unit=rescue.target loglevel=3 "
			    "net.ifnames=0 hugepages=512 memory=1 panic=5"),
			 "panic=10 retain_initrd");
}
END_TEST

START_TEST(keeps_the_consoles_in_their_order_and_in_front)
{
	ck_assert_str_eq(of("console=tty0 pci=nomsi console=ttyS0,115200n8 earlycon "
			    "earlyprintk=ttyS0 8250.nr_uarts=8"),
			 "console=tty0 console=ttyS0,115200n8 earlycon earlyprintk=ttyS0 "
			 "8250.nr_uarts=8 panic=10 retain_initrd pci=nomsi");
}
END_TEST

START_TEST(keeps_the_words_for_the_hardware_in_their_order)
{
	static const char words[] =
		"reboot=pci acpi=off acpi_osi=Linux noapic iommu=pt intel_iommu=on "
		"pcie_aspm.policy=performance tsc=reliable processor.max_cstate=1 "
		"memmap=64M$0x40000000 memmap=4G!8G mem=8G maxcpus=4 nomodeset "
		"xen_emul_unplug=never libata.force=1:noncq module_blacklist=mei_me";
	char expected[512] = "panic=10 retain_initrd ";

	ck_assert_str_eq(of(words), strcat(expected, words));
}
END_TEST

START_TEST(takes_whole_names_only)
{
	ck_assert_str_eq(of("pcix=1 reboots memmapped=1 idlest apicx=1 efivars console_x "
			    "xpci=nomsi a.pci=1"),
			 "panic=10 retain_initrd");
}
END_TEST

START_TEST(takes_dash_and_underscore_for_the_same_as_the_kernel_does)
{
	ck_assert_str_eq(of("pcie-aspm=off no_kvmclock"),
			 "panic=10 retain_initrd pcie-aspm=off no_kvmclock");
}
END_TEST

START_TEST(takes_quotes_as_the_kernel_does)
{
	ck_assert_str_eq(of("dyndbg=\"file a.c +p pci=nomsi\" acpi_osi=\"Windows 2015\" "
			    "\"acpi_osi=!Windows 2012\" x=\" pci=off"),
			 "panic=10 retain_initrd acpi_osi=\"Windows 2015\" "
			 "\"acpi_osi=!Windows 2012\"");
}
END_TEST

START_TEST(stops_where_inits_own_begin)
{
	ck_assert_str_eq(of("pci=nomsi -- pci=off console=tty0"),
			 "panic=10 retain_initrd pci=nomsi");
	ck_assert_str_eq(of("--x\tpci=nomsi\n"), "panic=10 retain_initrd pci=nomsi");
}
END_TEST

START_TEST(puts_what_is_added_at_the_end)
{
	ck_assert_int_eq(middle_command_line("acpi=off console=tty0", "panic=1 a=\"b c\"",
					     line, sizeof(line)),
			 0);
	ck_assert_str_eq(line, "console=tty0 panic=10 retain_initrd acpi=off panic=1 "
			       "a=\"b c\"");
	ck_assert_int_eq(middle_command_line("", "", line, sizeof(line)), 0);
	ck_assert_str_eq(line, "panic=10 retain_initrd");
}
END_TEST

START_TEST(says_where_it_does_not_fit)
{
	static const char all[] = "panic=10 retain_initrd pci=nomsi a";

	ck_assert_int_eq(middle_command_line("pci=nomsi", "a", line, sizeof(all)), 0);
	ck_assert_str_eq(line, all);
	for (size_t size = 0; size < sizeof(all); size++)
		ck_assert_int_eq(middle_command_line("pci=nomsi", "a", line, size),
				 -E2BIG);
}
END_TEST

UNIT_MAIN("the middle kernel's command line", takes_nothing_of_what_is_the_systems_own,
	  keeps_the_consoles_in_their_order_and_in_front,
	  keeps_the_words_for_the_hardware_in_their_order, takes_whole_names_only,
	  takes_dash_and_underscore_for_the_same_as_the_kernel_does,
	  takes_quotes_as_the_kernel_does, stops_where_inits_own_begin,
	  puts_what_is_added_at_the_end, says_where_it_does_not_fit)
