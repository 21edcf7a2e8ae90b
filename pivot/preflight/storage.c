// SPDX-License-Identifier: GPL-2.0-or-later

/* Stacks of block devices that are busy, or that nobody lets go of by name. */

#include <string.h>

#include "checks.h"
#include "initramfs/inventory/blocks.h"
#include "pivot/base/read.h"

/* drivers/md/dm-sysfs.c: what is sent to a suspended device waits until it is resumed;
 * see pivot/base/thaw.h. */
static void check_dm(const char *root, const struct block *block,
		     struct findings *findings)
{
	uint64_t suspended;

	if (read_u64(&suspended, 10, root, "/sys/block/%s/dm/suspended", block->device) ==
		    0 &&
	    suspended)
		find_warning(findings, "dm-suspended",
			     "device-mapper '%s' (%s) is suspended: the takeover "
			     "resumes it, done or not; 'dmsetup resume %s', or wait "
			     "until who suspended it has done",
			     block->detail, block->device, block->detail);
}

/* drivers/md/md.c, action_show(). md keeps on disk how far it has come. */
static void check_md(const char *root, const struct block *block,
		     struct findings *findings)
{
	char action[16];

	if (read_text(action, sizeof(action), root, "/sys/block/%s/md/sync_action",
		      block->device) > 0 &&
	    strcmp(action, "idle") != 0 && strcmp(action, "frozen") != 0)
		find_note(findings, "md-busy",
			  "%s is busy (%s): that is interrupted, and goes on when the "
			  "array is assembled again",
			  block->device, action);
}

static void check_blocks(const struct preflight *p, struct findings *findings)
{
	static struct blocks blocks;

	if (blocks_read(p->root, &blocks) < 0)
		return;
	for (size_t i = 0; i < blocks.n; i++) {
		if (blocks.block[i].kind == BLOCK_DM)
			check_dm(p->root, &blocks.block[i], findings);
		else if (blocks.block[i].kind == BLOCK_MD)
			check_md(p->root, &blocks.block[i], findings);
	}
}

/* OpenZFS: module/os/linux/spl/spl-kstat.c; a folder for each pool that is imported. */
static void check_zfs(const struct preflight *p, struct findings *findings)
{
	struct dir dir;

	dir_for_each (&dir, name, p->root, "/proc/spl/kstat/zfs")
		if (read_exists(p->root, "/proc/spl/kstat/zfs/%s/state", name))
			find_note(findings, "zfs",
				  "the ZFS pool '%s' is unmounted but not exported: in "
				  "another system 'zpool import -f %s'",
				  name, name);
}

static bool is_uuid(const char *name)
{
	return strlen(name) == 36 && name[8] == '-';
}

/* Documentation/admin-guide/bcache.rst: a folder for each cache set that runs. */
static void check_others(const struct preflight *p, struct findings *findings)
{
	struct dir dir;

	dir_for_each (&dir, name, p->root, "/sys/fs/bcache")
		if (is_uuid(name))
			find_note(findings, "bcache",
				  "the bcache set %s is unmounted but not stopped: it is "
				  "as after a power failure, for which it is made",
				  name);
	dir_for_each (&dir, name, p->root, "/sys/block")
		if (strncmp(name, "drbd", 4) == 0)
			find_note(findings, "drbd",
				  "%s is unmounted but not taken down: 'drbdadm "
				  "secondary' it first if its peer is to take over",
				  name);
}

void check_storage(const struct preflight *p, struct findings *findings)
{
	check_blocks(p, findings);
	check_zfs(p, findings);
	check_others(p, findings);
}
