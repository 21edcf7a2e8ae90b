// SPDX-License-Identifier: GPL-2.0-or-later

/*
 * The middle kernel's initrd: as that kernel reads it, as its init finds it, and how the
 * target comes out of it.
 */

#include "pivot/middle/initrd.h"

#include <archive.h>
#include <archive_entry.h>
#include <asm/bootparam.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fake-acts.h"
#include "fake-bzimage.h"
#include "fake-output.h"
#include "fake-ram.h"
#include "fake-root.h"
#include "initramfs/middle.h"
#include "pivot/base/file.h"
#include "pivot/base/macros.h"
#include "pivot/embedded.h"
#include "pivot/kexec/boot-params.h"
#include "pivot/kexec/gather.h"
#include "pivot/kexec/payload.h"
#include "pivot/kexec/purgatory/moves.h"
#include "pivot/tree/spool.h"
#include "unit.h"

enum {
	SETUP = BZIMAGE_SETUP_BYTES,
	BODY = 5 * RAM_PAGE + 16,
	INITRD = 300 * RAM_PAGE - 100, /* more than is copied at a time */
	KERNEL_PAGES = 6,
	INITRD_PAGES = 300,
	ENTRIES = 64,
};

static uint8_t kernel[SETUP + BODY], initrd[INITRD];
static const char command_line[] = "init=/init quiet";
static struct tree tree;
static struct kernel_image image;
static struct handover handover;
static struct middle_modules modules;
static struct middle_request request;
static const char *said;

static struct composed {
	uint8_t *data;
	size_t n;
} composed;

static void put_random(uint8_t *to, size_t n)
{
	uint64_t state = n;

	for (size_t i = 0; i < n; i++) {
		state = state * 6364136223846793005 + 1442695040888963407;
		to[i] = (uint8_t)(state >> 56);
	}
}

static int open_file(const char *path)
{
	char full[PATH_MAX];
	int fd;

	(void)snprintf(full, sizeof(full), "%s%s", fake_root(), path);
	fd = open(full, O_RDONLY | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	return fd;
}

static void put_tree(void)
{
	char why_not[256];

	put_random(kernel + SETUP, BODY);
	fake_bzimage(kernel, sizeof(kernel));
	put_random(initrd, INITRD);
	ck_assert_int_eq(kernel_parse(kernel, sizeof(kernel), sizeof(kernel), &image,
				      why_not, sizeof(why_not)),
			 0);
	fake_bytes(kernel, sizeof(kernel), "/result/bzImage");
	fake_bytes(initrd, INITRD, "/result/initrd");
	tree = (struct tree){
		.kernel_name = (char *)"result/bzImage",
		.initrd_name = (char *)"result/initrd",
		.kernel_fd = open_file("/result/bzImage"),
		.initrd_fd = open_file("/result/initrd"),
		.kernel_bytes = sizeof(kernel),
		.initrd_bytes = INITRD,
		.command_line = (char *)command_line,
	};
	ck_assert_int_eq(fstat(tree.kernel_fd, &tree.kernel_stat), 0);
	ck_assert_int_eq(fstat(tree.initrd_fd, &tree.initrd_stat), 0);
}

static void put_modules(void)
{
	static struct middle_module module[] = {
		{ .name = (char *)"mii",
		  .path = (char *)"kernel/drivers/net/mii.ko",
		  .options = (char *)"",
		  .data = (char *)"the mii",
		  .size = 7 },
		{ .name = (char *)"bnx2x",
		  .path = (char *)"kernel/drivers/net/bnx2x.ko",
		  .options = (char *)"num_queues=1 \"a=b c\"",
		  .data = (char *)"the bnx2x",
		  .size = 9 },
		{ .name = (char *)"ahci",
		  .path = (char *)"kernel/drivers/ata/ahci.ko",
		  .options = (char *)"",
		  .data = (char *)"the ahci",
		  .size = 8 },
	};
	static struct middle_firmware firmware[] = {
		{ (char *)"bnx2x/e1/a.fw", (char *)"a firmware", 10 },
		{ (char *)"bnx2x/b.fw", (char *)"another", 7 },
		{ (char *)"c.fw", (char *)"", 0 },
	};

	modules = (struct middle_modules){
		.n = array_size(module),
		.module = module,
		.n_firmware = array_size(firmware),
		.firmware = firmware,
		.module_bytes = 24,
		.firmware_bytes = 17,
	};
}

static void begin(void)
{
	fake_start();
	put_tree();
	put_modules();
	handover = handover_default();
	handover.hop = HOP_MIDDLE;
	strcpy(handover.target, "Linux 6.12 (a tree)");
	request = (struct middle_request){
		.target = &tree,
		.kernel = &image,
		.modules = &modules,
		.handover = &handover,
	};
}

static void without_initrd(void)
{
	(void)close(tree.initrd_fd);
	tree.initrd_fd = -1;
	tree.initrd_bytes = 0;
	tree.initrd_name = NULL;
}

static void without_modules(void)
{
	static struct middle_modules none;

	request.modules = &none;
}

static int write_to(int fd)
{
	int r;

	ck_assert_int_ge(fd, 0);
	output_catch();
	r = middle_initrd_write(&request, fd);
	said = output_caught();
	return r;
}

static struct composed compose(void)
{
	int fd = spool_create_in_memory();
	struct composed ret;
	struct stat st;

	ck_assert_int_eq(write_to(fd), 0);
	ck_assert_str_eq(said, "");
	ck_assert_int_eq(fstat(fd, &st), 0);
	ret.n = (size_t)st.st_size;
	ret.data = malloc(ret.n);
	ck_assert_ptr_nonnull(ret.data);
	ck_assert_int_eq(file_read_at(fd, ret.data, ret.n, 0), (ssize_t)ret.n);
	(void)close(fd);
	return ret;
}

/* --- as the kernel reads it --- */

/* Source: init/initramfs.c, with its own names. */
struct unpacking {
	const uint8_t *victim;
	size_t byte_count;
	uint64_t this_header;
	char log[256];	       /* what it comes upon */
	const uint8_t *packed; /* the compressed archive, and what is behind it */
};

static void eat(struct unpacking *u, size_t n)
{
	ck_assert_uint_le(n, u->byte_count);
	u->victim += n;
	u->this_header += n;
	u->byte_count -= n;
}

static uint64_t field(const uint8_t *header, int i)
{
	char text[9];

	memcpy(text, header + 6 + 8 * i, 8);
	text[8] = '\0';
	return strtoull(text, NULL, 16);
}

static uint64_t n_align(uint64_t n)
{
	return ((n + 1) & ~3ULL) + 2;
}

/* do_header(), do_name() and do_skip() of an entry. Was it the trailer? */
static bool read_entry(struct unpacking *u)
{
	const uint8_t *header = u->victim;
	uint64_t mode, body, name, next;
	char line[64];
	bool is_trailer = false;

	ck_assert_mem_eq(header, "070701", 6);
	mode = field(header, 1);
	body = field(header, 6);
	name = field(header, 11);
	eat(u, 110);
	next = (u->this_header + n_align(name) + body + 3) & ~3ULL;
	ck_assert_uint_gt(name, 0);
	ck_assert_uint_le(name, PATH_MAX);
	ck_assert(!S_ISLNK(mode));
	(void)snprintf(line, sizeof(line), "skip %llu, ", (unsigned long long)body);
	if (S_ISREG(mode) || !body) {
		ck_assert_uint_eq(u->victim[name - 1], 0);
		is_trailer = strcmp((const char *)u->victim, "TRAILER!!!") == 0;
		ck_assert(is_trailer); /* nothing else is unpacked from here */
		strcpy(line, "trailer, ");
	}
	strcat(u->log, line);
	eat(u, next - u->this_header);
	return is_trailer;
}

/*
 * unpack_to_rootfs(). Whether an entry that is skipped is followed by "Start" or by
 * "Reset", which eats zeros, is left over from the initramfs in the kernel: a header has
 * to stand right behind it.
 */
static void unpack(const struct composed *c, struct unpacking *u)
{
	*u = (struct unpacking){ .victim = c->data, .byte_count = c->n };
	while (u->byte_count > 0 && !u->packed) {
		if (*u->victim == '0') {
			ck_assert_uint_eq(u->this_header & 3, 0);
			while (!read_entry(u))
				continue;
		} else if (*u->victim == 0) {
			eat(u, 1);
		} else {
			ck_assert_mem_eq(u->victim, "\x1f\x8b", 2);
			strcat(u->log, "gzip");
			u->packed = u->victim;
		}
	}
	ck_assert_ptr_nonnull(u->packed);
}

/* --- what is in the archive --- */

static struct entry {
	char path[64];
	unsigned int mode;
	char *data; /* with a NUL behind it */
	size_t n;
} entries[ENTRIES];

static size_t n_entries;

static void take_entry(struct archive *archive, struct archive_entry *from)
{
	struct entry *e = &entries[n_entries++];

	ck_assert_uint_le(n_entries, ENTRIES);
	(void)snprintf(e->path, sizeof(e->path), "%s", archive_entry_pathname(from));
	e->mode = archive_entry_mode(from);
	e->n = S_ISREG(e->mode) ? (size_t)archive_entry_size(from) : 0;
	e->data = calloc(1, e->n + 1);
	ck_assert_ptr_nonnull(e->data);
	ck_assert_int_eq(archive_read_data(archive, e->data, e->n), (la_ssize_t)e->n);
}

static void take_entries(const void *data, size_t n)
{
	struct archive *archive = archive_read_new();
	struct archive_entry *entry;
	int r;

	n_entries = 0;
	ck_assert_int_eq(archive_read_support_filter_gzip(archive), ARCHIVE_OK);
	ck_assert_int_eq(archive_read_support_format_cpio(archive), ARCHIVE_OK);
	ck_assert_int_eq(archive_read_open_memory(archive, data, n), ARCHIVE_OK);
	while ((r = archive_read_next_header(archive, &entry)) == ARCHIVE_OK)
		take_entry(archive, entry);
	ck_assert_int_eq(r, ARCHIVE_EOF);
	ck_assert_int_eq(archive_format(archive), ARCHIVE_FORMAT_CPIO_SVR4_NOCRC);
	ck_assert_int_eq(archive_read_free(archive), ARCHIVE_OK);
}

/* Composes it, reads it as the kernel does, and takes the archive apart. */
static struct unpacking compose_and_unpack(void)
{
	struct unpacking u;

	composed = compose();
	unpack(&composed, &u);
	take_entries(u.packed, composed.n - (size_t)(u.packed - composed.data));
	return u;
}

static const struct entry *find(const char *path)
{
	for (size_t i = 0; i < n_entries; i++)
		if (strcmp(entries[i].path, path) == 0)
			return &entries[i];
	return NULL;
}

static void assert_holds(const char *path, const void *data, size_t n)
{
	const struct entry *e = find(path);

	ck_assert_msg(e, "no '%s'", path);
	ck_assert_uint_eq(e->n, n);
	ck_assert_mem_eq(e->data, data, n);
}

START_TEST(is_what_a_kernel_skips_and_then_the_image)
{
	struct unpacking u;
	char log[64];

	begin();
	u = compose_and_unpack();
	(void)snprintf(log, sizeof(log), "skip %d, trailer, gzip",
		       (KERNEL_PAGES + INITRD_PAGES) * RAM_PAGE + PAYLOAD_ROOM_BYTES);
	ck_assert_str_eq(u.log, log);
}
END_TEST

START_TEST(has_the_target_at_whole_pages_behind_the_first)
{
	static const uint8_t zeros[RAM_PAGE];
	const uint8_t *at;

	begin();
	(void)compose_and_unpack();
	at = composed.data + RAM_PAGE;
	ck_assert_mem_eq(at, kernel + SETUP, BODY);
	ck_assert_mem_eq(at + BODY, zeros, KERNEL_PAGES * RAM_PAGE - BODY);
	at += KERNEL_PAGES * RAM_PAGE;
	ck_assert_mem_eq(at, initrd, INITRD);
	ck_assert_mem_eq(at + INITRD, zeros, INITRD_PAGES * RAM_PAGE - INITRD);
	at += INITRD_PAGES * RAM_PAGE;
	for (size_t i = 0; i < PAYLOAD_ROOM_BYTES; i += RAM_PAGE)
		ck_assert_mem_eq(at + i, zeros, RAM_PAGE);
}
END_TEST

START_TEST(has_an_init_that_knows_which_hop_it_is)
{
	struct handover found;
	const struct entry *text;

	begin();
	(void)compose_and_unpack();
	assert_holds("init", embedded_find("init")->data, embedded_find("init")->size);
	assert_holds("bin/busybox", embedded_find("busybox")->data,
		     embedded_find("busybox")->size);
	text = find("handover");
	ck_assert_ptr_nonnull(strstr(text->data, "\nhop middle\n"));
	ck_assert_int_eq(handover_parse(text->data, &found), 0);
	ck_assert_int_eq(found.hop, HOP_MIDDLE);
	ck_assert_int_eq(found.extent, EXTENT_CLEAN);
	ck_assert_str_eq(found.target, "Linux 6.12 (a tree)");
}
END_TEST

START_TEST(has_the_modules_and_the_order_to_load_them)
{
	static const char order[] = "mii.ko\n"
				    "bnx2x.ko num_queues=1 \"a=b c\"\n"
				    "ahci.ko\n";

	begin();
	(void)compose_and_unpack();
	ck_assert_str_eq(MIDDLE_MODULES, "/modules");
	assert_holds("modules/order", order, strlen(order));
	assert_holds("modules/mii.ko", "the mii", 7);
	assert_holds("modules/bnx2x.ko", "the bnx2x", 9);
	assert_holds("modules/ahci.ko", "the ahci", 8);
	ck_assert_uint_eq(find("modules")->mode, S_IFDIR | 0700);
}
END_TEST

/* The kernel makes no folder that is not in the archive. */
START_TEST(has_each_folder_before_what_is_in_it)
{
	begin();
	(void)compose_and_unpack();
	assert_holds("lib/firmware/bnx2x/e1/a.fw", "a firmware", 10);
	assert_holds("lib/firmware/bnx2x/b.fw", "another", 7);
	assert_holds("lib/firmware/c.fw", "", 0);
	for (size_t i = 0; i < n_entries; i++) {
		char folder[64];
		char *slash;

		strcpy(folder, entries[i].path);
		ck_assert_msg(folder[0] != '/', "%s", folder);
		slash = strrchr(folder, '/');
		if (!slash)
			continue;
		*slash = '\0';
		ck_assert_msg(find(folder) && find(folder) < &entries[i], "%s",
			      entries[i].path);
		ck_assert(S_ISDIR(find(folder)->mode));
	}
}
END_TEST

START_TEST(has_an_order_where_there_are_no_modules)
{
	begin();
	without_modules();
	(void)compose_and_unpack();
	assert_holds("modules/order", "", 0);
	ck_assert_ptr_null(find("lib"));
}
END_TEST

START_TEST(says_of_the_target_what_cannot_be_read)
{
	begin();
	(void)compose_and_unpack();
	assert_holds("payload/setup", kernel, SETUP);
	assert_holds("payload/command-line", command_line, strlen(command_line));
	ck_assert_uint_eq(find("payload/checksums")->n,
			  (KERNEL_PAGES + INITRD_PAGES) * sizeof(uint32_t));
	ck_assert_ptr_nonnull(find("payload/seal"));
	ck_assert_ptr_null(find("payload/kernel"));
	ck_assert_ptr_null(find("payload/initrd"));
	for (size_t i = 0; i < n_entries; i++)
		if (strncmp(entries[i].path, "payload/", 8) == 0)
			ck_assert_uint_eq(entries[i].mode, S_IFREG | 0600);
}
END_TEST

/* --- as its init finds it --- */

enum { AT = RAM_FIRST + 700 }; /* the frame where the boot loader, or kexec, put it */

static struct payload payload;
static struct gather gather;
static const struct purgatory_job *job;

/* What is retained of it, in memory; and the files of the archive, unpacked. */
static void boot(void)
{
	static struct boot_params zero_page;
	size_t retained = (size_t)field(composed.data, 6) + RAM_PAGE;

	ram_start();
	memcpy(ram_at(AT * RAM_PAGE, retained), composed.data, retained);
	zero_page.hdr.ramdisk_image = (uint32_t)(AT * RAM_PAGE);
	zero_page.hdr.ramdisk_size = (uint32_t)composed.n;
	fake_bytes(&zero_page, sizeof(zero_page), "/sys/kernel/boot_params/data");
	fake_file("0\n", "/sys/kernel/kexec_loaded");
	for (size_t i = 0; i < n_entries; i++)
		if (strncmp(entries[i].path, "payload/", 8) == 0)
			fake_bytes(entries[i].data, entries[i].n, "/%s", entries[i].path);
}

static void compose_and_boot(void)
{
	(void)compose_and_unpack();
	boot();
	ck_assert_int_eq(payload_open(fake_root(), PAYLOAD_FOLDER, -1, &payload), 0);
	ck_assert_int_eq(payload_check(&payload), 0);
}

static const struct boot_params *load(void)
{
	char why[WHY_BYTES];
	int r = gather_load(fake_root(), &payload, &gather, why);
	const struct move *changed;

	ck_assert_msg(r == 0, "%d: %s", r, why);
	job = ram_place();
	ck_assert(purgatory_check(job, &changed));
	purgatory_move(job);
	return (const void *)ram_at(job->boot_params, sizeof(struct boot_params));
}

START_TEST(is_what_the_init_opens)
{
	const struct payload_file *file = payload.file;

	begin();
	compose_and_boot();
	ck_assert_uint_eq(file[PAYLOAD_KERNEL].retained, (AT + 1) * RAM_PAGE);
	ck_assert_uint_eq(file[PAYLOAD_KERNEL].bytes, BODY);
	ck_assert_uint_eq(file[PAYLOAD_INITRD].retained,
			  (AT + 1 + KERNEL_PAGES) * RAM_PAGE);
	ck_assert_uint_eq(file[PAYLOAD_INITRD].bytes, INITRD);
	ck_assert_uint_eq(file[PAYLOAD_SETUP].bytes, SETUP);
	ck_assert_uint_eq(file[PAYLOAD_COMMAND_LINE].bytes, strlen(command_line));
	payload_done(&payload);
}
END_TEST

START_TEST(leads_to_the_target)
{
	const struct boot_params *params;

	begin();
	compose_and_boot();
	params = load();
	ck_assert_mem_eq(ram_at(job->entry - BOOT_ENTRY_64, BODY), kernel + SETUP, BODY);
	ck_assert_uint_eq(params->hdr.ramdisk_size, INITRD);
	ck_assert_mem_eq(ram_at(params->hdr.ramdisk_image, INITRD), initrd, INITRD);
	ck_assert_str_eq((char *)ram_at(params->hdr.cmd_line_ptr, sizeof(command_line)),
			 command_line);
	gather_done(&gather);
	payload_done(&payload);
}
END_TEST

/* It is part of the initrd there. */
START_TEST(leads_to_a_target_with_something_behind_its_initrd)
{
	static const uint8_t zeros[100];
	const struct boot_params *params;
	const uint8_t *arrived;

	begin();
	fake_file("what travels", "/appended");
	tree.appended_fd = open_file("/appended");
	tree.appended_bytes = 12;
	compose_and_boot();
	ck_assert_ptr_null(find("payload/extra"));
	params = load();
	ck_assert_uint_eq(params->hdr.ramdisk_size, INITRD + 100 + 12);
	arrived = ram_at(params->hdr.ramdisk_image, INITRD + 100 + 12);
	ck_assert_mem_eq(arrived, initrd, INITRD);
	ck_assert_mem_eq(arrived + INITRD, zeros, 100);
	ck_assert_mem_eq(arrived + INITRD + 100, "what travels", 12);
	gather_done(&gather);
	payload_done(&payload);
}
END_TEST

START_TEST(leads_to_a_target_without_an_initrd)
{
	const struct boot_params *params;

	begin();
	without_initrd();
	compose_and_boot();
	ck_assert_uint_eq(payload.file[PAYLOAD_INITRD].bytes, 0);
	ck_assert_uint_eq(payload.file[PAYLOAD_INITRD].retained, 0);
	params = load();
	ck_assert_mem_eq(ram_at(job->entry - BOOT_ENTRY_64, BODY), kernel + SETUP, BODY);
	ck_assert_uint_eq(params->hdr.ramdisk_size, 0);
	gather_done(&gather);
	payload_done(&payload);
}
END_TEST

/* --- what else is promised --- */

START_TEST(has_the_same_bytes_every_time)
{
	struct composed again;

	begin();
	composed = compose();
	again = compose();
	ck_assert_uint_eq(again.n, composed.n);
	ck_assert_mem_eq(again.data, composed.data, again.n);
	free(again.data);
}
END_TEST

static void assert_bound_holds(void)
{
	uint64_t bound = middle_initrd_bound(&request);
	struct composed c = compose();

	ck_assert_uint_le(c.n, bound);
	ck_assert_uint_lt(bound, c.n + (256 << 10)); /* and says something */
	free(c.data);
}

START_TEST(is_no_longer_than_was_said)
{
	static uint8_t noise[200000];
	struct middle_module *module;

	begin();
	assert_bound_holds();
	put_random(noise, sizeof(noise)); /* nothing to compress */
	module = &modules.module[1];
	modules.module_bytes += sizeof(noise) - module->size;
	module->data = noise;
	module->size = sizeof(noise);
	assert_bound_holds();
	without_modules();
	assert_bound_holds();
	without_initrd();
	assert_bound_holds();
}
END_TEST

START_TEST(is_the_image_alone_where_there_is_no_target)
{
	struct image alone;

	begin();
	request.target = NULL;
	request.kernel = NULL;
	ck_assert_int_eq(middle_image(&request, &alone), 0);
	take_entries(alone.data, alone.size);
	ck_assert_ptr_nonnull(find("modules/bnx2x.ko"));
	ck_assert_ptr_nonnull(find("init"));
	ck_assert_ptr_null(find("payload/seal"));
	image_done(&alone);
}
END_TEST

/* --- what fails --- */

START_TEST(refuses_files_that_become_shorter)
{
	static const char *const names[] = { "/result/initrd", "/result/bzImage" };

	for (size_t i = 0; i < array_size(names); i++) {
		char full[PATH_MAX];

		begin();
		(void)snprintf(full, sizeof(full), "%s%s", fake_root(), names[i]);
		ck_assert_int_eq(truncate(full, 1000), 0);
		ck_assert_int_eq(write_to(spool_create_in_memory()), -ESTALE);
		ck_assert_msg(strstr(said, "has become shorter"), "%s", said);
		ck_assert_msg(strstr(said, names[i] + 1), "%s", said);
	}
}
END_TEST

START_TEST(refuses_files_that_changed_on_the_way)
{
	begin();
	fake_append("/result/initrd", "more");
	ck_assert_int_eq(write_to(spool_create_in_memory()), -ESTALE);
}
END_TEST

/* The length of an entry has 32 bits. */
START_TEST(refuses_what_is_too_large)
{
	begin();
	tree.initrd_bytes = 4ULL << 30;
	ck_assert_int_eq(write_to(spool_create_in_memory()), -E2BIG);
	ck_assert_msg(strstr(said, "use --stages=1"), "%s", said);
}
END_TEST

START_TEST(refuses_more_modules_than_their_order_has_room_for)
{
	static struct middle_module many[1000];

	begin();
	for (size_t i = 0; i < array_size(many); i++) {
		many[i] = modules.module[0];
		many[i].options = (char *)"an_option=of_forty_characters_or_so";
	}
	modules.module = many;
	modules.n = array_size(many);
	ck_assert_int_eq(write_to(spool_create_in_memory()), -E2BIG);
	ck_assert_msg(strstr(said, "modules are too many"), "%s", said);
	for (size_t i = 0; i < array_size(many); i++)
		many[i].options = (char *)"";
	ck_assert_int_eq(write_to(spool_create_in_memory()), 0);
}
END_TEST

UNIT_MAIN("middle initrd", is_what_a_kernel_skips_and_then_the_image,
	  has_the_target_at_whole_pages_behind_the_first,
	  has_an_init_that_knows_which_hop_it_is,
	  has_the_modules_and_the_order_to_load_them,
	  has_each_folder_before_what_is_in_it, has_an_order_where_there_are_no_modules,
	  says_of_the_target_what_cannot_be_read, is_what_the_init_opens,
	  leads_to_the_target, leads_to_a_target_with_something_behind_its_initrd,
	  leads_to_a_target_without_an_initrd, has_the_same_bytes_every_time,
	  is_no_longer_than_was_said, is_the_image_alone_where_there_is_no_target,
	  refuses_files_that_become_shorter, refuses_files_that_changed_on_the_way,
	  refuses_what_is_too_large, refuses_more_modules_than_their_order_has_room_for)
