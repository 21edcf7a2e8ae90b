// SPDX-License-Identifier: GPL-2.0-or-later
#include "stages.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>

#include "initramfs/inventory/mounts.h"
#include "pivot/base/acts.h"
#include "pivot/base/log.h"
#include "pivot/base/macros.h"
#include "pivot/base/read.h"

static const struct {
	const char *path, *type,
		*proof; /* proof: a file that is there when it is mounted */
} own_mounts[] = {
	{ "/proc", "proc", "/proc/self/mountinfo" },
	{ "/sys", "sysfs", "/sys/class" },
	{ "/dev", "devtmpfs", "/dev/null" },
};

/* systemd before v257 moves them here, later ones bind them: then there is nothing to do.
 */
int root_mount_own(const char *stage)
{
	char path[PATH_MAX];

	for (size_t i = 0; i < array_size(own_mounts); i++) {
		int r = read_path(path, sizeof(path), stage, "%s", own_mounts[i].path);

		if (r == 0 && read_exists(stage, "%s", own_mounts[i].proof))
			continue;
		if (r == 0)
			r = act_mount(own_mounts[i].type, path, own_mounts[i].type,
				      MS_NOSUID, NULL);
		if (r < 0)
			return log_err(r, "cannot mount '%s'", path);
	}
	return 0;
}

static int read_root_type(const char *root, char type[32])
{
	static struct mounts mounts;
	int r = mounts_read(root, &mounts);

	if (r < 0)
		return r;
	for (size_t i = 0; i < mounts.n; i++)
		if (strcmp(mounts.mount[i].path, "/") == 0)
			(void)snprintf(type, 32, "%.31s", mounts.mount[i].type);
	return 0;
}

/*
 * The kernel's own rootfs cannot be moved, nor be unmounted, and what is mounted on it
 * would be out of sight from a root laid over it. A distro that lives in it (a rescue or
 * netboot system) holds no disk by its root: the init stays there and spares the stage.
 */
static bool is_rootfs(const struct teardown *teardown)
{
	char type[32] =
		"rootfs"; /* a root that is not listed is the rootfs, covered by none */

	return read_root_type(teardown->root, type) == 0 && strcmp(type, "rootfs") == 0;
}

int root_enter(struct teardown *teardown)
{
	const char *stage = teardown->stage_path;
	char old[PATH_MAX];
	int r;

	if (!stage || is_rootfs(teardown))
		return root_mount_own(teardown->root);
	/* pivot_root(2) refuses where mounts propagate to others, as systemd sets it up
	 */
	r = act_mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
	if (r < 0)
		return log_err(r, "cannot make the mounts private");
	r = root_mount_own(stage);
	if (r < 0)
		return r;
	r = read_path(old, sizeof(old), stage, "/oldroot");
	if (r == 0)
		r = act_pivot_root(stage, old);
	if (r < 0)
		return log_err(r, "cannot make '%s' the root", stage);
	teardown->stage_path = NULL;
	return 0;
}
