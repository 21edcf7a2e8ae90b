// SPDX-License-Identifier: GPL-2.0-or-later
#include "initramfs/inventory/blocks.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "fake-machine.h"
#include "fake-root.h"
#include "unit.h"

static struct swaps swaps;
static struct blocks blocks;

static void parse(const char *text)
{
	char copy[4096];

	(void)snprintf(copy, sizeof(copy), "%s", text);
	swaps_parse(copy, &swaps);
}

START_TEST(reads_every_swap_area)
{
	parse("Filename\t\t\t\tType\t\tSize\tUsed\tPriority\n"
	      "/dev/dm-1                               partition\t8388604\t0\t-2\n"
	      "/swap\\040file                          file\t\t1048572\t0\t-3\n");
	ck_assert_uint_eq(swaps.n, 2);
	ck_assert_str_eq(swaps.path[0], "/dev/dm-1");
	ck_assert_str_eq(swaps.path[1], "/swap file");
}
END_TEST

START_TEST(finds_no_swap_in_a_heading_or_nothing)
{
	parse("Filename\tType\tSize\tUsed\tPriority\n");
	ck_assert_uint_eq(swaps.n, 0);
	parse("");
	ck_assert_uint_eq(swaps.n, 0);
	parse("\n\n");
	ck_assert_uint_eq(swaps.n, 0);
}
END_TEST

START_TEST(leaves_a_swap_path_that_does_not_fit)
{
	char text[512] = "Filename\n";

	memset(text + 9, 'x', 300);
	strcpy(text + 309, " file\n/swapfile file\n");
	parse(text);
	ck_assert_uint_eq(swaps.n, 1);
	ck_assert_str_eq(swaps.path[0], "/swapfile");
}
END_TEST

START_TEST(takes_a_kernel_without_swap)
{
	fake_root_make();
	ck_assert_int_eq(swaps_read(fake_root(), &swaps), 0);
	ck_assert_uint_eq(swaps.n, 0);
}
END_TEST

static const struct block *find(const char *device)
{
	for (size_t i = 0; i < blocks.n; i++)
		if (strcmp(blocks.block[i].device, device) == 0)
			return &blocks.block[i];
	return NULL;
}

START_TEST(finds_what_stands_on_others)
{
	machine_start();
	machine_dm("dm-0", "vg0-root\n");
	machine_md("md127", "raid1\n");
	machine_loop("loop3", "/srv/disk.img\n");
	fake_file("8\n", "/sys/block/sda/size");
	ck_assert_int_eq(blocks_read(fake_root(), &blocks), 0);
	ck_assert_uint_eq(blocks.n, 3);
	ck_assert_int_eq(find("dm-0")->kind, BLOCK_DM);
	ck_assert_str_eq(find("dm-0")->detail, "vg0-root");
	ck_assert_int_eq(find("md127")->kind, BLOCK_MD);
	ck_assert_int_eq(find("loop3")->kind, BLOCK_LOOP);
	ck_assert_str_eq(find("loop3")->detail, "/srv/disk.img");
}
END_TEST

START_TEST(leaves_loop_devices_without_a_file)
{
	machine_start();
	fake_file("0\n", "/sys/block/loop0/size");
	ck_assert_int_eq(blocks_read(fake_root(), &blocks), 0);
	ck_assert_uint_eq(blocks.n, 0);
}
END_TEST

START_TEST(takes_a_loop_whose_file_has_a_long_name)
{
	char file[400];

	machine_start();
	memset(file, 'x', sizeof(file) - 1);
	file[sizeof(file) - 1] = '\0';
	machine_loop("loop0", file);
	ck_assert_int_eq(blocks_read(fake_root(), &blocks), 0);
	ck_assert_uint_eq(blocks.n, 1);
	ck_assert_uint_eq(strlen(blocks.block[0].detail),
			  sizeof(blocks.block[0].detail) - 1);
}
END_TEST

START_TEST(says_that_there_are_more_blocks_than_fit)
{
	char name[16];

	machine_start();
	for (int i = 0; i <= BLOCKS_MAX; i++) {
		(void)snprintf(name, sizeof(name), "loop%d", i);
		machine_loop(name, "/file");
	}
	ck_assert_int_eq(blocks_read(fake_root(), &blocks), 0);
	ck_assert_uint_eq(blocks.n, BLOCKS_MAX);
	ck_assert(blocks.has_more);
}
END_TEST

UNIT_MAIN("blocks", reads_every_swap_area, finds_no_swap_in_a_heading_or_nothing,
	  leaves_a_swap_path_that_does_not_fit, takes_a_kernel_without_swap,
	  finds_what_stands_on_others, leaves_loop_devices_without_a_file,
	  takes_a_loop_whose_file_has_a_long_name,
	  says_that_there_are_more_blocks_than_fit)
