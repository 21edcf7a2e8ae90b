// SPDX-License-Identifier: GPL-2.0-or-later

/* Memory for the load and the stage, and for the target after the jump. */

#include "initramfs/inventory/memory.h"

#include <stdio.h>
#include <string.h>

#include "checks.h"
#include "pivot/base/human.h"
#include "pivot/base/parameter.h"
#include "pivot/base/read.h"
#include "pivot/kexec/load.h"
#include "pivot/takeover/takeover.h"

static bool has_loader(const struct preflight *p, enum loader loader)
{
	return p->loaders & 1U << loader;
}

static uint64_t read_or_zero(const struct preflight *p, const char *name)
{
	uint64_t bytes;

	return memory_read(p->root, name, &bytes) < 0 ? 0 : bytes;
}

/*
 * Beside the pages themselves, for each of them.
 *
 * Gathered: its frame, 8 bytes; planning, 8; a stretch of them, 16; a move, 24, and once
 * more in the kernel; its slot in a pipe, 40, of which the allocator makes 64; its entry
 * in our page tables, 8. Where two lie together on the average that is 120.
 *
 * Else: its entry in a page table, in the kernel's list (kimage_entry_t), and, for what
 * it reads itself, in the one of vmalloc(): 8 each.
 */
enum { GATHER_PAGE_BYTES = 128, LOAD_PAGE_BYTES = 32 };

/*
 * All that, and the control segment without its moves: its page tables may need a page of
 * them for a GiB, twice, as the kernel's own do once; the rest is some 100 KiB.
 */
static uint64_t lists_bytes(const struct preflight *p, unsigned int page_bytes)
{
	enum { PAGE = 4096, REST_BYTES = 1 << 20, RAM_OF_A_BYTE = 1 << 16 };

	return (p->first->kernel_bytes + tree_initrd_bytes(p->first)) / PAGE *
		       page_bytes +
	       read_or_zero(p, "MemTotal") / RAM_OF_A_BYTE + REST_BYTES;
}

static uint64_t gathered_bytes(const struct preflight *p, char *words, size_t size)
{
	const uint64_t kernel = p->first->kernel_bytes,
		       initrd = tree_initrd_bytes(p->first);
	const uint64_t lists = lists_bytes(p, GATHER_PAGE_BYTES);
	char a[HUMAN_BYTES], b[HUMAN_BYTES];

	(void)human_bytes(lists, b);
	if (stage_leaves_outside(p->first->initrd_fd)) {
		(void)snprintf(words, size,
			       "the kernel, %s, while the initrd stays where it is; "
			       "lists of their pages, %s",
			       human_bytes(kernel, a), b);
		return kernel + p->first->appended_bytes + lists;
	}
	(void)snprintf(words, size,
		       "kernel and initrd once, %s; lists of their pages, %s",
		       human_bytes(kernel + initrd, a), b);
	return kernel + initrd + lists;
}

static uint64_t loaded_bytes(const struct preflight *p, char *words, size_t size)
{
	const uint64_t payload = p->first->kernel_bytes + tree_initrd_bytes(p->first);
	const uint64_t lists = lists_bytes(p, LOAD_PAGE_BYTES);
	char a[HUMAN_BYTES], b[HUMAN_BYTES];

	(void)snprintf(words, size,
		       "kernel and initrd once, %s; lists of their pages, %s",
		       human_bytes(payload, a), human_bytes(lists, b));
	return payload + lists;
}

/* Of others than ours the kernel takes pages for what it unpacks to, too, and zeroes them
 * (kernel/kexec_core.c, kimage_load_normal_segment()). */
static uint64_t kernel_room(const struct preflight *p)
{
	const uint64_t unpack = p->first_kernel ? p->first_kernel->init_size : 0;

	return unpack > p->first->kernel_bytes ? unpack : p->first->kernel_bytes;
}

/* By kexec_file_load(2) or kexec-tools: the files are read as a whole, then copied. */
static uint64_t read_and_loaded_bytes(const struct preflight *p, char *words, size_t size)
{
	const uint64_t kernel = p->first->kernel_bytes,
		       initrd = tree_initrd_bytes(p->first);
	const uint64_t room = kernel_room(p);
	const uint64_t lists = lists_bytes(p, LOAD_PAGE_BYTES);
	char a[HUMAN_BYTES], b[HUMAN_BYTES], c[HUMAN_BYTES], d[HUMAN_BYTES];

	(void)snprintf(words, size,
		       "the initrd twice while loading, 2 x %s; the kernel, %s, and room "
		       "for it to unpack, %s; lists of their pages, %s",
		       human_bytes(initrd, a), human_bytes(kernel, b),
		       human_bytes(room, c), human_bytes(lists, d));
	return 2 * initrd + kernel + room + lists;
}

/* By the loader that is tried first. */
static uint64_t payload_bytes(const struct preflight *p, char *words, size_t size)
{
	if (has_loader(p, LOADER_GATHER))
		return gathered_bytes(p, words, size);
	return has_loader(p, LOADER_LOAD) ? loaded_bytes(p, words, size)
					  : read_and_loaded_bytes(p, words, size);
}

/* Is the initrd made in memory? What is appended to one, only for who takes one file. */
static bool is_made(const struct preflight *p)
{
	if (has_loader(p, LOADER_GATHER))
		return false;
	return p->middle || (p->first->appended_bytes && !has_loader(p, LOADER_LOAD));
}

/* What copies it needs that once more. */
static uint64_t made_bytes(const struct preflight *p, char *words, size_t size)
{
	const uint64_t initrd = tree_initrd_bytes(p->first);
	size_t used = strlen(words);
	char a[HUMAN_BYTES];

	if (!is_made(p))
		return 0;
	(void)snprintf(words + used, size - used, "; the %s, %s",
		       p->middle ? "middle kernel's initrd"
				 : "initrd with what is appended to it (not with "
				   "--no-keep-ssh --no-keep-network)",
		       human_bytes(initrd, a));
	return initrd;
}

uint64_t preflight_memory(const struct preflight *p, char *words, size_t words_size)
{
	/* the stage's tmpfs, our own copies of the image and of what is appended to the
	 * initrd, and what the tool needs itself */
	const uint64_t own =
		2 * (uint64_t)p->image_bytes + p->tree->appended_bytes + (16 << 20);
	uint64_t payload = payload_bytes(p, words, words_size);
	size_t used = strlen(words);
	char a[HUMAN_BYTES];

	(void)snprintf(words + used, words_size - used, "; the stage, %s",
		       human_bytes(own, a));
	return payload + made_bytes(p, words, words_size) + own;
}

/* What runs can go to the swap. */
static uint64_t available_bytes(const struct preflight *p)
{
	return read_or_zero(p, "MemAvailable") + read_or_zero(p, "SwapFree");
}

/* Reserved for a kernel that runs when this one panics. */
static uint64_t crash_bytes(const struct preflight *p)
{
	uint64_t bytes;

	return read_u64(&bytes, 10, p->root, "/sys/kernel/kexec_crash_size") < 0 ? 0
										 : bytes;
}

bool preflight_wants_crash_memory(const struct preflight *p)
{
	const uint64_t available = available_bytes(p), crash = crash_bytes(p);
	char words[512];
	uint64_t needed = preflight_memory(p, words, sizeof(words));

	return p->first->kernel_fd >= 0 && needed > available &&
	       needed <= available + crash;
}

bool preflight_wants_free_memory(const struct preflight *p)
{
	char words[512];

	return p->first->kernel_fd >= 0 &&
	       preflight_memory(p, words, sizeof(words)) > read_or_zero(p, "MemFree");
}

static void check_amount(const struct preflight *p, struct findings *findings)
{
	const uint64_t available = available_bytes(p);
	char words[512], need[HUMAN_BYTES], have[HUMAN_BYTES], crash[HUMAN_BYTES];
	uint64_t needed = preflight_memory(p, words, sizeof(words));

	(void)human_bytes(needed, need);
	(void)human_bytes(available, have);
	if (preflight_wants_crash_memory(p))
		find_warning(
			findings, "crash-memory",
			"memory is short: %s needed, %s available (%s): the %s that are "
			"reserved for a crash kernel are given back, and until the next "
			"boot there will be no crash dump",
			need, have, words, human_bytes(crash_bytes(p), crash));
	else if (needed > available)
		find_refusal(
			findings, "memory",
			"too little memory: %s needed, %s available (%s): stop services, "
			"or use a smaller initrd",
			need, have, words);
	else
		find_note(findings, "memory", "memory: %s needed, %s available (%s)",
			  need, have, words);
}

/* What the kernel is given to load; our own loader does not count what it unpacks to. */
static uint64_t segments_bytes(const struct preflight *p)
{
	return tree_initrd_bytes(p->first) +
	       (has_loader(p, LOADER_LOAD) ? p->first->kernel_bytes : kernel_room(p));
}

/* kernel/kexec_core.c, sanity_check_segment_list(): half of the memory at most. */
static bool is_too_much_to_load(const struct preflight *p)
{
	return segments_bytes(p) > read_or_zero(p, "MemTotal") / 2 &&
	       !has_loader(p, LOADER_GATHER);
}

void check_memory(const struct preflight *p, struct findings *findings)
{
	char need[HUMAN_BYTES], have[HUMAN_BYTES];
	uint64_t total, available;

	if (p->first->kernel_fd < 0 || memory_read(p->root, "MemTotal", &total) < 0 ||
	    memory_read(p->root, "MemAvailable", &available) < 0)
		return;
	if (is_too_much_to_load(p))
		find_refusal(
			findings, "memory-half",
			"kernel and initrd are %s, and the kernel loads no more than half "
			"of the machine's memory (%s): use a smaller initrd",
			human_bytes(segments_bytes(p), need), human_bytes(total, have));
	else
		check_amount(p, findings);
}

/*
 * init/do_mounts.c, init_rootfs(): a tmpfs, unless root= or rootfstype= say otherwise,
 * takes half of the memory (mm/shmem.c, shmem_default_max_blocks()), of what the initrd
 * leaves, because that is given back only when it is unpacked.
 */
static bool has_tmpfs_root(const char *line)
{
	size_t n;
	const char *type = parameter_find(line, "rootfstype", &n);

	if (type)
		return memmem(type, n, "tmpfs", 5);
	return !parameter_find(line, "root", &n);
}

/* What there is for the unpacked initrd, of all the target has. false: not known. */
static bool read_room(const struct preflight *p, uint64_t *ret, uint64_t *ret_total)
{
	const uint64_t unpack = p->kernel ? p->kernel->init_size : 0;
	const uint64_t taken = tree_initrd_bytes(p->tree) + unpack;
	uint64_t total;

	if (p->tree->kernel_fd < 0 || p->tree->initrd_bytes == 0 ||
	    memory_read(p->root, "MemTotal", &total) < 0)
		return false;
	*ret = total > taken ? total - taken : 0;
	if (has_tmpfs_root(p->tree->command_line ?: ""))
		*ret /= 2;
	*ret_total = total;
	return true;
}

/* Most of an initrd is a squashfs, which does not grow, and some of it does. */
bool preflight_wants_ramfs(const struct preflight *p)
{
	const uint64_t initrd = tree_initrd_bytes(p->tree);
	const char *line = p->tree->command_line ?: "";
	uint64_t room, total;
	size_t n;

	return !parameter_find(line, "root", &n) &&
	       !parameter_find(line, "rootfstype", &n) && read_room(p, &room, &total) &&
	       initrd + initrd / 4 > room;
}

/*
 * How much the initrd becomes is not known; mostly it is a squashfs, which does not grow.
 * Less than its bytes it does not become. Where it does not fit, the kernel says so in a
 * line of its log and starts the init of what it has.
 */
void check_target_memory(const struct preflight *p, struct findings *findings)
{
	const uint64_t initrd = tree_initrd_bytes(p->tree);
	bool is_tmpfs = has_tmpfs_root(p->tree->command_line ?: "");
	char a[HUMAN_BYTES], b[HUMAN_BYTES], c[HUMAN_BYTES];
	uint64_t room, total;

	/* what cannot even be loaded is refused, and that was said */
	if (!read_room(p, &room, &total) || initrd > total || is_too_much_to_load(p))
		return;
	(void)human_bytes(initrd, a);
	(void)human_bytes(total, b);
	(void)human_bytes(room, c);
	if (initrd > room && is_tmpfs)
		find_warning(
			findings, "target-memory",
			"the target will have %s for its unpacked initrd, which is %s "
			"already: a tmpfs takes half of what the initrd and the kernel "
			"leave of %s, and what does not fit is cut off; "
			"'--append rootfstype=ramfs' lifts that, or use a smaller initrd",
			c, a, b);
	else if (initrd > room)
		find_warning(findings, "target-memory",
			     "the target will have %s for its unpacked initrd, which is "
			     "%s already: use a smaller initrd",
			     c, a);
	else
		find_note(findings, "target-memory",
			  "in the target the initrd, %s, may become %s when it is "
			  "unpacked (%s of what it and the kernel leave of %s%s)",
			  a, c, is_tmpfs ? "a tmpfs, half" : "a ramfs, all", b,
			  is_tmpfs ? "; all with '--append rootfstype=ramfs'" : "");
}
