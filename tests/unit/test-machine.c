// SPDX-License-Identifier: GPL-2.0-or-later
#include "initramfs/inventory/machine.h"

#include <errno.h>
#include <string.h>

#include "fake-root.h"
#include "unit.h"

static struct machine machine;

static void a_poweredge(void)
{
	fake_root_make();
	fake_file("Dell Inc.\n", "/sys/class/dmi/id/sys_vendor");
	fake_file("PowerEdge R710\n", "/sys/class/dmi/id/product_name");
	fake_file("00W9X3\n", "/sys/class/dmi/id/board_name");
	fake_file("6.1.0-18-amd64\n", "/proc/sys/kernel/osrelease");
}

START_TEST(says_vendor_product_and_board)
{
	a_poweredge();
	machine_read(fake_root(), &machine);
	ck_assert_str_eq(machine.dmi, "Dell Inc. PowerEdge R710 00W9X3");
	ck_assert_uint_eq(machine.kernel, 0x060100);
}
END_TEST

START_TEST(leaves_out_what_is_missing)
{
	a_poweredge();
	fake_remove("/sys/class/dmi/id/sys_vendor");
	fake_file("\n", "/sys/class/dmi/id/product_name");
	machine_read(fake_root(), &machine);
	ck_assert_str_eq(machine.dmi, "00W9X3");
	fake_file("PowerEdge R710\n", "/sys/class/dmi/id/product_name");
	fake_remove("/sys/class/dmi/id/board_name");
	machine_read(fake_root(), &machine);
	ck_assert_str_eq(machine.dmi, "PowerEdge R710");
}
END_TEST

START_TEST(is_empty_on_a_machine_without_dmi)
{
	fake_root_make();
	memset(&machine, 'x', sizeof(machine));
	machine_read(fake_root(), &machine);
	ck_assert_str_eq(machine.dmi, "");
	ck_assert_uint_eq(machine.kernel, 0);
}
END_TEST

START_TEST(cuts_a_name_that_is_too_long)
{
	char text[300];

	a_poweredge();
	memset(text, 'p', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	fake_file(text, "/sys/class/dmi/id/product_name");
	machine_read(fake_root(), &machine);
	ck_assert_uint_eq(strlen(machine.dmi), sizeof(machine.dmi) - 1);
	ck_assert(strncmp(machine.dmi, "Dell Inc. ppp", 13) == 0);
	/* just as long as there is room for, and then one more */
	for (size_t n = sizeof(machine.dmi) - 14; n < sizeof(machine.dmi) - 8; n++) {
		text[n] = '\0';
		fake_file(text, "/sys/class/dmi/id/product_name");
		machine_read(fake_root(), &machine);
		ck_assert(memchr(machine.dmi, '\0', sizeof(machine.dmi)));
		text[n] = 'p';
	}
}
END_TEST

static unsigned int parse(const char *release)
{
	unsigned int kernel = 12345;
	int r = machine_parse_kernel(release, &kernel);

	ck_assert(r == 0 || (r == -EINVAL && kernel == 12345));
	return r == 0 ? kernel : 0;
}

START_TEST(knows_kernels_by_number)
{
	ck_assert_uint_eq(parse("5.14"), 0x050e00);
	ck_assert_uint_eq(parse("6.1.192-amd64"), 0x0601c0);
	ck_assert_uint_eq(parse("6.12-rc1"), 0x060c00);
	ck_assert_uint_eq(parse("6.12.117+deb12-amd64"), 0x060c75);
	ck_assert_uint_eq(parse("4.19.325"), 0x0413ff);
	ck_assert_uint_eq(parse("4294967297.99999999999999999999.1"), 0xffff01);
	ck_assert_uint_eq(parse("1000000000000000000000000000000000000000000.1"),
			  0xff0100);
	ck_assert(parse("6.1.255") < parse("6.2"));
	ck_assert(parse("6.9.12") < parse("6.16"));
}
END_TEST

START_TEST(takes_nothing_else_for_a_kernel)
{
	static const char *const texts[] = { "",     "6",    "6.",   ".1",
					     "v6.1", " 6.1", "6. 1", "6..1",
					     "-1.2", "6,1",  "Linux" };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		ck_assert_uint_eq(parse(texts[i]), 0);
}
END_TEST

UNIT_MAIN("machine", says_vendor_product_and_board, leaves_out_what_is_missing,
	  is_empty_on_a_machine_without_dmi, cuts_a_name_that_is_too_long,
	  knows_kernels_by_number, takes_nothing_else_for_a_kernel)
