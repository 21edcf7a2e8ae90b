// SPDX-License-Identifier: GPL-2.0-or-later
#include "initramfs/inventory/devices.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "fake-machine.h"
#include "fake-root.h"
#include "unit.h"

static struct devices devices;

static const struct device *read_device(const char *name)
{
	ck_assert_int_eq(devices_read(fake_root(), &devices), 0);
	for (size_t i = 0; i < devices.n; i++)
		if (strcmp(devices.device[i].name, name) == 0)
			return &devices.device[i];
	ck_abort_msg("no device %s", name);
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
	const struct device *f;

	machine_below_a_bridge();
	f = read_device("0000:01:00.0");
	ck_assert_uint_eq(f->vendor, 0x8086);
	ck_assert_uint_eq(f->device, 0x10d3);
	ck_assert_uint_eq(f->class, PCI_CLASS_USB);
	ck_assert_str_eq(f->driver, "xhci_hcd");
	ck_assert_uint_eq(f->depth, 2);
	ck_assert(f->state.is_bus_master && f->state.is_readable);
	ck_assert(!f->is_bridge && !f->has_children && !f->is_virtual && !f->is_console);
	f = read_device("0000:00:1c.0");
	ck_assert(f->is_bridge && f->has_children);
	ck_assert_uint_eq(f->depth, 1);
	ck_assert_str_eq(read_device("0000:00:16.3")->driver, "serial");
}
END_TEST

START_TEST(marks_all_that_carries_a_console)
{
	machine_below_a_bridge();
	machine_console("ttyUSB0", "0000:01:00.0");
	ck_assert(read_device("0000:01:00.0")->is_console);
	ck_assert(read_device("0000:00:1c.0")->is_console);
	ck_assert(!read_device("0000:00:16.3")->is_console);
	ck_assert(!devices.has_virtio_console);
}
END_TEST

/* A serial port that is there and no console of the kernel is like any other device. */
START_TEST(marks_no_tty_that_is_no_console)
{
	machine_below_a_bridge();
	machine_console("ttyS4", "0000:00:16.3");
	fake_file("tty0                 -WU (E  p  )    4:7\n", "/proc/consoles");
	ck_assert(!read_device("0000:00:16.3")->is_console);
}
END_TEST

START_TEST(marks_every_console_of_several)
{
	machine_below_a_bridge();
	fake_file("tty0                 -WU (E  p  )    4:7\n", "/proc/consoles");
	machine_console("ttyS4", "0000:00:16.3");
	fake_append("/proc/consoles", "hvc0                 -W- (E  p  )  229:0\n");
	ck_assert(read_device("0000:00:16.3")->is_console);
	ck_assert(devices.has_virtio_console);
}
END_TEST

START_TEST(takes_a_machine_without_consoles)
{
	machine_below_a_bridge();
	ck_assert(!read_device("0000:00:16.3")->is_console);
	fake_file("", "/proc/consoles");
	ck_assert(!read_device("0000:00:16.3")->is_console);
}
END_TEST

START_TEST(knows_a_virtual_function)
{
	machine_below_a_bridge();
	machine_pci(.address = "0000:01:10.0", .class = 0x020000, .driver = "igbvf",
		    .physical = "0000:01:00.0");
	ck_assert(read_device("0000:01:10.0")->is_virtual);
	ck_assert(!read_device("0000:01:00.0")->is_virtual);
}
END_TEST

START_TEST(sees_that_a_device_fell_off_its_bus)
{
	const struct device *f;
	struct pci_state state;

	machine_start();
	machine_pci(.address = "0000:00:03.0", .class = 0x020000, .is_gone = true,
		    .is_bus_master = true);
	f = read_device("0000:00:03.0");
	ck_assert(!f->state.is_readable && !f->state.is_bus_master);
	ck_assert_int_eq(pci_read_state(fake_root(), "0000:00:03.0", &state), -ENODEV);
	ck_assert_int_eq(pci_read_state(fake_root(), "0000:00:09.0", &state), -ENOENT);
}
END_TEST

/* Its vendor's word is all ones by the specification. */
START_TEST(does_not_take_a_virtual_function_for_gone)
{
	unsigned char config[256] = { 0xff, 0xff, 0xff, 0xff, 0x06, 0x04, 0x10 };
	struct pci_state state;

	machine_start();
	fake_bytes(config, sizeof(config), "/sys/bus/pci/devices/0000:01:10.0/config");
	ck_assert_int_eq(pci_read_state(fake_root(), "0000:01:10.0", &state), 0);
	ck_assert(state.is_readable && state.is_bus_master);
}
END_TEST

START_TEST(passes_over_a_config_space_cut_short)
{
	struct pci_state state;

	machine_below_a_bridge();
	fake_bytes("\x86\x80\xd3\x10\x07", 5,
		   "/sys/devices/pci0000:00/0000:00:16.3/config");
	ck_assert(!read_device("0000:00:16.3")->state.is_readable);
	ck_assert_int_eq(pci_read_state(fake_root(), "0000:00:16.3", &state), -EIO);
}
END_TEST

START_TEST(passes_over_what_goes_while_it_looks)
{
	machine_below_a_bridge();
	fake_symlink("../../../devices/gone", "/sys/bus/pci/devices/0000:00:05.0");
	ck_assert_int_eq(devices_read(fake_root(), &devices), 0);
	ck_assert_uint_eq(devices.n, 3);
}
END_TEST

START_TEST(finds_nothing_on_a_machine_without_pci)
{
	machine_start();
	ck_assert_int_eq(devices_read(fake_root(), &devices), 0);
	ck_assert_uint_eq(devices.n, 0);
}
END_TEST

START_TEST(says_that_there_are_more_than_fit)
{
	char address[32];

	machine_start();
	for (unsigned int i = 0; i <= DEVICES_MAX; i++) {
		(void)snprintf(address, sizeof(address), "0000:%02x:%02x.%u", i >> 8,
			       i >> 3 & 0x1f, i & 7);
		fake_file("0x1\n", "/sys/bus/pci/devices/%s-%u/vendor", address, i);
		fake_file("0x1\n", "/sys/bus/pci/devices/%s-%u/device", address, i);
		fake_file("0x1\n", "/sys/bus/pci/devices/%s-%u/class", address, i);
	}
	ck_assert_int_eq(devices_read(fake_root(), &devices), 0);
	ck_assert_uint_eq(devices.n, DEVICES_MAX);
	ck_assert(devices.has_more);
}
END_TEST

START_TEST(reads_what_the_capabilities_say)
{
	const struct device *f;

	machine_start();
	machine_pci(.address = "0000:00:03.0", .class = 0x020000, .has_msix = true);
	machine_pci(.address = "0000:00:04.0", .class = 0x020000, .has_msi = true);
	machine_pci(.address = "0000:00:05.0", .class = 0x020000, .is_pending = true);
	f = read_device("0000:00:03.0");
	ck_assert(f->state.has_msix && !f->state.has_msi && !f->state.is_pending);
	f = read_device("0000:00:04.0");
	ck_assert(!f->state.has_msix && f->state.has_msi && !f->state.is_pending);
	f = read_device("0000:00:05.0");
	ck_assert(!f->state.has_msix && !f->state.has_msi && f->state.is_pending);
}
END_TEST

/* As a device may show that is about to fail. */
START_TEST(comes_to_an_end_with_capabilities_that_go_round)
{
	unsigned char config[256] = { 0x86,	     0x80,	    0xd3,
				      0x10,	     [0x06] = 0x10, [0x34] = 0x40,
				      [0x40] = 0x09, [0x41] = 0x40 };
	struct pci_state state;

	machine_start();
	fake_bytes(config, sizeof(config), "/sys/bus/pci/devices/0000:00:03.0/config");
	ck_assert_int_eq(pci_read_state(fake_root(), "0000:00:03.0", &state), 0);
	config[0x34] = 0xfc; /* and one at the very end */
	config[0xfc] = 0x05;
	fake_bytes(config, sizeof(config), "/sys/bus/pci/devices/0000:00:03.0/config");
	ck_assert_int_eq(pci_read_state(fake_root(), "0000:00:03.0", &state), 0);
	ck_assert(!state.has_msi);
}
END_TEST

START_TEST(knows_the_resets_that_the_kernel_offers)
{
	machine_start();
	machine_pci(.address = "0000:00:03.0", .class = 0x020000, .resets = "flr bus\n");
	machine_pci(.address = "0000:00:04.0", .class = 0x020000, .resets = "acpi\n");
	ck_assert_uint_eq(read_device("0000:00:03.0")->resets,
			  1 << PCI_RESET_FLR | 1 << PCI_RESET_BUS);
	ck_assert_uint_eq(read_device("0000:00:04.0")->resets, 0);
}
END_TEST

START_TEST(puts_what_shares_a_bridge_or_a_card_into_one_lane)
{
	machine_below_a_bridge();
	machine_pci(.address = "0000:01:00.1", .below = "0000:00:1c.0",
		    .class = 0x0c0330);
	machine_pci(.address = "0000:00:16.0", .class = 0x078000);
	machine_pci(.address = "0000:02:10.0", .class = 0x020000, .driver = "igbvf",
		    .physical = "0000:01:00.0");
	ck_assert_str_eq(read_device("0000:01:00.0")->lane, "0000:00:1c.0");
	ck_assert_str_eq(read_device("0000:01:00.1")->lane, "0000:00:1c.0");
	ck_assert_str_eq(read_device("0000:02:10.0")->lane, "0000:00:1c.0");
	ck_assert_str_eq(read_device("0000:00:16.3")->lane, "0000:00:16");
	ck_assert_str_eq(read_device("0000:00:16.0")->lane, "0000:00:16");
}
END_TEST

START_TEST(says_what_hangs_on_a_device)
{
	char text[160];

	machine_below_a_bridge();
	machine_pci(.address = "0000:00:03.0", .class = 0x010700, .driver = "mpt3sas");
	machine_occupant("block", "sda", "0000:00:03.0");
	machine_occupant("block", "sdb", "0000:00:03.0");
	machine_occupant("block", "sdb1", "0000:00:03.0");
	fake_file("1\n", "/sys/devices/pci0000:00/0000:00:03.0/block/sdb1/partition");
	machine_occupant("drm", "card0-VGA-1", "0000:00:03.0");
	machine_occupant("scsi_host", "host0", "0000:00:03.0");
	(void)device_describe(read_device("0000:00:03.0"), text, sizeof(text));
	ck_assert(strcmp(text, "storage, mpt3sas, 8086:10d3, sda sdb") == 0 ||
		  strcmp(text, "storage, mpt3sas, 8086:10d3, sdb sda") == 0);
	ck_assert_str_eq(read_device("0000:01:00.0")->holds, "");
}
END_TEST

/* sysfs does not say which of them do DMA; a disk or an interface does. */
START_TEST(finds_devices_of_other_buses_by_what_hangs_on_them)
{
	const struct device *d;

	machine_start();
	machine_other("vmbus", "f8615163-0000-1000-2000-00155d01020a", "hv_netvsc");
	machine_occupant("net", "eth0", "f8615163-0000-1000-2000-00155d01020a");
	machine_other("xen", "vbd-51712", "vbd");
	machine_occupant("block", "xvda", "vbd-51712");
	machine_other("platform", "LNRO0005:00", "virtio-mmio");
	machine_occupant("block", "vda", "LNRO0005:00");
	machine_other("platform", "rtc_cmos", "rtc_cmos");
	machine_other("platform", "iTCO_wdt", "iTCO_wdt");
	machine_occupant("watchdog", "watchdog0", "iTCO_wdt");
	d = read_device("f8615163-0000-1000-2000-00155d01020a");
	ck_assert_str_eq(d->bus, "vmbus");
	ck_assert_str_eq(d->driver, "hv_netvsc");
	ck_assert_str_eq(d->holds, "eth0");
	ck_assert_uint_eq(d->class, PCI_CLASS_ETHERNET);
	ck_assert_str_eq(read_device("vbd-51712")->bus, "xen");
	ck_assert_str_eq(read_device("LNRO0005:00")->bus, "platform");
	ck_assert_uint_eq(devices.n, 3);
}
END_TEST

START_TEST(counts_the_functions_that_a_card_lent_out)
{
	machine_start();
	machine_pci(.address = "0000:00:03.0", .class = 0x020000, .n_vfs = 7);
	machine_pci(.address = "0000:00:04.0", .class = 0x020000);
	ck_assert_uint_eq(read_device("0000:00:03.0")->n_vfs, 7);
	ck_assert_uint_eq(read_device("0000:00:04.0")->n_vfs, 0);
}
END_TEST

UNIT_MAIN("devices", reads_what_config_space_and_sysfs_say,
	  marks_all_that_carries_a_console, marks_no_tty_that_is_no_console,
	  marks_every_console_of_several, takes_a_machine_without_consoles,
	  knows_a_virtual_function, sees_that_a_device_fell_off_its_bus,
	  passes_over_a_config_space_cut_short, passes_over_what_goes_while_it_looks,
	  finds_nothing_on_a_machine_without_pci, says_that_there_are_more_than_fit,
	  reads_what_the_capabilities_say,
	  comes_to_an_end_with_capabilities_that_go_round,
	  knows_the_resets_that_the_kernel_offers,
	  puts_what_shares_a_bridge_or_a_card_into_one_lane, says_what_hangs_on_a_device,
	  finds_devices_of_other_buses_by_what_hangs_on_them,
	  counts_the_functions_that_a_card_lent_out,
	  does_not_take_a_virtual_function_for_gone)
