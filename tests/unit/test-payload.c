// SPDX-License-Identifier: GPL-2.0-or-later

/* The target's files in the stage: what was sealed is what is loaded, to the last bit. */

#include "pivot/kexec/payload.h"

#include <asm/bootparam.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fake-machine.h"
#include "fake-root.h"
#include "pivot/kexec/crc32c.h"
#include "unit.h"

enum { PAGE = 4096, KERNEL_BYTES = 5 * PAGE + 7, INITRD_BYTES = 3 * PAGE };

static const char *const files[PAYLOAD_SEALED] = { "setup", "command-line", "kernel",
						   "initrd", "extra" };
static struct payload payload;
static uint8_t bytes[600 * PAGE];
static char seal[PAYLOAD_SEAL_BYTES];

static void put_seal(const char *text)
{
	fake_file(text, "/payload/seal");
}

/* What is there is sealed, and shut again. */
static void seal_it(void)
{
	for (int i = 0; i < PAYLOAD_SEALED; i++)
		ck_assert_int_eq(
			payload_map(fake_root(), PAYLOAD_FOLDER, i, -1, &payload), 0);
	ck_assert_uint_eq(payload_seal(&payload, seal), strlen(seal));
	payload_done(&payload);
	put_seal(seal);
}

static void put_files(void)
{
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 7 + i / PAGE);
	fake_bytes(bytes, 512, "/payload/setup");
	fake_bytes(bytes + 1, KERNEL_BYTES, "/payload/kernel");
	fake_bytes(bytes + 2, INITRD_BYTES, "/payload/initrd");
	fake_file("init=/init", "/payload/command-line");
	fake_file("what travels", "/payload/extra");
}

static void begin(void)
{
	fake_root_make();
	put_files();
	seal_it();
}

static int open_with(int initrd_fd)
{
	return payload_open(fake_root(), PAYLOAD_FOLDER, initrd_fd, &payload);
}

static int open_only(void)
{
	int r = open_with(-1);

	payload_done(&payload);
	return r;
}

/* Opened, and looked at to the last bit. */
static int open_and_check(void)
{
	int r = open_with(-1);

	if (r == 0)
		r = payload_check(&payload);
	payload_done(&payload);
	return r;
}

START_TEST(seals_the_bytes_and_the_checksum_of_each_file)
{
	char expected[PAYLOAD_SEAL_BYTES];

	begin();
	(void)snprintf(expected, sizeof(expected),
		       "pivot-kexec-payload 1\nsetup 512 %08x\ncommand-line 10 %08x\n"
		       "kernel %d %08x\ninitrd %d %08x\nextra 12 %08x\nend\n",
		       crc32c(0, bytes, 512), crc32c(0, "init=/init", 10), KERNEL_BYTES,
		       crc32c(0, bytes + 1, KERNEL_BYTES), INITRD_BYTES,
		       crc32c(0, bytes + 2, INITRD_BYTES), crc32c(0, "what travels", 12));
	ck_assert_str_eq(seal, expected);
}
END_TEST

START_TEST(opens_what_it_sealed)
{
	begin();
	ck_assert_int_eq(open_with(-1), 0);
	ck_assert_int_eq(payload_check(&payload), 0);
	ck_assert_uint_eq(payload.file[PAYLOAD_KERNEL].bytes, KERNEL_BYTES);
	ck_assert_mem_eq(payload.file[PAYLOAD_KERNEL].data, bytes + 1, KERNEL_BYTES);
	ck_assert_mem_eq(payload.file[PAYLOAD_INITRD].data, bytes + 2, INITRD_BYTES);
	ck_assert_ptr_null(payload.file[PAYLOAD_REPORT].data);
	ck_assert_uint_eq(payload_pages(&payload.file[PAYLOAD_SETUP]), 1);
	ck_assert_uint_eq(payload_pages(&payload.file[PAYLOAD_KERNEL]), 6);
	ck_assert_uint_eq(payload_pages(&payload.file[PAYLOAD_INITRD]), 3);
	ck_assert_uint_eq(payload_pages(&payload.file[PAYLOAD_REPORT]), 0);
	payload_done(&payload);
	ck_assert_ptr_null(payload.file[PAYLOAD_KERNEL].data);
}
END_TEST

START_TEST(names_each_file)
{
	for (int i = 0; i < PAYLOAD_SEALED; i++)
		ck_assert_str_eq(payload_file_name(i), files[i]);
	ck_assert_str_eq(payload_file_name(PAYLOAD_REPORT), "report");
}
END_TEST

START_TEST(is_whole_without_an_initrd_or_anything_behind_it)
{
	fake_root_make();
	put_files();
	fake_remove("/payload/initrd");
	fake_remove("/payload/extra");
	seal_it();
	ck_assert_ptr_nonnull(strstr(seal, "initrd 0 00000000\nextra 0 00000000\n"));
	ck_assert_int_eq(open_and_check(), 0);
	fake_file("a late one", "/payload/initrd");
	ck_assert_int_eq(open_only(), -EBADMSG);
	fake_remove("/payload/initrd");
	fake_file("a late one", "/payload/extra");
	ck_assert_int_eq(open_only(), -EBADMSG);
}
END_TEST

START_TEST(takes_an_initrd_that_somebody_holds_open)
{
	char path[128];
	int fd;

	begin();
	(void)snprintf(path, sizeof(path), "%s/payload/initrd", fake_root());
	fd = open(path, O_RDONLY | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	fake_remove("/payload/initrd");
	ck_assert_int_eq(open_with(fd), 0);
	ck_assert_int_eq(payload_check(&payload), 0);
	payload_done(&payload);
	fake_file("another", "/payload/initrd");
	ck_assert_int_eq(open_with(fd), 0); /* not asked for */
	payload_done(&payload);
	/* as the waiter's link leads to it */
	fake_remove("/payload/initrd");
	(void)snprintf(path, sizeof(path), "/proc/%d/fd/%d", getpid(), fd);
	fake_symlink(path, "/payload/initrd");
	ck_assert_int_eq(open_and_check(), 0);
	(void)close(fd);
	ck_assert_int_eq(open_only(), -EBADMSG); /* it leads nowhere */
}
END_TEST

START_TEST(refuses_a_seal_cut_at_any_byte)
{
	char text[PAYLOAD_SEAL_BYTES];

	begin();
	for (size_t n = 0; n < strlen(seal) - 1;
	     n++) { /* the last newline says nothing */
		(void)snprintf(text, sizeof(text), "%.*s", (int)n, seal);
		put_seal(text);
		ck_assert_msg(open_only() == -EBADMSG, "cut at %zu", n);
	}
}
END_TEST

/* Of a hexadecimal digit one bit makes the other case of its letter. */
static bool says_the_same(char a, char b)
{
	return isxdigit(a) && isxdigit(b) && tolower(a) == tolower(b);
}

START_TEST(finds_one_flipped_bit_of_the_seal)
{
	char text[PAYLOAD_SEAL_BYTES];

	begin();
	for (size_t i = 0; i < 8 * strlen(seal); i++) {
		strcpy(text, seal);
		text[i / 8] = (char)(text[i / 8] ^ 1 << i % 8);
		fake_bytes(text, strlen(seal), "/payload/seal");
		if (!says_the_same(text[i / 8], seal[i / 8]))
			ck_assert_msg(open_and_check() == -EBADMSG, "bit %zu", i);
	}
}
END_TEST

START_TEST(refuses_a_seal_that_says_more)
{
	char text[2 * PAYLOAD_SEAL_BYTES];

	begin();
	(void)snprintf(text, sizeof(text), "%send\n", seal);
	put_seal(text);
	ck_assert_int_eq(open_only(), -EBADMSG);
	(void)snprintf(text, sizeof(text), "%.*sreport 0 00000000\nend\n",
		       (int)(strlen(seal) - 4), seal);
	put_seal(text);
	ck_assert_int_eq(open_only(), -EBADMSG);
	memcpy(text, seal, sizeof(seal));
	fake_bytes(text, strlen(seal) + 2, "/payload/seal"); /* behind it two NULs */
	ck_assert_int_eq(open_only(), -EBADMSG);
	memset(text, 'x', sizeof(text));
	fake_bytes(text, sizeof(text), "/payload/seal");
	ck_assert_int_eq(open_only(), -EFBIG);
}
END_TEST

/* The seal with one text put in place of another. */
static int open_sealed_with(const char *old, const char *new)
{
	const char *at = strstr(seal, old);
	char text[2 * PAYLOAD_SEAL_BYTES];

	ck_assert_ptr_nonnull(at);
	(void)snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - seal), seal, new,
		       at + strlen(old));
	put_seal(text);
	return open_only();
}

START_TEST(refuses_a_seal_of_another_form)
{
	begin();
	ck_assert_int_eq(open_sealed_with("payload 1", "payload 2"), -EBADMSG);
	ck_assert_int_eq(open_sealed_with("setup 512", "setup -512"), -EBADMSG);
	ck_assert_int_eq(open_sealed_with("setup 512", "setup 0x200"), -EBADMSG);
	ck_assert_int_eq(open_sealed_with("setup 512", "setup 18446744073709552128"),
			 -EBADMSG);
	ck_assert_int_eq(open_sealed_with("setup 512", "setup"), -EBADMSG);
	ck_assert_int_eq(open_sealed_with("setup 512 ", "setup 512 1"), -EBADMSG);
	ck_assert_int_eq(open_sealed_with("setup 512", "setup 512 512"), -EBADMSG);
	ck_assert_int_eq(open_sealed_with("setup", "command-line"), -EBADMSG);
	ck_assert_int_eq(open_sealed_with("setup", "setup 512 00000000\nsetup"),
			 -EBADMSG);
	put_seal(seal);
	ck_assert_int_eq(open_only(), 0);
	fake_remove("/payload/seal");
	ck_assert_int_eq(open_only(), -ENOENT);
}
END_TEST

static const size_t sizes[PAYLOAD_SEALED] = { 512, 10, KERNEL_BYTES, INITRD_BYTES, 12 };

static void put_file(int i, size_t n, size_t flipped)
{
	static uint8_t copy[KERNEL_BYTES + 1];
	const void *const originals[PAYLOAD_SEALED] = { bytes, "init=/init", bytes + 1,
							bytes + 2, "what travels" };

	memset(copy, 0, sizeof(copy));
	memcpy(copy, originals[i], sizes[i]);
	if (flipped)
		copy[sizes[i] - flipped] ^= 0x10;
	fake_bytes(copy, n ?: sizes[i], "/payload/%s", files[i]);
}

START_TEST(finds_a_file_of_another_size)
{
	begin();
	for (int i = 0; i < PAYLOAD_SEALED; i++) {
		put_file(i, sizes[i] + 1, 0);
		ck_assert_int_eq(open_only(), -EBADMSG);
		put_file(i, sizes[i] - 1, 0);
		ck_assert_int_eq(open_only(), -EBADMSG);
		fake_file("", "/payload/%s", files[i]);
		ck_assert_int_eq(open_only(), -EBADMSG);
		put_file(i, 0, 0);
		ck_assert_int_eq(open_only(), 0);
	}
}
END_TEST

START_TEST(finds_one_flipped_bit_of_a_file)
{
	begin();
	for (int i = 0; i < PAYLOAD_SEALED; i++) {
		for (size_t at = 1; at <= 10; at += 9) { /* from the end */
			put_file(i, 0, at);
			ck_assert_int_eq(open_only(), 0); /* does not look */
			ck_assert_int_eq(open_and_check(), -EBADMSG);
		}
		put_file(i, 0, 0);
		ck_assert_int_eq(open_and_check(), 0);
	}
}
END_TEST

/* --- retained --- */

enum { RETAINED_AT = 64 << 20, KERNEL_PAGES = 6, INITRD_PAGES = 3 };

static void put_zero_page(uint64_t address, uint64_t n)
{
	static struct boot_params zero_page;

	zero_page.hdr.ramdisk_image = (uint32_t)address;
	zero_page.ext_ramdisk_image = (uint32_t)(address >> 32);
	zero_page.hdr.ramdisk_size = (uint32_t)n;
	fake_bytes(&zero_page, sizeof(zero_page), "/sys/kernel/boot_params/data");
}

static uint32_t put_checksums(size_t first, size_t pages, uint32_t *checksums)
{
	for (size_t i = 0; i < pages; i++)
		checksums[first + i] = crc32c(0, bytes + (first + i) * PAGE, PAGE);
	return crc32c(0, bytes + first * PAGE, pages * PAGE);
}

/* A seal of what is retained, with one word of it another. */
static void retain(const char *from, const char *to)
{
	uint32_t checksums[KERNEL_PAGES + INITRD_PAGES];
	struct payload_place kernel = { PAGE, KERNEL_BYTES, 0 };
	struct payload_place initrd = { (1 + KERNEL_PAGES) * PAGE, INITRD_BYTES, 0 };
	char other[2 * PAYLOAD_SEAL_BYTES], *at;

	begin();
	kernel.crc = put_checksums(0, KERNEL_PAGES, checksums);
	initrd.crc = put_checksums(KERNEL_PAGES, INITRD_PAGES, checksums);
	fake_remove("/payload/kernel");
	fake_remove("/payload/initrd");
	fake_remove("/payload/extra"); /* it would be part of what is retained */
	fake_bytes(checksums, sizeof(checksums), "/payload/checksums");
	put_zero_page(RETAINED_AT,
		      (1 + KERNEL_PAGES + INITRD_PAGES) * PAGE + PAYLOAD_ROOM_BYTES);
	ck_assert_int_eq(
		payload_map(fake_root(), PAYLOAD_FOLDER, PAYLOAD_SETUP, -1, &payload), 0);
	ck_assert_int_eq(payload_map(fake_root(), PAYLOAD_FOLDER, PAYLOAD_COMMAND_LINE,
				     -1, &payload),
			 0);
	ck_assert_uint_eq(payload_seal_retained(&payload, &kernel, &initrd, seal),
			  strlen(seal));
	payload_done(&payload);
	at = strstr(seal, from);
	ck_assert_msg(at, "'%s' is not in: %s", from, seal);
	(void)snprintf(other, sizeof(other), "%.*s%s%s", (int)(at - seal), seal, to,
		       at + strlen(from));
	put_seal(other);
}

START_TEST(opens_what_is_retained)
{
	const struct payload_file *file = payload.file;

	retain("", "");
	ck_assert_int_eq(open_with(-1), 0);
	ck_assert_int_eq(payload_check(&payload), 0);
	ck_assert_ptr_null(file[PAYLOAD_KERNEL].data);
	ck_assert_uint_eq(file[PAYLOAD_KERNEL].retained, RETAINED_AT + PAGE);
	ck_assert_uint_eq(file[PAYLOAD_KERNEL].bytes, KERNEL_BYTES);
	ck_assert_uint_eq(file[PAYLOAD_INITRD].retained, RETAINED_AT + 7 * PAGE);
	ck_assert_uint_eq(file[PAYLOAD_INITRD].bytes, INITRD_BYTES);
	ck_assert_uint_eq(payload_add_page(&payload.file[PAYLOAD_INITRD], 0, 0),
			  crc32c(0, bytes + KERNEL_PAGES * PAGE, PAGE));
	ck_assert_int_eq(payload_pin(&payload.file[PAYLOAD_KERNEL]), 0);
	payload_done(&payload);
}
END_TEST

START_TEST(opens_what_is_retained_above_4_gib)
{
	retain("", "");
	put_zero_page(5ULL << 30, 10 * PAGE + PAYLOAD_ROOM_BYTES);
	ck_assert_int_eq(open_with(-1), 0);
	ck_assert_uint_eq(payload.file[PAYLOAD_KERNEL].retained, (5ULL << 30) + PAGE);
	payload_done(&payload);
	put_zero_page(RETAINED_AT + 512, 10 * PAGE + PAYLOAD_ROOM_BYTES);
	ck_assert_int_eq(open_with(-1), -EBADMSG); /* no boot loader puts it there */
	payload_done(&payload);
}
END_TEST

START_TEST(refuses_a_place_that_is_none)
{
	static const char *const others[][2] = {
		{ " 4096\n", " 4097\n" },
		{ " 4096\n", " 4096 0\n" },
		{ " 4096\n", " -4096\n" },
		{ " 4096\n", " 40960000\n" },
		{ " 4096\n", " 0x1000\n" },
		{ " 28672\n", " 9223372036854771712\n" },
		{ "initrd 12288", "initrd 999999" },
		{ "kernel 20487", "kernel 24577" },
		{ "kernel 20487", "kernel 0" },
	};

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		int r;

		retain(others[i][0], others[i][1]);
		r = open_with(-1);
		if (r == 0)
			r = payload_check(&payload);
		ck_assert_msg(r == -EBADMSG, "%s: %d", others[i][1], r);
		payload_done(&payload);
	}
}
END_TEST

/* What is read of it has to be there. */
START_TEST(refuses_what_else_is_said_to_be_retained)
{
	static const char *const names[] = { "setup", "command-line", "extra" };

	for (size_t i = 0; i < 3; i++) {
		char *line, with[PAYLOAD_SEAL_BYTES];

		retain("", "");
		line = strchr(strstr(seal, names[i]), '\n');
		(void)snprintf(with, sizeof(with), "%.*s 4096%s", (int)(line - seal),
			       seal, line);
		put_seal(with);
		ck_assert_int_eq(open_with(-1), -EBADMSG);
		payload_done(&payload);
	}
}
END_TEST

START_TEST(needs_the_checksums_of_what_is_retained)
{
	uint32_t more[KERNEL_PAGES + INITRD_PAGES + 1] = { 0 };

	retain("", "");
	fake_file("", "/payload/checksums");
	ck_assert_int_eq(open_with(-1), -EBADMSG);
	payload_done(&payload);
	fake_bytes(more, KERNEL_PAGES * 4 + 3, "/payload/checksums");
	ck_assert_int_eq(open_with(-1), -EBADMSG);
	payload_done(&payload);
	fake_bytes(more, sizeof(more) - 4, "/payload/checksums"); /* of others */
	ck_assert_int_eq(open_with(-1), 0);
	ck_assert_int_eq(payload_check(&payload), -EBADMSG);
	payload_done(&payload);
	fake_remove("/payload/checksums");
	ck_assert_int_eq(open_with(-1), -ENOENT);
	payload_done(&payload);
}
END_TEST

START_TEST(needs_a_kernel_that_was_booted_with_it)
{
	retain("", "");
	put_zero_page(0, 0);
	ck_assert_int_eq(open_with(-1), -ENOENT);
	payload_done(&payload);
	fake_remove("/sys/kernel/boot_params/data");
	ck_assert_int_eq(open_with(-1), -ENOENT);
	payload_done(&payload);
}
END_TEST

START_TEST(needs_every_file)
{
	begin();
	for (int i = 0; i < PAYLOAD_SEALED; i++) {
		fake_remove("/payload/%s", files[i]);
		ck_assert_int_eq(open_only(), i >= PAYLOAD_INITRD ? -EBADMSG : -ENOENT);
		put_file(i, 0, 0);
	}
	fake_remove("/payload/kernel");
	fake_directory("/payload/kernel");
	ck_assert_int_eq(open_only(), -EINVAL);
}
END_TEST

/* --- the pages --- */

static void map_large(struct payload *ret)
{
	fake_bytes(bytes, sizeof(bytes), "/payload/initrd");
	*ret = (struct payload){ 0 };
	ck_assert_int_eq(
		payload_map(fake_root(), PAYLOAD_FOLDER, PAYLOAD_INITRD, -1, ret), 0);
}

START_TEST(tells_the_frame_of_each_page)
{
	static uint64_t frames[600], again[600];
	struct payload other;

	begin();
	machine_that_can_load();
	map_large(&payload);
	other = (struct payload){ 0 }; /* the same pages at another address */
	ck_assert_int_eq(
		payload_map(fake_root(), PAYLOAD_FOLDER, PAYLOAD_INITRD, -1, &other), 0);
	ck_assert_int_eq(
		payload_frames(fake_root(), &payload.file[PAYLOAD_INITRD], frames), 0);
	ck_assert_int_eq(payload_frames(fake_root(), &other.file[PAYLOAD_INITRD], again),
			 0);
	ck_assert_mem_eq(frames, again, sizeof(frames));
	for (size_t i = 0; i < 600; i++) {
		ck_assert_uint_ne(frames[i], 0);
		for (size_t j = 0; j < i; j++)
			ck_assert_uint_ne(frames[i], frames[j]);
	}
	payload_done(&payload);
	payload_done(&other);
}
END_TEST

/* A pagemap(5) of our own for one page of the command line. */
static int frames_with(uint64_t entry)
{
	const struct payload_file *file = &payload.file[PAYLOAD_COMMAND_LINE];
	off_t at = (off_t)((uintptr_t)file->data / PAGE * sizeof(entry));
	uint64_t frame = 1;
	char path[128];
	int fd, r;

	fake_file("", "/proc/self/pagemap");
	(void)snprintf(path, sizeof(path), "%s/proc/self/pagemap", fake_root());
	fd = open(path, O_WRONLY | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(pwrite(fd, &entry, sizeof(entry), at), sizeof(entry));
	(void)close(fd);
	r = payload_frames(fake_root(), file, &frame);
	return r == 0 ? (int)frame : r;
}

START_TEST(says_why_it_cannot_tell)
{
	uint64_t frame;

	begin();
	ck_assert_int_eq(open_with(-1), 0);
	ck_assert_int_eq(
		payload_frames(fake_root(), &payload.file[PAYLOAD_COMMAND_LINE], &frame),
		-ENOENT);
	ck_assert_int_eq(frames_with(0xe180000000001234), 0x1234);
	ck_assert_int_eq(frames_with(0xe180000000000000), -EPERM);
	ck_assert_int_eq(frames_with(0x6180000000001234), -EFAULT);
	fake_file("", "/proc/self/pagemap");
	ck_assert_int_eq(
		payload_frames(fake_root(), &payload.file[PAYLOAD_COMMAND_LINE], &frame),
		-EIO);
	payload_done(&payload);
}
END_TEST

/* How many bytes lie in the pipes of this process. */
static size_t bytes_in_pipes(void)
{
	size_t n = 0;

	for (int fd = 3; fd < 1024; fd++) {
		struct stat st;
		int in_pipe;

		/* of each pipe there is one end to read from */
		if (fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode) &&
		    (fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDONLY &&
		    ioctl(fd, FIONREAD, &in_pipe) == 0)
			n += (size_t)in_pipe;
	}
	return n;
}

START_TEST(pins_every_page_for_as_long_as_the_process_lives)
{
	size_t before;

	begin();
	map_large(&payload);
	before = bytes_in_pipes();
	ck_assert_int_eq(payload_pin(&payload.file[PAYLOAD_INITRD]), 0);
	ck_assert_uint_eq(bytes_in_pipes() - before, sizeof(bytes));
	ck_assert_int_eq(payload_pin(&payload.file[PAYLOAD_REPORT]),
			 0); /* there is none */
	payload_done(&payload);
	ck_assert_uint_eq(bytes_in_pipes() - before, sizeof(bytes));
}
END_TEST

START_TEST(says_that_there_are_no_descriptors_to_pin_with)
{
	struct rlimit usual, few;

	begin();
	map_large(&payload);
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &usual), 0);
	few = (struct rlimit){ 3, usual.rlim_max };
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
	ck_assert_int_eq(payload_pin(&payload.file[PAYLOAD_INITRD]), -EMFILE);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &usual), 0);
	payload_done(&payload);
}
END_TEST

UNIT_MAIN("payload", seals_the_bytes_and_the_checksum_of_each_file, opens_what_it_sealed,
	  names_each_file, is_whole_without_an_initrd_or_anything_behind_it,
	  takes_an_initrd_that_somebody_holds_open, refuses_a_seal_cut_at_any_byte,
	  finds_one_flipped_bit_of_the_seal, refuses_a_seal_that_says_more,
	  refuses_a_seal_of_another_form, finds_a_file_of_another_size,
	  finds_one_flipped_bit_of_a_file, needs_every_file, tells_the_frame_of_each_page,
	  says_why_it_cannot_tell, pins_every_page_for_as_long_as_the_process_lives,
	  says_that_there_are_no_descriptors_to_pin_with, opens_what_is_retained,
	  opens_what_is_retained_above_4_gib, refuses_a_place_that_is_none,
	  refuses_what_else_is_said_to_be_retained,
	  needs_the_checksums_of_what_is_retained, needs_a_kernel_that_was_booted_with_it)
