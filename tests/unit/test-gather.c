// SPDX-License-Identifier: GPL-2.0-or-later

/*
 * The loader that copies nothing. What it gives to the kernel is put into memory here,
 * and the purgatory's own code brings the pages to their places.
 */

#include "pivot/kexec/gather.h"

#include <asm/bootparam.h>
#include <errno.h>
#include <string.h>

#include "fake-acts.h"
#include "fake-bzimage.h"
#include "fake-machine.h"
#include "fake-ram.h"
#include "fake-root.h"
#include "pivot/kexec/boot-params.h"
#include "pivot/kexec/crc32c.h"
#include "pivot/kexec/purgatory/moves.h"
#include "unit.h"

enum {
	SETUP = BZIMAGE_SETUP_BYTES,
	BODY = 5 * RAM_PAGE + 16,
	INITRD = 200 * RAM_PAGE - 100,
	EXTRA = RAM_PAGE + 1,
	REPORT = 2 * RAM_PAGE + 50,
	PARTS_PAGES = 6 + 200 + 3, /* where there is no extra */
};

static uint8_t kernel[SETUP + BODY], initrd[INITRD], extra[EXTRA], report[REPORT];
static const char command_line[] = "init=/init quiet";
static uint64_t frames[RAM_PAGES]; /* those of the parts first */
static struct payload payload;
static struct gather gather;
static char why[WHY_BYTES];
static const struct purgatory_job *job;
static const struct boot_params *params;

static uint32_t random_number(void)
{
	static uint64_t state = 1;

	state = state * 6364136223846793005 + 1442695040888963407;
	return (uint32_t)(state >> 33);
}

static void put_bytes(uint8_t *to, size_t n)
{
	for (size_t i = 0; i < n; i++)
		to[i] = (uint8_t)random_number();
}

static void seal(void)
{
	char text[PAYLOAD_SEAL_BYTES];

	for (int i = 0; i < PAYLOAD_SEALED; i++)
		ck_assert_int_eq(
			payload_map(fake_root(), PAYLOAD_FOLDER, i, -1, &payload), 0);
	fake_bytes(text, payload_seal(&payload, text), "/payload/seal");
	payload_done(&payload);
}

static void open_payload(void)
{
	ck_assert_int_eq(payload_open(fake_root(), PAYLOAD_FOLDER, -1, &payload), 0);
	ck_assert_int_eq(
		payload_map(fake_root(), PAYLOAD_FOLDER, PAYLOAD_REPORT, -1, &payload),
		0);
}

static void put_files(void)
{
	put_bytes(kernel + SETUP, BODY);
	fake_bzimage(kernel, sizeof(kernel));
	put_bytes(initrd, INITRD);
	put_bytes(extra, EXTRA);
	put_bytes(report, REPORT);
	fake_bytes(kernel, SETUP, "/payload/setup");
	fake_bytes(kernel + SETUP, BODY, "/payload/kernel");
	fake_bytes(initrd, INITRD, "/payload/initrd");
	fake_bytes(report, REPORT, "/payload/report");
	fake_file(command_line, "/payload/command-line");
}

/* One page after the other from here on, downwards, as memory is given. */
static void lie_from(uint64_t last)
{
	for (size_t i = 0; i < PARTS_PAGES + 2; i++)
		frames[i] = last - i;
}

/* Anywhere. */
static void lie_scattered(void)
{
	for (size_t i = 0; i < RAM_PAGES; i++)
		frames[i] = RAM_FIRST + i;
	for (size_t i = 0; i < RAM_PAGES; i++) {
		size_t other = i + random_number() % (RAM_PAGES - i);
		uint64_t frame = frames[i];

		frames[i] = frames[other];
		frames[other] = frame;
	}
}

static void lay(void)
{
	const uint64_t *next = frames;

	for (int i = PAYLOAD_KERNEL; i < PAYLOAD_FILES; i++) {
		ram_lay(&payload.file[i], next);
		next += payload_pages(&payload.file[i]);
	}
}

static void begin(void)
{
	fake_start();
	fake_file("0\n", "/sys/kernel/kexec_loaded");
	ram_start();
	put_files();
	seal();
	open_payload();
	lie_from(RAM_FIRST + 1500);
	lay();
}

static int load(void)
{
	gather_done(&gather);
	return gather_load(fake_root(), &payload, &gather, why);
}

/* Loaded, and everything is where the jump would find it. */
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

static uint64_t initrd_address(void)
{
	return params->hdr.ramdisk_image | (uint64_t)params->ext_ramdisk_image << 32;
}

/* After the jump kernel, initrd and report are in their places. */
static void assert_arrives(void)
{
	ck_assert(is_well());
	purgatory_move(job);
	ck_assert_mem_eq(ram_at(job->entry - BOOT_ENTRY_64, BODY), kernel + SETUP, BODY);
	ck_assert_mem_eq(ram_at(initrd_address(), INITRD), initrd, INITRD);
	ck_assert_mem_eq(ram_at(initrd_address() + 200 * RAM_PAGE, REPORT), report,
			 REPORT);
}

START_TEST(gives_the_kernel_one_segment_that_is_no_page_of_the_target)
{
	const struct fake_segment *segment;

	begin();
	load_and_place();
	ck_assert_str_eq(fake_log(), "kexec load 1\n");
	segment = &fake_loaded()->segment[0];
	ck_assert_uint_eq(segment->address, gather.layout.control.start);
	ck_assert_uint_eq(segment->bytes, segment->mem_bytes);
	for (size_t i = 0; i < PARTS_PAGES; i++)
		ck_assert(frames[i] * RAM_PAGE < segment->address ||
			  frames[i] * RAM_PAGE >= segment->address + segment->mem_bytes);
	ck_assert_uint_eq(gather.pages, PARTS_PAGES);
	ck_assert_mem_eq(gather.frames, frames, PARTS_PAGES * sizeof(*frames));
	gather_done(&gather);
}
END_TEST

START_TEST(brings_every_page_to_its_place)
{
	begin();
	load_and_place();
	assert_arrives();
	ck_assert_uint_eq(job->entry, gather.layout.kernel.start + BOOT_ENTRY_64);
	ck_assert_uint_eq(initrd_address(), gather.layout.initrd.start);
	gather_done(&gather);
}
END_TEST

/* A frame that is not the target's is needed where pages change places. */
static bool goes_through_the_spare_page(void)
{
	const struct move *moves = (const struct move *)(uintptr_t)job->moves;

	for (size_t i = 0; i < job->n_moves; i++)
		if (moves[i].to == job->spare)
			return true;
	return false;
}

START_TEST(brings_them_there_from_wherever_they_lie)
{
	begin();
	for (int i = 0; i < 60; i++) {
		ram_fill();
		lie_scattered();
		lay();
		load_and_place();
		assert_arrives();
	}
	gather_done(&gather);
}
END_TEST

/* Each page where its neighbour belongs: nothing but circles. */
START_TEST(brings_them_there_where_they_change_places)
{
	begin();
	load_and_place();
	for (size_t i = 0; i < PARTS_PAGES; i++) {
		bool is_kernel = i < 6;
		uint64_t start = is_kernel ? gather.layout.kernel.start
					   : gather.layout.initrd.start;
		size_t page = is_kernel ? i ^ 1 : (i - 6) ^ 1;

		frames[i] = start / RAM_PAGE + (page < PARTS_PAGES - 6 ? page : page ^ 1);
	}
	ram_fill();
	lay();
	load_and_place();
	ck_assert(goes_through_the_spare_page());
	assert_arrives();
	gather_done(&gather);
}
END_TEST

START_TEST(moves_nothing_that_is_in_its_place)
{
	const struct move *moves;

	begin();
	load_and_place();
	for (size_t i = 0; i < PARTS_PAGES; i++)
		frames[i] = i < 6 ? gather.layout.kernel.start / RAM_PAGE + i
				  : gather.layout.initrd.start / RAM_PAGE + i - 6;
	ram_fill();
	lay();
	load_and_place();
	moves = (const struct move *)(uintptr_t)job->moves;
	for (size_t i = 0; i < job->n_moves; i++)
		ck_assert_uint_eq(moves[i].to, moves[i].from);
	assert_arrives();
	gather_done(&gather);
}
END_TEST

START_TEST(notices_in_the_purgatory_any_page_that_changed)
{
	begin();
	load_and_place();
	for (size_t i = 0; i < PARTS_PAGES; i++) {
		uint8_t *byte = ram_at(frames[i] * RAM_PAGE, RAM_PAGE) +
				random_number() % RAM_PAGE;

		*byte ^= 0x40;
		ck_assert_msg(!is_well(), "page %zu", i);
		*byte ^= 0x40;
	}
	ram_at(job->moves, sizeof(struct move))[8] ^= 1;
	ck_assert(!is_well());
	gather_done(&gather);
}
END_TEST

START_TEST(maps_all_that_the_purgatory_touches)
{
	begin();
	load_and_place();
	for (size_t i = 0; i < RAM_PAGES; i++)
		ck_assert(ram_is_mapped(job, (RAM_FIRST + i) * RAM_PAGE));
	ck_assert(ram_is_mapped(job, 0xb8000));
	ck_assert(!ram_is_mapped(job, 1ULL << 40));
	ck_assert_uint_eq(job->serial_port, 0x2f8);
	gather_done(&gather);
}
END_TEST

START_TEST(tells_the_target_what_it_needs)
{
	const struct setup_data *data;
	const char *line;

	begin();
	load_and_place();
	line = (const char *)ram_at(params->hdr.cmd_line_ptr, sizeof(command_line));
	ck_assert_str_eq(line, command_line);
	ck_assert_uint_eq(params->acpi_rsdp_addr, 0xf5250);
	ck_assert_uint_eq(params->e820_entries, 3);
	ck_assert_uint_eq(params->e820_table[2].addr, RAM_START);
	data = (const void *)ram_at(params->hdr.setup_data, sizeof(*data));
	ck_assert_uint_eq(data->type, SETUP_RNG_SEED);
	gather_done(&gather);
}
END_TEST

/* --- the report, and what else goes behind the initrd --- */

static void put_again(void)
{
	payload_done(&payload);
	seal();
	open_payload();
	ram_fill();
	lay();
}

static void without(const char *path)
{
	fake_remove("%s", path);
	put_again();
}

static void with_extra(void)
{
	fake_bytes(extra, EXTRA, "/payload/extra");
	put_again();
}

START_TEST(puts_the_report_behind_the_initrd_at_a_whole_page)
{
	static const uint8_t zeros[100];

	begin();
	load_and_place();
	assert_arrives();
	ck_assert_uint_eq(params->hdr.ramdisk_size, 200 * RAM_PAGE + REPORT);
	ck_assert_mem_eq(ram_at(initrd_address() + INITRD, 100), zeros, 100);
	gather_done(&gather);
}
END_TEST

START_TEST(ends_with_the_initrd_where_there_is_no_report)
{
	begin();
	without("/payload/report");
	load_and_place();
	ck_assert(is_well());
	purgatory_move(job);
	ck_assert_uint_eq(params->hdr.ramdisk_size, INITRD);
	ck_assert_mem_eq(ram_at(initrd_address(), INITRD), initrd, INITRD);
	gather_done(&gather);
}
END_TEST

START_TEST(has_the_report_alone_where_there_is_no_initrd)
{
	begin();
	without("/payload/initrd");
	load_and_place();
	ck_assert(is_well());
	purgatory_move(job);
	ck_assert_uint_eq(params->hdr.ramdisk_size, REPORT);
	ck_assert_mem_eq(ram_at(initrd_address(), REPORT), report, REPORT);
	gather_done(&gather);
}
END_TEST

START_TEST(puts_an_extra_between_the_initrd_and_the_report)
{
	static const uint8_t zeros[RAM_PAGE - 1];

	begin();
	with_extra();
	load_and_place();
	ck_assert(is_well());
	purgatory_move(job);
	ck_assert_uint_eq(params->hdr.ramdisk_size, 202 * RAM_PAGE + REPORT);
	ck_assert_mem_eq(ram_at(initrd_address(), INITRD), initrd, INITRD);
	ck_assert_mem_eq(ram_at(initrd_address() + 200 * RAM_PAGE, EXTRA), extra, EXTRA);
	ck_assert_mem_eq(ram_at(initrd_address() + 200 * RAM_PAGE + EXTRA, RAM_PAGE - 1),
			 zeros, RAM_PAGE - 1);
	ck_assert_mem_eq(ram_at(initrd_address() + 202 * RAM_PAGE, REPORT), report,
			 REPORT);
	gather_done(&gather);
}
END_TEST

START_TEST(ends_with_the_extra_where_there_is_no_report)
{
	begin();
	with_extra();
	without("/payload/report");
	load_and_place();
	ck_assert(is_well());
	purgatory_move(job);
	ck_assert_uint_eq(params->hdr.ramdisk_size, 200 * RAM_PAGE + EXTRA);
	ck_assert_mem_eq(ram_at(initrd_address() + 200 * RAM_PAGE, EXTRA), extra, EXTRA);
	gather_done(&gather);
}
END_TEST

START_TEST(loads_a_kernel_alone)
{
	begin();
	without("/payload/initrd");
	without("/payload/report");
	load_and_place();
	ck_assert(is_well());
	purgatory_move(job);
	ck_assert_uint_eq(params->hdr.ramdisk_size, 0);
	ck_assert_mem_eq(ram_at(job->entry - BOOT_ENTRY_64, BODY), kernel + SETUP, BODY);
	gather_done(&gather);
}
END_TEST

/* --- until the jump --- */

START_TEST(knows_whether_the_pages_are_where_they_were)
{
	uint64_t frame;

	begin();
	load_and_place();
	ck_assert(gather_is_true(&gather));
	frame = frames[PARTS_PAGES - 1];
	frames[PARTS_PAGES - 1] = RAM_FIRST + 7;
	lay();
	ck_assert(!gather_is_true(&gather));
	load_and_place(); /* as our init does then */
	ck_assert(gather_is_true(&gather));
	assert_arrives();
	frames[PARTS_PAGES - 1] = frame;
	lay();
	ck_assert(!gather_is_true(&gather));
	lie_from(RAM_FIRST + 1500);
	fake_remove("/proc/self/pagemap");
	ck_assert(!gather_is_true(&gather));
	gather_done(&gather);
}
END_TEST

/* --- what fails --- */

static void assert_fails(int error, const char *sentence)
{
	int loads = fake_count("kexec load");

	ck_assert_int_eq(load(), error);
	ck_assert_str_eq(why, sentence);
	ck_assert_int_eq(fake_count("kexec load"), loads);
	gather_done(&gather);
}

START_TEST(says_that_the_files_changed)
{
	begin();
	initrd[INITRD / 2] ^= 1;
	fake_bytes(initrd, INITRD, "/payload/initrd");
	assert_fails(-EBADMSG, "the target's files changed in memory");
}
END_TEST

START_TEST(says_what_of_the_machine_cannot_be_read)
{
	begin();
	fake_remove("/sys/kernel/boot_params/data");
	assert_fails(-ENOENT,
		     "cannot read what the firmware said, below '/sys/firmware/efi'");
	fake_remove("/sys/firmware/memmap");
	assert_fails(-ENOENT, "cannot read the memory map, '/sys/firmware/memmap'");
}
END_TEST

START_TEST(says_that_it_does_not_learn_where_the_pages_are)
{
	begin();
	frames[0] = 0; /* as without CAP_SYS_ADMIN */
	fake_file("", "/proc/self/pagemap");
	assert_fails(-EIO, "cannot learn where the target's pages are");
	fake_remove("/proc/self/pagemap");
	assert_fails(-ENOENT, "cannot learn where the target's pages are");
}
END_TEST

START_TEST(refuses_pages_that_share_a_frame)
{
	begin();
	frames[10] = frames[20];
	lay();
	assert_fails(-EINVAL, "cannot sort the target's pages");
}
END_TEST

/* So much that may be used; the rest holds what the target is now. */
static void memory_of(size_t pages)
{
	fake_remove("/sys/firmware/memmap");
	machine_memory(RAM_START, RAM_START + pages * RAM_PAGE, "System RAM");
	machine_memory(RAM_START + pages * RAM_PAGE, RAM_START + RAM_PAGES * RAM_PAGE,
		       "ACPI Tables");
}

START_TEST(refuses_pages_that_the_firmware_does_not_list)
{
	begin();
	fake_remove("/sys/firmware/memmap");
	machine_memory(RAM_START, frames[3] * RAM_PAGE, "System RAM");
	machine_memory((frames[3] + 1) * RAM_PAGE, RAM_START + RAM_PAGES * RAM_PAGE,
		       "System RAM");
	assert_fails(-EXDEV,
		     "pages of the target lie in memory that the firmware does not "
		     "list");
}
END_TEST

START_TEST(says_what_there_is_no_room_for)
{
	begin();
	memory_of(5);
	assert_fails(-EADDRNOTAVAIL,
		     "no free stretch of memory is long enough for the kernel");
	memory_of(6 + 100);
	assert_fails(-EADDRNOTAVAIL,
		     "no free stretch of memory is long enough for the initrd");
	memory_of(PARTS_PAGES);
	assert_fails(-EADDRNOTAVAIL, "no free stretch of memory is long enough for the "
				     "control segment");
	/* the target's own pages leave no stretch that is free */
	memory_of(2 * PARTS_PAGES);
	for (size_t i = 0; i < PARTS_PAGES; i++)
		frames[i] = RAM_FIRST + 2 * i;
	lay();
	assert_fails(-EADDRNOTAVAIL, "no free stretch of memory is long enough for the "
				     "control segment");
}
END_TEST

START_TEST(refuses_what_is_no_kernel)
{
	begin();
	payload_done(&payload);
	kernel[0x202] = 'h';
	fake_bytes(kernel, SETUP, "/payload/setup");
	seal();
	open_payload();
	assert_fails(-ENOEXEC, "the kernel is none");
	payload_done(&payload);
	fake_file("", "/payload/setup");
	seal();
	open_payload();
	assert_fails(-ENOEXEC, "the kernel is none");
}
END_TEST

static void with_command_line(size_t n)
{
	static char line[PAYLOAD_COMMAND_LINE_MAX + 1];

	memset(line, 'x', sizeof(line));
	payload_done(&payload);
	fake_bytes(line, n, "/payload/command-line");
	seal();
	open_payload();
	lay();
}

START_TEST(takes_no_command_line_that_is_too_long_for_it)
{
	begin();
	with_command_line(0);
	load_and_place();
	ck_assert_str_eq((char *)ram_at(params->hdr.cmd_line_ptr, 1), "");
	with_command_line(PAYLOAD_COMMAND_LINE_MAX - 1);
	load_and_place();
	ck_assert_uint_eq(strlen((char *)ram_at(params->hdr.cmd_line_ptr, 1)),
			  PAYLOAD_COMMAND_LINE_MAX - 1);
	with_command_line(PAYLOAD_COMMAND_LINE_MAX);
	assert_fails(-E2BIG, "the command line is too long");
}
END_TEST

START_TEST(forwards_what_the_kernel_says)
{
	begin();
	fake_fail("kexec load", EPERM, 1);
	ck_assert_int_eq(load(), -EPERM);
	ck_assert_str_eq(why, "kexec_load");
	gather_done(&gather);
}
END_TEST

/* --- in a middle kernel --- */

enum {
	RETAINED = RAM_FIRST + 900, /* the frame of what the kernel was booted with */
	RETAINED_PAGES = 1 + 6 + 200 + PAYLOAD_ROOM_BYTES / RAM_PAGE,
};

static void put_zero_page(uint64_t pages)
{
	static struct boot_params zero_page;

	zero_page.hdr.ramdisk_image = RETAINED * RAM_PAGE;
	zero_page.hdr.ramdisk_size = (uint32_t)(pages * RAM_PAGE);
	fake_bytes(&zero_page, sizeof(zero_page), "/sys/kernel/boot_params/data");
}

static void put_retained(const uint8_t *data, size_t n, uint64_t page,
			 uint32_t *checksums)
{
	size_t pages = (n + RAM_PAGE - 1) / RAM_PAGE;
	uint8_t *at = ram_at((RETAINED + page) * RAM_PAGE, pages * RAM_PAGE);

	memset(at, 0, pages * RAM_PAGE);
	memcpy(at, data, n);
	for (size_t i = 0; i < pages; i++)
		checksums[i] = crc32c(0, at + i * RAM_PAGE, RAM_PAGE);
}

static uint32_t crc_of_pages(uint64_t page, size_t pages)
{
	return crc32c(0, ram_at((RETAINED + page) * RAM_PAGE, pages * RAM_PAGE),
		      pages * RAM_PAGE);
}

static uint32_t checksums[206];

/* Kernel and initrd lie where the middle kernel was given its initrd. */
static void retain(void)
{
	char text[PAYLOAD_SEAL_BYTES];
	struct payload_place places[2];

	ram_fill();
	put_retained(kernel + SETUP, BODY, 1, checksums);
	put_retained(initrd, INITRD, 7, checksums + 6);
	places[0] = (struct payload_place){ RAM_PAGE, BODY, crc_of_pages(1, 6) };
	places[1] = (struct payload_place){ 7 * RAM_PAGE, INITRD, crc_of_pages(7, 200) };
	payload_done(&payload);
	fake_remove("/payload/kernel");
	fake_remove("/payload/initrd");
	fake_bytes(checksums, sizeof(checksums), "/payload/checksums");
	ck_assert_int_eq(
		payload_map(fake_root(), PAYLOAD_FOLDER, PAYLOAD_SETUP, -1, &payload), 0);
	ck_assert_int_eq(payload_map(fake_root(), PAYLOAD_FOLDER, PAYLOAD_COMMAND_LINE,
				     -1, &payload),
			 0);
	fake_bytes(text, payload_seal_retained(&payload, &places[0], &places[1], text),
		   "/payload/seal");
	payload_done(&payload);
	put_zero_page(RETAINED_PAGES);
}

static void begin_retained(void)
{
	begin();
	retain();
	open_payload();
	ram_lay(&payload.file[PAYLOAD_REPORT], frames);
}

START_TEST(leaves_a_retained_initrd_where_it_lies)
{
	begin_retained();
	load_and_place();
	ck_assert_uint_eq(initrd_address(), (RETAINED + 7) * RAM_PAGE);
	assert_arrives();
	ck_assert_uint_eq(gather.pages, PARTS_PAGES);
	ck_assert(gather_is_true(&gather));
	gather_done(&gather);
}
END_TEST

START_TEST(notices_each_retained_page_that_changed)
{
	begin_retained();
	load_and_place();
	for (size_t i = 1; i < 7 + 200; i++) {
		uint8_t *byte = ram_at((RETAINED + i) * RAM_PAGE, RAM_PAGE) +
				random_number() % RAM_PAGE;

		*byte ^= 0x40;
		ck_assert_msg(!is_well(), "page %zu", i);
		*byte ^= 0x40;
	}
	ck_assert(is_well());
	gather_done(&gather);
}
END_TEST

START_TEST(refuses_checksums_that_changed)
{
	begin_retained();
	payload_done(&payload);
	checksums[100] ^= 1;
	fake_bytes(checksums, sizeof(checksums), "/payload/checksums");
	open_payload();
	assert_fails(-EBADMSG, "the target's files changed in memory");
}
END_TEST

static int open_retained(void)
{
	int r = payload_open(fake_root(), PAYLOAD_FOLDER, -1, &payload);

	payload_done(&payload);
	return r;
}

START_TEST(refuses_what_is_not_retained_whole)
{
	begin_retained();
	payload_done(&payload);
	ck_assert_int_eq(open_retained(), 0);
	put_zero_page(RETAINED_PAGES - 1); /* no room for the report */
	ck_assert_int_eq(open_retained(), -EBADMSG);
	put_zero_page(8);
	ck_assert_int_eq(open_retained(), -EBADMSG);
	put_zero_page(0);
	ck_assert_int_eq(open_retained(), -ENOENT);
	put_zero_page(RETAINED_PAGES);
	fake_bytes(checksums, sizeof(checksums) - 4, "/payload/checksums");
	ck_assert_int_eq(open_retained(), -EBADMSG);
	fake_remove("/payload/checksums");
	ck_assert_int_eq(open_retained(), -ENOENT);
}
END_TEST

UNIT_MAIN("gather", gives_the_kernel_one_segment_that_is_no_page_of_the_target,
	  brings_every_page_to_its_place, brings_them_there_from_wherever_they_lie,
	  brings_them_there_where_they_change_places, moves_nothing_that_is_in_its_place,
	  notices_in_the_purgatory_any_page_that_changed,
	  maps_all_that_the_purgatory_touches, tells_the_target_what_it_needs,
	  puts_the_report_behind_the_initrd_at_a_whole_page,
	  ends_with_the_initrd_where_there_is_no_report,
	  has_the_report_alone_where_there_is_no_initrd,
	  puts_an_extra_between_the_initrd_and_the_report,
	  ends_with_the_extra_where_there_is_no_report, loads_a_kernel_alone,
	  knows_whether_the_pages_are_where_they_were, says_that_the_files_changed,
	  says_what_of_the_machine_cannot_be_read,
	  says_that_it_does_not_learn_where_the_pages_are,
	  refuses_pages_that_share_a_frame, refuses_pages_that_the_firmware_does_not_list,
	  says_what_there_is_no_room_for, refuses_what_is_no_kernel,
	  takes_no_command_line_that_is_too_long_for_it, forwards_what_the_kernel_says,
	  leaves_a_retained_initrd_where_it_lies, notices_each_retained_page_that_changed,
	  refuses_checksums_that_changed, refuses_what_is_not_retained_whole)
