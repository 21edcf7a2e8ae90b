// SPDX-License-Identifier: GPL-2.0-or-later

/* Memory for the load and the stage, and for the target after the jump. */

#include "initramfs/inventory/memory.h"

#include <stdio.h>
#include <string.h>

#include "checks.h"
#include "pivot/base/human.h"
#include "pivot/base/parameter.h"

uint64_t preflight_memory(const struct preflight *p, char *words, size_t words_size)
{
	/* the stage's tmpfs, our own copy of the image, and what the loader allocates
	 * beside */
	const uint64_t own = 2 * (uint64_t)p->image_bytes + (16 << 20);
	const uint64_t payload = p->tree->kernel_bytes + p->tree->initrd_bytes;
	const uint64_t unpack = p->kernel ? p->kernel->init_size : 0;
	char a[HUMAN_BYTES], b[HUMAN_BYTES], c[HUMAN_BYTES];

	(void)snprintf(
		words, words_size,
		"kernel and initrd twice while loading, 2 x %s; room for the kernel to "
		"unpack, %s; the stage, %s",
		human_bytes(payload, a), human_bytes(unpack, b), human_bytes(own, c));
	return 2 * payload + unpack + own;
}

/* kernel/kexec_core.c, sanity_check_segment_list(): half of the memory at most. */
void check_memory(const struct preflight *p, struct findings *findings)
{
	char words[256], need[HUMAN_BYTES], have[HUMAN_BYTES];
	uint64_t payload = p->tree->kernel_bytes + p->tree->initrd_bytes;
	uint64_t total, available, needed, swap = 0;

	if (p->tree->kernel_fd < 0 || memory_read(p->root, "MemTotal", &total) < 0 ||
	    memory_read(p->root, "MemAvailable", &available) < 0)
		return;
	(void)memory_read(p->root, "SwapFree", &swap); /* what runs can go there */
	available += swap;
	needed = preflight_memory(p, words, sizeof(words));
	(void)human_bytes(needed, need);
	(void)human_bytes(available, have);
	if (payload > total / 2)
		find_refusal(
			findings, "memory-half",
			"kernel and initrd are %s, and the kernel loads no more than half "
			"of the machine's memory (%s): use a smaller initrd",
			human_bytes(payload, need), human_bytes(total, have));
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

/*
 * How much the initrd becomes is not known; mostly it is a squashfs, which does not grow.
 * Less than its bytes it does not become. Where it does not fit, the kernel says so in a
 * line of its log and starts the init of what it has.
 */
void check_target_memory(const struct preflight *p, struct findings *findings)
{
	const char *line = p->tree->command_line ?: "";
	const uint64_t initrd = p->tree->initrd_bytes;
	const uint64_t unpack = p->kernel ? p->kernel->init_size : 0;
	char a[HUMAN_BYTES], b[HUMAN_BYTES], c[HUMAN_BYTES];
	uint64_t total, left, room;
	bool is_tmpfs = has_tmpfs_root(line);

	if (p->tree->kernel_fd < 0 || initrd == 0 ||
	    memory_read(p->root, "MemTotal", &total) < 0 || initrd > total / 2)
		return;
	left = total - initrd - (unpack < total - initrd ? unpack : total - initrd);
	room = is_tmpfs ? left / 2 : left;
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
