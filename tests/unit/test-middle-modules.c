// SPDX-License-Identifier: GPL-2.0-or-later

/* Which modules and which firmware go along, for devices of a machine made here. */

#include "pivot/middle/modules.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fake-machine.h"
#include "fake-modules.h"
#include "fake-output.h"
#include "fake-root.h"
#include "pivot/base/macros.h"
#include "pivot/middle/contents.h"
#include "unit.h"

#define IN_TREE "intree=Y\0"

static struct hardware hardware;
static struct handover wishes;
static struct middle_kernel kernel;
static struct middle_modules found;
static char folder[PATH_MAX];
static const char *said;

static void begin(void)
{
	machine_start();
	wishes = handover_default();
	(void)snprintf(folder, sizeof(folder), "%s" MODULES_FOLDER, fake_root());
	kernel = (struct middle_kernel){ .fd = -1, .modules = folder };
	strcpy(kernel.release, MODULES_RELEASE);
}

/* A network card that is claimed by "pci:ALIAS", and the module of its driver. */
static void nic(const char *address, const char *alias, const char *driver)
{
	char text[64], target[PATH_MAX];

	machine_pci(.address = address, .class = 0x020000, .driver = driver,
		    .is_bus_master = true);
	(void)snprintf(text, sizeof(text), "pci:%s\n", alias);
	fake_file(text, "/sys/bus/pci/devices/%s/modalias", address);
	if (!driver || fake_exists("/sys/bus/pci/drivers/%s/module", driver))
		return;
	fake_file("1\n", "/sys/module/%s/refcnt", driver);
	(void)snprintf(target, sizeof(target), "../../../../module/%s", driver);
	fake_symlink(target, "/sys/bus/pci/drivers/%s/module", driver);
}

static int look_up(void)
{
	int r;

	ck_assert_int_eq(hardware_read(fake_root(), &hardware), 0);
	output_catch();
	r = middle_modules_read(fake_root(), &kernel, &hardware, &wishes, &found);
	said = output_caught();
	return r;
}

/* "a b": the names in their order. */
static const char *modules(void)
{
	static char text[1024];

	fake_depmod();
	ck_assert_int_eq(look_up(), 0);
	ck_assert_str_eq(said, "");
	text[0] = '\0';
	for (size_t i = 0; i < found.n; i++)
		strcat(strcat(text, i > 0 ? " " : ""), found.module[i].name);
	return text;
}

/* The same of the firmware. */
static const char *firmware(void)
{
	static char text[1024];

	(void)modules();
	text[0] = '\0';
	for (size_t i = 0; i < found.n_firmware; i++)
		strcat(strcat(text, i > 0 ? " " : ""), found.firmware[i].name);
	return text;
}

static void device_is(const char *name, enum middle_driver driver, const char *names)
{
	for (size_t i = 0; i < found.n_devices; i++) {
		if (strcmp(found.device[i].device->name, name) != 0)
			continue;
		ck_assert_int_eq(found.device[i].driver, driver);
		ck_assert_str_eq(found.device[i].names, names);
		return;
	}
	ck_abort_msg("'%s' is not among them", name);
}

START_TEST(carries_what_drives_a_device_behind_what_that_needs)
{
	const struct fake_module driver = { .info = "alias=pci:e1000*\0" IN_TREE,
					    .needs = "ptp_go" };
	const void *bytes;
	size_t n;

	begin();
	nic("0000:00:03.0", "e1000v1", "e1000");
	fake_module("kernel/net/e1000.ko", .info = driver.info, .needs = driver.needs);
	fake_module("kernel/ptp.ko", .exports = "ptp_go", .needs = "pps_go");
	fake_module("kernel/pps-core.ko", .exports = "pps_go", .info = IN_TREE);
	fake_module("kernel/other.ko", .info = "alias=pci:other*\0");
	ck_assert_str_eq(modules(), "pps_core ptp e1000");
	device_is("0000:00:03.0", MIDDLE_MODULE, "e1000");
	bytes = fake_module_bytes(&driver, &n);
	ck_assert_str_eq(found.module[0].path, "kernel/pps-core.ko");
	ck_assert_str_eq(found.module[2].path, "kernel/net/e1000.ko");
	ck_assert_str_eq(found.module[2].options, "");
	ck_assert_uint_eq(found.module[2].size, n);
	ck_assert_mem_eq(found.module[2].data, bytes, n);
	ck_assert(!found.module[0].is_out_of_tree);
	ck_assert(found.module[1].is_out_of_tree);
	ck_assert_uint_eq(found.module_bytes,
			  found.module[0].size + found.module[1].size + n);
	middle_modules_done(&found);
}
END_TEST

START_TEST(carries_nothing_for_what_is_kept_or_at_rest)
{
	begin();
	nic("0000:00:03.0", "a", "bochs");
	nic("0000:00:04.0", "a", "e1000");
	nic("0000:00:05.0", "a", NULL);
	fake_file("0x030000\n", "/sys/bus/pci/devices/0000:00:03.0/class");
	/* a config space in which nothing is set */
	machine_pci(.address = "0000:00:06.0", .class = 0x020000);
	fake_file("pci:a\n", "/sys/bus/pci/devices/0000:00:06.0/modalias");
	ck_assert_int_eq(rules_add(&wishes.rules, "driver:e1000=keep"), 0);
	fake_module("kernel/a.ko", .info = "alias=pci:a\0" IN_TREE);
	ck_assert_str_eq(modules(), "a");
	ck_assert_uint_eq(found.n_devices, 1);
	device_is("0000:00:05.0", MIDDLE_MODULE, "a");
	middle_modules_done(&found);
}
END_TEST

START_TEST(loads_soft_dependencies_before_and_behind)
{
	begin();
	nic("0000:00:03.0", "a", NULL);
	fake_module("kernel/a.ko",
		    .info = "alias=pci:a\0softdep=pre: b gone post: c\0" IN_TREE);
	fake_module("kernel/b.ko", .info = "softdep=post: a\0", .needs = "d_go");
	fake_module("kernel/c.ko", .info = "softdep=pre: a c\0");
	fake_module("kernel/d.ko", .exports = "d_go");
	ck_assert_str_eq(modules(), "d b a c");
	middle_modules_done(&found);
}
END_TEST

START_TEST(takes_compression_off)
{
	const struct fake_module module = { .info = "alias=pci:a\0firmware=f\0" IN_TREE };
	const void *bytes;
	size_t n;

	begin();
	nic("0000:00:03.0", "a", NULL);
	fake_module("kernel/x.ko.xz", .info = module.info);
	fake_module("kernel/y.ko.zst", .info = module.info);
	fake_file("f", "/lib/firmware/f");
	ck_assert_str_eq(modules(), "x y");
	bytes = fake_module_bytes(&module, &n);
	for (size_t i = 0; i < found.n; i++) {
		ck_assert_uint_eq(found.module[i].size, n);
		ck_assert_mem_eq(found.module[i].data, bytes, n);
	}
	ck_assert_str_eq(found.module[0].path, "kernel/x.ko");
	ck_assert_str_eq(found.module[1].path, "kernel/y.ko");
	ck_assert_uint_eq(found.n_firmware, 1);
	middle_modules_done(&found);
}
END_TEST

/* Alpine's; Debian's depmod cannot read them. */
START_TEST(takes_every_compression_of_modules_off)
{
	static const char *const endings[] = { ".gz", ".xz", ".zst" };
	char path[PATH_MAX], name[16];
	struct contents contents;

	begin();
	for (size_t i = 0; i < array_size(endings); i++) {
		(void)snprintf(name, sizeof(name), "/f%s", endings[i]);
		(void)snprintf(path, sizeof(path), "%s%s", fake_root(), name);
		fake_packed(folder, sizeof(folder), name);
		ck_assert_int_eq(
			contents_read(path, endings[i], sizeof(folder), &contents), 0);
		ck_assert_uint_eq(contents.size, sizeof(folder));
		ck_assert_mem_eq(contents.data, folder, sizeof(folder));
		free(contents.data);
		ck_assert_int_eq(
			contents_read(path, endings[i], sizeof(folder) - 1, &contents),
			-EFBIG);
		ck_assert_int_eq(contents_read(path, endings[(i + 1) % 3], 8, &contents),
				 -EBADMSG);
	}
}
END_TEST

START_TEST(says_which_module_is_damaged)
{
	begin();
	nic("0000:00:03.0", "a", NULL);
	fake_module("kernel/a.ko.xz", .info = "alias=pci:a\0");
	fake_depmod();
	fake_file("no xz", MODULES_FOLDER "/kernel/a.ko.xz");
	ck_assert_int_lt(look_up(), 0);
	ck_assert_ptr_nonnull(strstr(said, "cannot read the module '"));
	ck_assert_ptr_nonnull(strstr(said, "/kernel/a.ko.xz'"));
	middle_modules_done(&found);
	fake_remove(MODULES_FOLDER "/kernel/a.ko.xz");
	ck_assert_int_eq(look_up(), -ENOENT);
	middle_modules_done(&found);
}
END_TEST

START_TEST(says_that_an_index_is_missing)
{
	begin();
	nic("0000:00:03.0", "a", NULL);
	fake_depmod();
	fake_remove(MODULES_FOLDER "/modules.alias.bin");
	ck_assert_int_lt(look_up(), 0);
	ck_assert_ptr_nonnull(strstr(said, "depmod " MODULES_RELEASE));
	middle_modules_done(&found);
}
END_TEST

START_TEST(drives_what_is_below_a_transport)
{
	begin();
	nic("0000:00:03.0", "virtio", "virtio-pci");
	fake_file("virtio:d1\n", "/sys/bus/pci/devices/0000:00:03.0/virtio0/modalias");
	fake_symlink("../../../devices/pci0000:00/0000:00:03.0/virtio0",
		     "/sys/bus/virtio/devices/virtio0");
	fake_file("usb:x\n", "/sys/bus/pci/devices/0000:00:03.0/usb1/modalias");
	fake_module("kernel/virtio-pci.ko", .info = "alias=pci:virtio\0");
	fake_module("kernel/virtio_net.ko", .info = "alias=virtio:d1\0");
	fake_module("kernel/usb.ko", .info = "alias=usb:x\0");
	ck_assert_str_eq(modules(), "virtio_pci virtio_net");
	device_is("0000:00:03.0", MIDDLE_MODULE, "virtio_pci virtio_net");
	middle_modules_done(&found);
}
END_TEST

START_TEST(drives_what_a_device_would_not_be_there_without)
{
	begin();
	machine_pci(.address = "0000:00:0e.0", .class = 0x010400, .driver = "vmd");
	machine_pci(.address = "0000:00:1c.0", .class = 0x060400, .driver = "shpchp",
		    .below = "0000:00:0e.0", .has_header_of_bridge = true);
	machine_pci(.address = "0000:01:00.0", .class = 0x010802, .driver = "nvme",
		    .below = "0000:00:1c.0", .is_bus_master = true);
	fake_directory("/sys/bus/pci/devices/0000:00:0e.0/pci10000:e0");
	fake_file("pci:vmd\n", "/sys/bus/pci/devices/0000:00:0e.0/modalias");
	fake_file("pci:bridge\n", "/sys/bus/pci/devices/0000:00:1c.0/modalias");
	fake_file("pci:nvme\n", "/sys/bus/pci/devices/0000:01:00.0/modalias");
	fake_module("kernel/vmd.ko", .info = "alias=pci:vmd\0");
	fake_module("kernel/shpchp.ko", .info = "alias=pci:bridge\0");
	fake_module("kernel/nvme.ko", .info = "alias=pci:nvme\0");
	ck_assert_str_eq(modules(), "vmd nvme");
	ck_assert_uint_eq(found.n_devices, 1);
	device_is("0000:01:00.0", MIDDLE_MODULE, "nvme");
	middle_modules_done(&found);
}
END_TEST

START_TEST(drives_devices_of_other_buses)
{
	begin();
	machine_other("vmbus", "f8615163-aaaa", "hv_netvsc");
	machine_occupant("net", "eth0", "f8615163-aaaa");
	fake_remove("/sys/class/net");
	fake_symlink("../../devices/vmbus/f8615163-aaaa/net/eth0", "/sys/class/net/eth0");
	fake_file("vmbus:63\n", "/sys/devices/vmbus/f8615163-aaaa/modalias");
	fake_module("kernel/hv_netvsc.ko", .info = "alias=vmbus:63\0");
	ck_assert_str_eq(modules(), "hv_netvsc");
	device_is("f8615163-aaaa", MIDDLE_MODULE, "hv_netvsc");
	middle_modules_done(&found);
}
END_TEST

START_TEST(takes_the_driver_that_is_bound_alone)
{
	begin();
	nic("0000:00:03.0", "a", "b");
	fake_module("kernel/a.ko", .info = "alias=pci:a\0");
	fake_module("kernel/b.ko", .info = "alias=pci:a\0");
	fake_file("blacklist b\n", "/etc/modprobe.d/b.conf");
	ck_assert_str_eq(modules(), "b");
	middle_modules_done(&found);
}
END_TEST

START_TEST(takes_all_that_claim_a_device_where_another_has_it)
{
	begin();
	nic("0000:00:03.0", "a", "vfio-pci");
	fake_module("kernel/a.ko", .info = "alias=pci:a\0");
	fake_module("kernel/b.ko", .info = "alias=pci:?\0alias=pci:*\0");
	fake_module("kernel/vfio-pci.ko", .info = "alias=vfio_pci:*\0");
	ck_assert_str_eq(modules(), "a b");
	device_is("0000:00:03.0", MIDDLE_MODULE, "a b");
	middle_modules_done(&found);
}
END_TEST

START_TEST(obeys_the_blacklist_below_the_root)
{
	begin();
	nic("0000:00:03.0", "a", NULL);
	nic("0000:00:04.0", "b", NULL);
	fake_module("kernel/a1.ko", .info = "alias=pci:a\0");
	fake_module("kernel/a2.ko", .info = "alias=pci:a\0");
	fake_module("kernel/a3.ko", .info = "alias=pci:a\0");
	fake_module("kernel/b.ko", .info = "alias=pci:b\0");
	fake_file("blacklist a1\nblacklist b\n", "/usr/lib/modprobe.d/x.conf");
	fake_file("install a2 /bin/false\n", "/run/modprobe.d/y.conf");
	ck_assert_str_eq(modules(), "a3");
	device_is("0000:00:03.0", MIDDLE_MODULE, "a3");
	device_is("0000:00:04.0", MIDDLE_BLACKLISTED, "b");
	middle_modules_done(&found);
}
END_TEST

START_TEST(hands_on_what_modprobe_gives_a_module)
{
	begin();
	nic("0000:00:03.0", "a", NULL);
	fake_module("kernel/a.ko", .info = "alias=pci:a\0");
	fake_file("options a x=1 y=\"2 3\"\n", "/etc/modprobe.d/a.conf");
	ck_assert_str_eq(modules(), "a");
	ck_assert_str_eq(found.module[0].options, "x=1 y=\"2 3\"");
	middle_modules_done(&found);
}
END_TEST

START_TEST(knows_what_is_built_in)
{
	static const char info[] = "ahci.alias=pci:a*\0ahci.license=GPL";

	begin();
	nic("0000:00:03.0", "a1", "ahci");
	nic("0000:00:04.0", "a2", NULL);
	nic("0000:00:05.0", "z", "ahci");
	fake_module("kernel/generic.ko", .info = "alias=pci:a1\0");
	fake_built_in("kernel/ahci.ko", info, sizeof(info));
	ck_assert_str_eq(modules(), "");
	device_is("0000:00:03.0", MIDDLE_BUILT_IN, "ahci");
	device_is("0000:00:04.0", MIDDLE_BUILT_IN, "ahci");
	device_is("0000:00:05.0", MIDDLE_NONE, "");
	middle_modules_done(&found);
}
END_TEST

START_TEST(carries_a_module_once_and_in_the_order_of_devices)
{
	begin();
	nic("0000:00:05.0", "b", NULL);
	nic("0000:00:04.0", "a", NULL);
	nic("0000:00:03.0", "b", NULL);
	fake_module("kernel/a.ko", .info = "alias=pci:a\0", .needs = "c_go");
	fake_module("kernel/b.ko", .info = "alias=pci:b\0", .needs = "c_go");
	fake_module("kernel/c.ko", .exports = "c_go");
	ck_assert_str_eq(modules(), "c b a");
	ck_assert_str_eq(found.device[0].device->name, "0000:00:03.0");
	ck_assert_str_eq(found.device[1].device->name, "0000:00:04.0");
	ck_assert_str_eq(found.device[2].device->name, "0000:00:05.0");
	middle_modules_done(&found);
}
END_TEST

START_TEST(finds_nothing_in_a_kernel_without_modules)
{
	begin();
	nic("0000:00:03.0", "a", "e1000");
	kernel.modules = NULL;
	ck_assert_int_eq(look_up(), 0);
	ck_assert_uint_eq(found.n, 0);
	device_is("0000:00:03.0", MIDDLE_NONE, "");
	middle_modules_done(&found);
	fake_remove("/sys/bus/pci");
	ck_assert_int_eq(look_up(), 0);
	ck_assert_uint_eq(found.n_devices, 0);
	middle_modules_done(&found);
}
END_TEST

/* A module that asks for these, "firmware=x\0". */
static void asks_for(const char *info)
{
	begin();
	nic("0000:00:03.0", "a", NULL);
	fake_module("kernel/a.ko", .info = info);
}

START_TEST(takes_firmware_where_the_kernel_would)
{
	asks_for("alias=pci:a\0firmware=x/1\0firmware=x/2\0firmware=3\0firmware=4\0"
		 "firmware=gone\0firmware=/etc/passwd\0firmware=../../etc/passwd\0");
	fake_file("1", "/lib/firmware/x/1");
	fake_file("updated", "/lib/firmware/updates/x/1");
	fake_packed("worse", 5, "/lib/firmware/updates/x/2.zst");
	fake_file("2", "/lib/firmware/x/2");
	fake_packed("three", 5, "/lib/firmware/" MODULES_RELEASE "/3.xz");
	fake_packed("gz", 2, "/lib/firmware/4.gz");
	fake_file("/own/firmware\n", "/sys/module/firmware_class/parameters/path");
	fake_packed("four", 4, "/own/firmware/4.zst");
	fake_file("root", "/etc/passwd");
	ck_assert_str_eq(firmware(), "x/1 x/2 3 4");
	ck_assert_uint_eq(found.firmware[0].size, 7);
	ck_assert_mem_eq(found.firmware[0].data, "updated", 7);
	ck_assert_uint_eq(found.firmware[1].size, 1);
	ck_assert_mem_eq(found.firmware[1].data, "2", 1);
	ck_assert_mem_eq(found.firmware[2].data, "three", 5);
	ck_assert_mem_eq(found.firmware[3].data, "four", 4);
	ck_assert_uint_eq(found.firmware_bytes, 17);
	middle_modules_done(&found);
}
END_TEST

START_TEST(takes_firmware_by_pattern)
{
	asks_for("alias=pci:a\0firmware=b/43*.bin\0firmware=c/*\0firmware=b/431.bin\0");
	fake_file("2", "/lib/firmware/b/432.bin");
	fake_file("1", "/lib/firmware/b/431.bin");
	fake_file("x", "/lib/firmware/b/44.bin");
	fake_packed("3", 1, "/lib/firmware/b/433.bin.xz");
	fake_packed("c", 1, "/lib/firmware/c/c.zst");
	fake_directory("/lib/firmware/c/d");
	ck_assert_str_eq(firmware(), "b/431.bin b/432.bin b/433.bin c/c");
	ck_assert_uint_eq(found.firmware_bytes, 4);
	middle_modules_done(&found);
}
END_TEST

START_TEST(leaves_firmware_packed_that_is_packed_for_its_device)
{
	char *text;

	asks_for("alias=pci:a\0firmware=x.gz\0");
	fake_packed("inside", 6, "/lib/firmware/x.gz");
	ck_assert_str_eq(firmware(), "x.gz");
	text = fake_text("/lib/firmware/x.gz");
	ck_assert_mem_eq(found.firmware[0].data, text, 2);
	free(text);
	middle_modules_done(&found);
}
END_TEST

START_TEST(goes_on_without_firmware_that_is_damaged_or_too_much)
{
	char path[PATH_MAX];

	asks_for("alias=pci:a\0firmware=1\0firmware=2\0firmware=3\0");
	fake_file("no xz", "/lib/firmware/1.xz");
	fake_file("", "/lib/firmware/2");
	fake_file("3", "/lib/firmware/3");
	(void)snprintf(path, sizeof(path), "%s/lib/firmware/2", fake_root());
	ck_assert_int_eq(truncate(path, MIDDLE_FIRMWARE_BYTES + 1), 0);
	fake_depmod();
	ck_assert_int_eq(look_up(), 0);
	ck_assert_ptr_nonnull(strstr(said, "/lib/firmware/1.xz' is left out"));
	ck_assert_uint_eq(found.n_firmware, 1);
	ck_assert_str_eq(found.firmware[0].name, "3");
	ck_assert_uint_eq(found.n_firmware_left_out, 1);
	middle_modules_done(&found);
}
END_TEST

UNIT_MAIN("the middle kernel's modules",
	  carries_what_drives_a_device_behind_what_that_needs,
	  carries_nothing_for_what_is_kept_or_at_rest,
	  loads_soft_dependencies_before_and_behind, takes_compression_off,
	  takes_every_compression_of_modules_off, says_which_module_is_damaged,
	  says_that_an_index_is_missing, drives_what_is_below_a_transport,
	  drives_what_a_device_would_not_be_there_without, drives_devices_of_other_buses,
	  takes_the_driver_that_is_bound_alone,
	  takes_all_that_claim_a_device_where_another_has_it,
	  obeys_the_blacklist_below_the_root, hands_on_what_modprobe_gives_a_module,
	  knows_what_is_built_in, carries_a_module_once_and_in_the_order_of_devices,
	  finds_nothing_in_a_kernel_without_modules,
	  takes_firmware_where_the_kernel_would, takes_firmware_by_pattern,
	  leaves_firmware_packed_that_is_packed_for_its_device,
	  goes_on_without_firmware_that_is_damaged_or_too_much)
