// SPDX-License-Identifier: GPL-2.0-or-later
#include "stages.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mount.h>

#include "initramfs/inventory/mounts.h"
#include "pivot/base/acts.h"
#include "pivot/base/child.h"
#include "pivot/base/clock.h"
#include "pivot/base/log.h"

enum { LOOK_EVERY_MS = 100 };

static int unmount(const void *argument)
{
	const struct mount *mount = argument;

	return act_umount(mount->path, UMOUNT_NOFOLLOW);
}

/* For a server that is gone: what waits for it gives up. Only then, since it cuts short.
 */
static int unmount_by_force(const void *argument)
{
	const struct mount *mount = argument;

	return act_umount(mount->path, UMOUNT_NOFOLLOW | MNT_FORCE);
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

static bool is_hung(const struct teardown *teardown, const struct mount *mount)
{
	for (size_t i = 0; i < teardown->n_hung_mounts; i++)
		if (strcmp(teardown->hung_mounts[i], mount->path) == 0)
			return true;
	return false;
}

static void remember_hung(struct teardown *teardown, const struct mount *mount)
{
	char *path = teardown->hung_mounts[teardown->n_hung_mounts];

	(void)log_warn(0, "unmounting '%s' (%s on %s) hangs", mount->path, mount->type,
		       mount->source);
	if (teardown->n_hung_mounts == HUNG_MOUNTS_MAX ||
	    strlen(mount->path) >= sizeof(teardown->hung_mounts[0]))
		return;
	strcpy(path, mount->path);
	teardown->n_hung_mounts++;
}

/* Ours: the root and its /proc, /sys, /dev; the stage where it is not the root, and
 * above. */
static bool is_spared(const struct teardown *teardown, const struct mount *mount)
{
	size_t n = strlen(mount->path);

	if (mount_is_spared(mount))
		return true;
	return teardown->stage_path &&
	       strncmp(teardown->stage_path, mount->path, n) == 0 &&
	       (teardown->stage_path[n] == '/' || !teardown->stage_path[n]);
}

static int detach_one(struct teardown *teardown, const struct mounts *mounts,
		      const struct mount *mount)
{
	const unsigned int timeout_ms = teardown->handover.detach_ms;
	int r = child_run(unmount, mount, timeout_ms);

	if (r == -EBUSY && may_go_lazily(mounts, mount))
		r = child_run(unmount_lazily, mount, timeout_ms);
	if (r == -ETIMEDOUT)
		r = child_run(unmount_by_force, mount, timeout_ms);
	if (r == -ETIMEDOUT)
		remember_hung(teardown, mount);
	if (r == 0 && !mount_is_virtual(mount))
		log_info("      unmounted %s (%s on %s)", mount->path, mount->type,
			 mount->source);
	return r;
}

int mounts_detach(struct teardown *teardown, size_t *did)
{
	static struct mounts mounts;
	int left = 0, r = mounts_read(teardown->root, &mounts);

	if (r < 0)
		return log_err(r, "cannot read what is mounted");
	for (size_t i = mounts.n; i-- > 0;) {
		struct mount *m = &mounts.mount[i];

		if (is_spared(teardown, m) || is_hung(teardown, m))
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
		n += !is_spared(teardown, &mounts->mount[i]) &&
		     mount_is_dirty(&mounts->mount[i]);
	return n + mounts->has_more;
}

static void remount_read_only(const struct teardown *teardown,
			      const struct mounts *mounts)
{
	const bool is_abrupt = teardown->handover.extent == EXTENT_ABRUPT;

	for (size_t i = mounts->n; i-- > 0;) {
		const struct mount *m = &mounts->mount[i];
		int r;

		if (is_spared(teardown, m) || !mount_is_dirty(m))
			continue;
		r = child_run(make_read_only, m, teardown->handover.detach_ms);
		(void)log_warn(r, "%s '%s' (%s on %s)%s",
			       is_abrupt ? "stays mounted:" : "cannot unmount", m->path,
			       m->type, m->source, r < 0 ? "" : ": made it read-only");
	}
}

/* The kernel's own emergency remount asks nobody, and knows every mount namespace. */
static int force_read_only(const struct teardown *teardown, struct mounts *mounts, int n)
{
	uint64_t end;

	(void)log_warn(0,
		       "forcing every filesystem that can still be written to read-only");
	(void)child_run(sysrq_read_only, NULL, teardown->handover.detach_ms);
	end = clock_ms() + teardown->handover.detach_ms;
	do { /* it works through a queue */
		clock_sleep_ms(LOOK_EVERY_MS);
		if (n > 0)
			n = count_dirty(teardown, mounts);
	} while (n > 0 && clock_ms() < end);
	return n;
}

int mounts_freeze(const struct teardown *teardown)
{
	static struct mounts mounts;
	int n = count_dirty(teardown, &mounts);

	if (n > 0) {
		remount_read_only(teardown, &mounts);
		n = count_dirty(teardown, &mounts);
	}
	/* who cannot be killed may hold what is mounted in its own namespace */
	if (n > 0 || (n == 0 && teardown->has_unkillable))
		n = force_read_only(teardown, &mounts, n);
	return n;
}
