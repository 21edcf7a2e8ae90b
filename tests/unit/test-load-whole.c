// SPDX-License-Identifier: GPL-2.0-or-later

/* kexec_load(2) of everything: the running kernel puts it in its place. */

#include "pivot/kexec/load.h"

#include <asm/bootparam.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fake-acts.h"
#include "fake-bzimage.h"
#include "fake-machine.h"
#include "fake-ram.h"
#include "fake-root.h"
#include "pivot/kexec/boot-params.h"
#include "pivot/kexec/moves.h"
#include "pivot/kexec/purgatory/moves.h"
#include "unit.h"

enum {
	SETUP = BZIMAGE_SETUP_BYTES,
	BODY = 5 * RAM_PAGE + 16,
	INITRD = 600 * RAM_PAGE - 100, /* more than a run of moves */
	INIT_SIZE = 3 << 20,
};

static uint8_t image[SETUP + BODY], initrd[INITRD];
static struct tree tree;
static struct kernel_image kernel;
static char why[WHY_BYTES];
static const struct purgatory_job *job;
static const struct boot_params *params;

static int open_file(const char *path)
{
	char full[128];
	int fd;

	(void)snprintf(full, sizeof(full), "%s%s", fake_root(), path);
	fd = open(full, O_RDONLY | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	return fd;
}

static void read_kernel(void)
{
	char why_not[256];

	ck_assert_int_eq(kernel_parse(image, sizeof(image), sizeof(image), &kernel,
				      why_not, sizeof(why_not)),
			 0);
	fake_bytes(image, sizeof(image), "/result/bzImage");
	tree.kernel_fd = open_file("/result/bzImage");
}

static void begin(void)
{
	const uint32_t init_size = INIT_SIZE;

	fake_start();
	fake_file("0\n", "/sys/kernel/kexec_loaded");
	ram_start();
	for (size_t i = 0; i < sizeof(image); i++)
		image[i] = (uint8_t)(i * 7 + i / RAM_PAGE);
	for (size_t i = 0; i < INITRD; i++)
		initrd[i] = (uint8_t)(i * 5 + i / RAM_PAGE);
	fake_bzimage(image, sizeof(image));
	memcpy(image + 0x260, &init_size, sizeof(init_size));
	fake_bytes(initrd, INITRD, "/result/initrd");
	tree = (struct tree){
		.kernel_bytes = sizeof(image),
		.initrd_bytes = INITRD,
		.initrd_fd = open_file("/result/initrd"),
		.command_line = (char *)"init=/init quiet",
	};
	read_kernel();
}

static int load(void)
{
	return load_whole(fake_root(), &tree, &kernel, why);
}

static void load_and_place(void)
{
	int r = load();

	ck_assert_msg(r == 0, "%d: %s", r, why);
	ck_assert_str_eq(why, "");
	job = ram_place();
	params = (const void *)ram_at(job->boot_params, sizeof(*params));
}

static bool is_well(void)
{
	const struct move *changed;

	return purgatory_check(job, &changed);
}

START_TEST(gives_the_kernel_three_segments_in_their_places)
{
	begin();
	load_and_place();
	ck_assert_str_eq(fake_log(), "kexec load 3\n");
	ck_assert_uint_eq(params->hdr.ramdisk_size, INITRD);
	ck_assert(is_well());
	for (size_t i = 0; i < job->n_moves; i++)
		ck_assert_uint_le(((const struct move *)(uintptr_t)job->moves)[i].pages,
				  MOVES_RUN_PAGES);
	purgatory_move(job); /* nothing is to be moved */
	ck_assert_mem_eq(ram_at(job->entry - BOOT_ENTRY_64, BODY), image + SETUP, BODY);
	ck_assert_mem_eq(ram_at(params->hdr.ramdisk_image, INITRD), initrd, INITRD);
	ck_assert_str_eq((char *)ram_at(params->hdr.cmd_line_ptr, 17),
			 "init=/init quiet");
	ck_assert(ram_is_mapped(job, job->entry));
	ck_assert_uint_eq(job->serial_port, 0x2f8);
}
END_TEST

START_TEST(gives_it_two_without_an_initrd)
{
	begin();
	tree.initrd_fd = -1;
	tree.initrd_bytes = 0;
	load_and_place();
	ck_assert_str_eq(fake_log(), "kexec load 2\n");
	ck_assert_uint_eq(params->hdr.ramdisk_size, 0);
	ck_assert(is_well());
}
END_TEST

START_TEST(gives_it_four_where_something_is_appended_to_the_initrd)
{
	static const uint8_t zeros[100];
	const uint8_t *arrived;

	begin();
	fake_file("what travels", "/appended");
	tree.appended_fd = open_file("/appended");
	tree.appended_bytes = 12;
	load_and_place();
	ck_assert_str_eq(fake_log(), "kexec load 4\n");
	ck_assert_uint_eq(params->hdr.ramdisk_size, INITRD + 100 + 12);
	ck_assert(is_well());
	arrived = ram_at(params->hdr.ramdisk_image, INITRD + 100 + 12);
	ck_assert_mem_eq(arrived, initrd, INITRD);
	ck_assert_mem_eq(arrived + INITRD, zeros, 100);
	ck_assert_mem_eq(arrived + INITRD + 100, "what travels", 12);
	ram_at(params->hdr.ramdisk_image, INITRD + 112)[INITRD + 111] ^= 1;
	ck_assert(!is_well());
}
END_TEST

/* The kernel copies no zeros, and nothing else is put there. */
START_TEST(only_keeps_free_what_the_target_needs_to_unpack)
{
	const struct fake_segment *segments = fake_loaded()->segment;
	uint64_t start, end;

	begin();
	load_and_place();
	start = job->entry - BOOT_ENTRY_64;
	end = start + INIT_SIZE;
	ck_assert_uint_eq(segments[1].address, start);
	ck_assert_uint_eq(segments[1].bytes, BODY);
	ck_assert_uint_eq(segments[1].mem_bytes, 6 * RAM_PAGE);
	for (size_t i = 0; i < 3; i += 2)
		ck_assert(segments[i].address >= end ||
			  segments[i].address + segments[i].mem_bytes <= start);
}
END_TEST

START_TEST(notices_in_the_purgatory_any_page_that_changed)
{
	begin();
	load_and_place();
	for (size_t i = 1; i < 3; i++) {
		const struct fake_segment *segment = &fake_loaded()->segment[i];

		for (size_t at = 1; at < segment->mem_bytes; at += RAM_PAGE - 1) {
			uint8_t *byte = ram_at(segment->address + at, 1);

			*byte ^= 1;
			ck_assert_msg(!is_well(), "byte %zu", at);
			*byte ^= 1;
		}
	}
	ck_assert(is_well());
}
END_TEST

static void assert_fails(int error, const char *sentence)
{
	ck_assert_int_eq(load(), error);
	ck_assert_str_eq(why, sentence);
	ck_assert_int_eq(fake_count("kexec load"), 0);
}

START_TEST(says_what_cannot_be_read)
{
	begin();
	fake_remove("/sys/kernel/boot_params/data");
	assert_fails(-ENOENT,
		     "cannot read what the firmware said, below '/sys/firmware/efi'");
	fake_remove("/sys/firmware/memmap");
	assert_fails(-ENOENT, "cannot read the memory map, '/sys/firmware/memmap'");
}
END_TEST

START_TEST(says_that_a_file_cannot_be_mapped)
{
	begin();
	tree.initrd_fd = open_file("/result");
	assert_fails(-ENODEV, "cannot map the tree's files");
	tree.kernel_fd = open_file("/result");
	assert_fails(-ENODEV, "cannot map the tree's files");
}
END_TEST

START_TEST(says_that_there_is_no_room)
{
	const size_t pages[] = { 5, INIT_SIZE / RAM_PAGE + 500,
				 INIT_SIZE / RAM_PAGE + 600 };

	begin();
	for (size_t i = 0; i < 3; i++) {
		fake_remove("/sys/firmware/memmap");
		machine_memory(RAM_START, RAM_START + pages[i] * RAM_PAGE, "System RAM");
		assert_fails(-EADDRNOTAVAIL, "no free stretch of memory is long enough");
	}
}
END_TEST

START_TEST(forwards_what_the_kernel_says)
{
	begin();
	fake_fail("kexec load", EPERM, 1);
	ck_assert_int_eq(load(), -EPERM);
	ck_assert_str_eq(why, "kexec_load");
}
END_TEST

UNIT_MAIN("load whole", gives_the_kernel_three_segments_in_their_places,
	  gives_it_two_without_an_initrd,
	  gives_it_four_where_something_is_appended_to_the_initrd,
	  only_keeps_free_what_the_target_needs_to_unpack,
	  notices_in_the_purgatory_any_page_that_changed, says_what_cannot_be_read,
	  says_that_a_file_cannot_be_mapped, says_that_there_is_no_room,
	  forwards_what_the_kernel_says)
