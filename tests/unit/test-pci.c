// SPDX-License-Identifier: GPL-2.0-or-later
#include "initramfs/inventory/pci.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "fake-machine.h"
#include "fake-root.h"
#include "unit.h"

static struct pci pci;

static const struct pci_function *read_function(const char *address)
{
	ck_assert_int_eq(pci_read(fake_root(), &pci), 0);
	for (size_t i = 0; i < pci.n; i++)
		if (strcmp(pci.function[i].address, address) == 0)
			return &pci.function[i];
	ck_abort_msg("no function %s", address);
}

/* A USB serial adapter on a controller below a bridge, and a modem beside. */
static void machine_below_a_bridge(void)
{
	machine_start();
	machine_pci(.address = "0000:00:1c.0", .class = 0x060400, .driver = "pcieport",
		    .has_header_of_bridge = true);
	machine_pci(.address = "0000:01:00.0", .below = "0000:00:1c.0", .class = 0x0c0330,
		    .driver = "xhci_hcd", .is_bus_master = true);
	machine_pci(.address = "0000:00:16.3", .class = 0x070002, .driver = "serial");
}

START_TEST(reads_what_config_space_and_sysfs_say)
{
	const struct pci_function *f;

	machine_below_a_bridge();
	f = read_function("0000:01:00.0");
	ck_assert_uint_eq(f->vendor, 0x8086);
	ck_assert_uint_eq(f->device, 0x10d3);
	ck_assert_uint_eq(f->class, PCI_CLASS_USB);
	ck_assert_str_eq(f->driver, "xhci_hcd");
	ck_assert_uint_eq(f->depth, 2);
	ck_assert(f->is_bus_master && f->is_readable);
	ck_assert(!f->is_bridge && !f->has_children && !f->is_virtual && !f->is_console);
	f = read_function("0000:00:1c.0");
	ck_assert(f->is_bridge && f->has_children);
	ck_assert_uint_eq(f->depth, 1);
	ck_assert_str_eq(read_function("0000:00:16.3")->driver, "serial");
}
END_TEST

START_TEST(marks_all_that_carries_a_console)
{
	machine_below_a_bridge();
	machine_console("ttyUSB0", "0000:01:00.0");
	ck_assert(read_function("0000:01:00.0")->is_console);
	ck_assert(read_function("0000:00:1c.0")->is_console);
	ck_assert(!read_function("0000:00:16.3")->is_console);
	ck_assert(!pci.has_virtio_console);
}
END_TEST

/* A serial port that is there and no console of the kernel is like any other device. */
START_TEST(marks_no_tty_that_is_no_console)
{
	machine_below_a_bridge();
	machine_console("ttyS4", "0000:00:16.3");
	fake_file("tty0                 -WU (E  p  )    4:7\n", "/proc/consoles");
	ck_assert(!read_function("0000:00:16.3")->is_console);
}
END_TEST

START_TEST(marks_every_console_of_several)
{
	machine_below_a_bridge();
	fake_file("tty0                 -WU (E  p  )    4:7\n", "/proc/consoles");
	machine_console("ttyS4", "0000:00:16.3");
	fake_append("/proc/consoles", "hvc0                 -W- (E  p  )  229:0\n");
	ck_assert(read_function("0000:00:16.3")->is_console);
	ck_assert(pci.has_virtio_console);
}
END_TEST

START_TEST(takes_a_machine_without_consoles)
{
	machine_below_a_bridge();
	ck_assert(!read_function("0000:00:16.3")->is_console);
	fake_file("", "/proc/consoles");
	ck_assert(!read_function("0000:00:16.3")->is_console);
}
END_TEST

START_TEST(knows_a_virtual_function)
{
	machine_below_a_bridge();
	machine_pci(.address = "0000:01:10.0", .class = 0x020000, .driver = "igbvf",
		    .physical = "0000:01:00.0");
	ck_assert(read_function("0000:01:10.0")->is_virtual);
	ck_assert(!read_function("0000:01:00.0")->is_virtual);
}
END_TEST

START_TEST(sees_that_a_device_fell_off_its_bus)
{
	const struct pci_function *f;

	machine_start();
	machine_pci(.address = "0000:00:03.0", .class = 0x020000, .is_gone = true,
		    .is_bus_master = true);
	f = read_function("0000:00:03.0");
	ck_assert(!f->is_readable && !f->is_bus_master);
	ck_assert_int_eq(pci_read_bus_master(fake_root(), "0000:00:03.0"), -ENODEV);
	ck_assert_int_eq(pci_read_bus_master(fake_root(), "0000:00:09.0"), -ENOENT);
}
END_TEST

START_TEST(passes_over_a_config_space_cut_short)
{
	machine_below_a_bridge();
	fake_bytes("\x86\x80\xd3\x10\x07", 5,
		   "/sys/devices/pci0000:00/0000:00:16.3/config");
	ck_assert(!read_function("0000:00:16.3")->is_readable);
	ck_assert_int_eq(pci_read_bus_master(fake_root(), "0000:00:16.3"), -EIO);
}
END_TEST

START_TEST(passes_over_what_goes_while_it_looks)
{
	machine_below_a_bridge();
	fake_symlink("../../../devices/gone", "/sys/bus/pci/devices/0000:00:05.0");
	ck_assert_int_eq(pci_read(fake_root(), &pci), 0);
	ck_assert_uint_eq(pci.n, 3);
}
END_TEST

START_TEST(finds_nothing_on_a_machine_without_pci)
{
	machine_start();
	ck_assert_int_eq(pci_read(fake_root(), &pci), 0);
	ck_assert_uint_eq(pci.n, 0);
}
END_TEST

START_TEST(says_that_there_are_more_than_fit)
{
	char address[32];

	machine_start();
	for (unsigned int i = 0; i <= PCI_MAX; i++) {
		(void)snprintf(address, sizeof(address), "0000:%02x:%02x.%u", i >> 8,
			       i >> 3 & 0x1f, i & 7);
		fake_file("0x1\n", "/sys/bus/pci/devices/%s-%u/vendor", address, i);
		fake_file("0x1\n", "/sys/bus/pci/devices/%s-%u/device", address, i);
		fake_file("0x1\n", "/sys/bus/pci/devices/%s-%u/class", address, i);
	}
	ck_assert_int_eq(pci_read(fake_root(), &pci), 0);
	ck_assert_uint_eq(pci.n, PCI_MAX);
	ck_assert(pci.has_more);
}
END_TEST

UNIT_MAIN("pci", reads_what_config_space_and_sysfs_say, marks_all_that_carries_a_console,
	  marks_no_tty_that_is_no_console, marks_every_console_of_several,
	  takes_a_machine_without_consoles, knows_a_virtual_function,
	  sees_that_a_device_fell_off_its_bus, passes_over_a_config_space_cut_short,
	  passes_over_what_goes_while_it_looks, finds_nothing_on_a_machine_without_pci,
	  says_that_there_are_more_than_fit)
