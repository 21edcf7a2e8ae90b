// SPDX-License-Identifier: GPL-2.0-or-later
#include "takeover.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pivot/base/acts.h"
#include "pivot/base/cleanup.h"
#include "pivot/base/log.h"
#include "pivot/base/read.h"

static int open_below(const char *root, const char *path, int flags)
{
	char full[PATH_MAX];
	int r = read_path(full, sizeof(full), root, "%s", path);

	if (r < 0)
		return r;
	r = open(full, flags | O_CLOEXEC);
	return r < 0 ? -errno : r;
}

/* sudo, a service with PrivateTmp=, or a chroot: PID 1 would not see what we mount there.
 */
static int enter_mounts_of_pid1(const char *root)
{
	auto_close int namespace = open_below(root, "/proc/1/ns/mnt", O_RDONLY);
	int r;

	if (namespace < 0)
		return log_err(namespace, "cannot open '/proc/1/ns/mnt'");
	r = act_enter_mounts(namespace);
	return r < 0 ? log_err(r, "cannot enter the mount namespace of PID 1") : 0;
}

static int mount_tmpfs(struct stage *stage)
{
	int r = act_mkdir(STAGE_PATH, 0755);

	if (r < 0 && r != -EEXIST)
		return log_err(r, "cannot make '%s'", STAGE_PATH);
	stage->made_directory = r == 0;
	/* its own tmpfs, because /run is noexec on many distros */
	r = act_mount("pivot-kexec", STAGE_PATH, "tmpfs", MS_NOSUID, "mode=0755");
	if (r < 0)
		return log_err(r, "cannot mount a tmpfs on '%s'", STAGE_PATH);
	stage->is_mounted = true;
	return 0;
}

/*
 * Lets the kernel execute the init once, as an ordinary process, which does nothing: what
 * an integrity policy forbids must be known before PID 1 depends on it.
 */
static int probe_init(void)
{
	int r = act_execute(STAGE_PATH "/init", "probe");

	return r < 0 ? log_err(r,
			       "cannot execute '%s/init': see 'dmesg' for the security policy "
			       "that forbids it",
			       STAGE_PATH)
		     : 0;
}

static int stage_fill(const struct image *image, struct stage *stage)
{
	int r = mount_tmpfs(stage);

	if (r < 0)
		return r;
	r = image_unpack(image, STAGE_PATH);
	if (r < 0)
		return r;
	stage->fd = open_below(stage->root, STAGE_PATH, O_PATH | O_DIRECTORY);
	return stage->fd < 0 ? log_err(stage->fd, "cannot open '%s'", STAGE_PATH)
			     : probe_init();
}

int stage_mount(const char *root, const struct image *image, struct stage *ret)
{
	int r = enter_mounts_of_pid1(root);

	*ret = (struct stage)STAGE_INIT;
	ret->root = root;
	if (r < 0)
		return r;
	r = stage_fill(image, ret);
	if (r < 0)
		stage_unmount(ret);
	return r;
}

/* Is what can be seen at STAGE_PATH ours? A stage not opened yet was mounted just now. */
static bool is_on_top(const struct stage *stage)
{
	char path[PATH_MAX];
	struct stat ours, top;

	return stage->fd < 0 ||
	       (read_path(path, sizeof(path), stage->root, STAGE_PATH) == 0 &&
		fstat(stage->fd, &ours) == 0 && stat(path, &top) == 0 &&
		top.st_dev == ours.st_dev && top.st_ino == ours.st_ino);
}

static void stage_remove(const struct stage *stage)
{
	int r = stage->is_mounted ? act_umount(STAGE_PATH, MNT_DETACH) : 0;

	if (r == 0 && stage->made_directory)
		r = act_rmdir(STAGE_PATH);
	if (r < 0)
		(void)log_err(r, "cannot remove '%s'", STAGE_PATH);
}

void stage_unmount(struct stage *stage)
{
	if (stage->is_mounted && !is_on_top(stage))
		(void)log_warn(
			0,
			"'%s' is covered by somebody else's mount: the stage stays "
			"below it",
			STAGE_PATH);
	else
		stage_remove(stage);
	close_fdp(&stage->fd);
	*stage = (struct stage)STAGE_INIT;
}

int stage_remove_orphan(const char *root)
{
	int r = enter_mounts_of_pid1(root);

	if (r < 0)
		return r;
	r = act_umount(STAGE_PATH, MNT_DETACH);
	if (r < 0)
		return log_err(r, "cannot unmount '%s'", STAGE_PATH);
	(void)act_rmdir(STAGE_PATH); /* where it was there before it may hold something */
	return 0;
}

int stage_keep_on_top(const struct stage *stage)
{
	char path[32];

	if (is_on_top(stage))
		return 0;
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", stage->fd);
	return act_mount(path, STAGE_PATH, NULL, MS_BIND, NULL);
}
