// SPDX-License-Identifier: GPL-2.0-or-later
#include "stages.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mount.h>

#include "initramfs/child.h"
#include "initramfs/inventory/mounts.h"
#include "pivot/base/acts.h"
#include "pivot/base/clock.h"
#include "pivot/base/log.h"

static int unmount(const void *argument)
{
	const struct mount *mount = argument;
	int r = act_umount(mount->path, UMOUNT_NOFOLLOW);

	/* a server that is gone: give up on what waits for it (NFS and its like) */
	if (r == -EBUSY && !mount_is_virtual(mount))
		r = act_umount(mount->path, UMOUNT_NOFOLLOW | MNT_FORCE);
	return r;
}

static int unmount_lazily(const void *argument)
{
	const struct mount *mount = argument;

	return act_umount(mount->path, UMOUNT_NOFOLLOW | MNT_DETACH);
}

/*
 * Lazy unmounting takes out of sight what may still write. So only for what the kernel
 * makes up, which else would hold the old root for the sake of an open /dev/console; and
 * only where nothing real is mounted below it.
 */
static bool may_go_lazily(const struct mounts *mounts, const struct mount *mount)
{
	size_t n = strlen(mount->path);

	if (!mount_is_virtual(mount))
		return false;
	for (size_t i = 0; i < mounts->n; i++) {
		const struct mount *other = &mounts->mount[i];

		if (strncmp(other->path, mount->path, n) == 0 && other->path[n] == '/' &&
		    !mount_is_virtual(other))
			return false;
	}
	return true;
}

static int make_read_only(const void *argument)
{
	const struct mount *mount = argument;

	return act_mount(NULL, mount->path, NULL, MS_REMOUNT | MS_RDONLY, NULL);
}

static int sysrq_read_only(const void *argument)
{
	(void)argument;
	return act_write("/proc/sysrq-trigger", "u");
}

/* Paths that hung once are not tried again: each try would cost its whole deadline. */
static struct {
	size_t n;
	char path[16][256];
} hung;

static bool is_hung(const struct mount *mount)
{
	for (size_t i = 0; i < hung.n; i++)
		if (strcmp(hung.path[i], mount->path) == 0)
			return true;
	return false;
}

static void remember_hung(const struct mount *mount)
{
	(void)log_warn(0, "unmounting '%s' (%s on %s) hangs", mount->path, mount->type,
		       mount->source);
	if (hung.n < 16 && strlen(mount->path) < sizeof(hung.path[0]))
		strcpy(hung.path[hung.n++], mount->path);
}

static int detach_one(const struct teardown *teardown, const struct mounts *mounts,
		      const struct mount *mount)
{
	int r = child_run(unmount, mount, teardown->handover.detach_ms);

	if (r == -EBUSY && may_go_lazily(mounts, mount))
		r = child_run(unmount_lazily, mount, teardown->handover.detach_ms);
	if (r == -ETIMEDOUT)
		remember_hung(mount);
	if (r == 0 && !mount_is_virtual(mount))
		log_info("      unmounted %s (%s on %s)", mount->path, mount->type,
			 mount->source);
	return r;
}

int mounts_detach(const struct teardown *teardown, size_t *did)
{
	static struct mounts mounts;
	int left = 0, r = mounts_read(teardown->root, &mounts);

	if (r < 0)
		return log_err(r, "cannot read what is mounted");
	for (size_t i = mounts.n; i-- > 0;) {
		struct mount *m = &mounts.mount[i];

		if (mount_is_spared(m) || is_hung(m))
			continue;
		if (detach_one(teardown, &mounts, m) == 0) {
			m->path[0] = '\0'; /* nothing is below anything any more */
			(*did)++;
		} else {
			left++;
		}
	}
	return left + mounts.has_more;
}

/* The ones that did not fit in count as one: nobody knows. */
static int count_dirty(const struct teardown *teardown, struct mounts *mounts)
{
	int n = 0, r = mounts_read(teardown->root, mounts);

	if (r < 0)
		return log_err(r, "cannot read what is mounted");
	for (size_t i = 0; i < mounts->n; i++)
		n += !mount_is_spared(&mounts->mount[i]) &&
		     mount_is_dirty(&mounts->mount[i]);
	return n + mounts->has_more;
}

int mounts_freeze(const struct teardown *teardown)
{
	static struct mounts mounts;
	int n = count_dirty(teardown, &mounts);

	if (n <= 0)
		return n;
	for (size_t i = mounts.n; i-- > 0;) {
		const struct mount *m = &mounts.mount[i];
		int r;

		if (mount_is_spared(m) || !mount_is_dirty(m))
			continue;
		r = child_run(make_read_only, m, teardown->handover.detach_ms);
		(void)log_warn(r, "cannot unmount '%s' (%s on %s)%s", m->path, m->type,
			       m->source, r < 0 ? "" : ": made it read-only");
	}
	n = count_dirty(teardown, &mounts);
	if (n <= 0)
		return n;
	/* the kernel's own emergency remount asks nobody; it works through a queue */
	(void)log_warn(
		0, "%d filesystems can still be written to: forcing them read-only", n);
	(void)child_run(sysrq_read_only, NULL, teardown->handover.detach_ms);
	for (int tries = 0; n > 0 && tries < 50; tries++) {
		clock_sleep_ms(200);
		n = count_dirty(teardown, &mounts);
	}
	return n;
}
