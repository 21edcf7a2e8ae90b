// SPDX-License-Identifier: GPL-2.0-or-later

/* What the tool knows of the machine beside the plan: what to skip, what to say. */

#include "pivot/hardware.h"

#include <errno.h>
#include <string.h>

#include "fake-machine.h"
#include "fake-output.h"
#include "fake-root.h"
#include "initramfs/plan.h"
#include "unit.h"

static struct hardware hardware;
static struct handover wishes;
static const char *said;

static void begin(void)
{
	machine_start();
	wishes = handover_default();
}

static void read_machine(void)
{
	ck_assert_int_eq(hardware_read(fake_root(), &hardware), 0);
	hardware_advise(&hardware, &wishes);
}

static int skip(const char *name)
{
	int r;

	output_catch();
	r = hardware_skip(&hardware, name, &wishes.rules);
	said = output_caught();
	return r;
}

START_TEST(skips_a_device_by_either_name)
{
	begin();
	machine_pci(.address = "0000:00:03.0", .class = 0x020000, .driver = "e1000");
	read_machine();
	ck_assert_int_eq(skip("0000:00:03.0"), 0);
	ck_assert_int_eq(skip("00:03.0"), 0);
	ck_assert_uint_eq(wishes.rules.n, 2);
	ck_assert_str_eq(wishes.rules.rule[0], "device:0000:00:03.0=keep");
	ck_assert_str_eq(wishes.rules.rule[1], "device:0000:00:03.0=keep");
}
END_TEST

START_TEST(skips_the_devices_of_a_driver)
{
	begin();
	machine_pci(.address = "0000:00:03.0", .class = 0x020000, .driver = "e1000");
	read_machine();
	ck_assert_int_eq(skip("e1000"), 0);
	ck_assert_str_eq(wishes.rules.rule[0], "driver:e1000=keep");
}
END_TEST

/* A slip of the pen must not end in a device that was to be skipped and was not. */
START_TEST(refuses_to_skip_what_is_not_there)
{
	begin();
	machine_pci(.address = "0000:00:03.0", .class = 0x020000, .driver = "e1000");
	read_machine();
	ck_assert_int_eq(skip("e1000e"), -EINVAL);
	ck_assert_str_eq(
		said,
		"pivot-kexec: --skip: there is no device and no driver in use named "
		"'e1000e': see 'pivot-kexec plan'\n");
	ck_assert_int_eq(skip("00:04.0"), -EINVAL);
	ck_assert_uint_eq(wishes.rules.n, 0);
}
END_TEST

START_TEST(appends_what_a_rule_says_once)
{
	begin();
	wishes.rules = (struct rules){ 3,
				       { "driver:a=append:x=1", "driver:b=append:y",
					 "device:00:05.0=no-append" } };
	machine_pci(.address = "0000:00:03.0", .class = 0x020000, .driver = "a");
	machine_pci(.address = "0000:00:04.0", .class = 0x020000, .driver = "a");
	machine_pci(.address = "0000:00:05.0", .class = 0x020000, .driver = "b");
	read_machine();
	ck_assert_uint_eq(hardware.n_advice, 1);
	ck_assert_str_eq(hardware.advice[0].append, "x=1");
	ck_assert_uint_eq(hardware.advice[0].n_devices, 2);
}
END_TEST

START_TEST(warns_once_of_what_is_known)
{
	begin();
	machine_pci(.address = "0000:00:03.0", .class = 0x030000, .driver = "amdgpu");
	machine_pci(.address = "0000:00:04.0", .class = 0x030000, .driver = "amdgpu");
	machine_pci(.address = "0000:00:05.0", .class = 0x020000, .driver = "e1000");
	read_machine();
	ck_assert_uint_eq(hardware.n_advice, 1);
	ck_assert_str_eq(hardware.advice[0].append, "");
	ck_assert_ptr_nonnull(strstr(hardware.advice[0].quirk->match, "amdgpu"));
	ck_assert_uint_eq(hardware.advice[0].n_devices, 2);
}
END_TEST

/* What else is known of them points to them. */
START_TEST(has_them_in_the_order_of_the_plan)
{
	static struct plan plan;

	begin();
	machine_pci(.address = "0000:00:01.0", .class = 0x060400, .driver = "pcieport",
		    .has_header_of_bridge = true);
	machine_pci(.address = "0000:00:03.0", .class = 0x030000, .driver = "amdgpu");
	machine_pci(.address = "0000:00:04.0", .class = 0x010802, .driver = "nvme");
	machine_pci(.address = "0000:01:00.0", .below = "0000:00:01.0", .class = 0x020000,
		    .driver = "e1000");
	read_machine();
	ck_assert_str_eq(hardware.devices.device[0].name, "0000:01:00.0");
	ck_assert_str_eq(hardware.advice[0].device->name, "0000:00:03.0");
	ck_assert_int_eq(plan_build(fake_root(), &hardware.devices, &hardware.machine,
				    &wishes, &plan),
			 0);
	ck_assert_str_eq(hardware.advice[0].device->name, "0000:00:03.0");
}
END_TEST

/* --- two stages --- */

START_TEST(knows_what_asks_for_two_stages)
{
	begin();
	machine_pci(.address = "0000:00:03.0", .class = 0x020000, .driver = "e1000");
	machine_pci(.address = "0000:00:04.0", .class = 0x010601, .driver = "ahci");
	read_machine();
	ck_assert_ptr_null(hardware.asks_for_two);
	ck_assert_int_eq(rules_add(&wishes.rules, "driver:ahci=two-stage"), 0);
	hardware_advise(&hardware, &wishes);
	ck_assert_str_eq(hardware.asks_for_two->name, "0000:00:04.0");
	wishes.rules.n = 0;
	hardware_advise(&hardware, &wishes);
	ck_assert_ptr_null(hardware.asks_for_two);
}
END_TEST

START_TEST(knows_what_takes_longest_to_let_go)
{
	begin();
	machine_pci(.address = "0000:00:03.0", .class = 0x020000, .driver = "e1000");
	machine_pci(.address = "0000:00:04.0", .class = 0x010400,
		    .driver = "megaraid_sas");
	machine_pci(.address = "0000:00:05.0", .class = 0x010400, .driver = "hpsa");
	read_machine();
	ck_assert_str_eq(hardware.slowest->name, "0000:00:04.0");
	ck_assert_uint_eq(hardware.slowest_ms, 185000);
	ck_assert_int_eq(rules_add(&wishes.rules, "driver:megaraid_sas=keep"), 0);
	hardware_advise(&hardware, &wishes);
	ck_assert_str_eq(hardware.slowest->name, "0000:00:05.0");
}
END_TEST

START_TEST(has_nothing_to_say_of_an_ordinary_machine)
{
	begin();
	machine_pci(.address = "0000:00:03.0", .class = 0x020000, .driver = "e1000");
	read_machine();
	ck_assert_uint_eq(hardware.n_advice, 0);
}
END_TEST

UNIT_MAIN("hardware", skips_a_device_by_either_name, skips_the_devices_of_a_driver,
	  refuses_to_skip_what_is_not_there, appends_what_a_rule_says_once,
	  warns_once_of_what_is_known, has_them_in_the_order_of_the_plan,
	  knows_what_asks_for_two_stages, knows_what_takes_longest_to_let_go,
	  has_nothing_to_say_of_an_ordinary_machine)
