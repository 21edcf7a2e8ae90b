// SPDX-License-Identifier: GPL-2.0-or-later

/* The target's files go into the stage: what pivot/kexec/payload.h says of them. */

#include "takeover.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>

#include "pivot/base/acts.h"
#include "pivot/base/cleanup.h"
#include "pivot/base/log.h"
#include "pivot/base/macros.h"
#include "pivot/base/pages.h"
#include "pivot/base/progress.h"

#define FOLDER STAGE_PATH PAYLOAD_FOLDER "/"

static int copy(int fd, const char *name, uint64_t at, uint64_t bytes, const char *path,
		struct progress *progress)
{
	int r = act_copy(fd, at, bytes, path, progress);

	if (r == -ENODATA)
		return log_refuse(
			r,
			"'%s' became shorter while it was read: wait until it is "
			"copied, and try again",
			name);
	if (r == -ENOSPC)
		return log_refuse(r, "there is no memory left to copy '%s' into", name);
	return r < 0 ? log_err(r, "cannot copy '%s' into the stage", name) : 0;
}

static int put_kernel(const struct tree *tree, const struct kernel_image *kernel,
		      struct progress *progress)
{
	const uint64_t setup = kernel->setup_bytes;
	int r = copy(tree->kernel_fd, tree->kernel_name, 0, setup, FOLDER "setup",
		     progress);

	return r < 0 ? r
		     : copy(tree->kernel_fd, tree->kernel_name, setup,
			    tree->kernel_bytes - setup, FOLDER "kernel", progress);
}

/*
 * A file in memory can stay where it is, if nobody but root can write it, and nobody has
 * it open for that: a lease is not given then. Root may still do so later; the seal shows
 * it, and the machine comes home.
 */
bool stage_leaves_outside(int fd)
{
	struct statfs fs;
	struct stat st;

	if (fstatfs(fd, &fs) < 0 || ((unsigned long)fs.f_type != TMPFS_MAGIC &&
				     (unsigned long)fs.f_type != RAMFS_MAGIC))
		return false;
	if (fstat(fd, &st) < 0 || st.st_uid != 0 || st.st_mode & (S_IWGRP | S_IWOTH))
		return false;
	if (fcntl(fd, F_SETLEASE, F_RDLCK) < 0)
		return false;
	(void)fcntl(fd, F_SETLEASE, F_UNLCK);
	return true;
}

static int put_initrd(struct stage *stage, const struct tree *tree,
		      struct progress *progress)
{
	if (tree->initrd_fd < 0)
		return 0;
	stage->has_initrd_outside = stage_leaves_outside(tree->initrd_fd);
	return stage->has_initrd_outside
		       ? 0
		       : copy(tree->initrd_fd, tree->initrd_name, 0, tree->initrd_bytes,
			      FOLDER "initrd", progress);
}

static int put_extra(const struct tree *tree, struct progress *progress)
{
	return tree->appended_bytes == 0
		       ? 0
		       : copy(tree->appended_fd, "what travels", 0, tree->appended_bytes,
			      FOLDER "extra", progress);
}

static int create(const char *path, const void *data, size_t n)
{
	int r = act_create(path, 0600, data, n);

	return r < 0 ? log_err(r, "cannot write '%s'", path) : 0;
}

static int map_all(const struct stage *stage, int initrd_fd, struct payload *payload)
{
	int r = 0;

	for (int i = 0; r == 0 && i < PAYLOAD_SEALED; i++)
		r = payload_map(
			stage->root, STAGE_PATH PAYLOAD_FOLDER, i,
			i == PAYLOAD_INITRD && stage->has_initrd_outside ? initrd_fd : -1,
			payload);
	return r < 0 ? log_err(r, "cannot map the target's files") : 0;
}

static int seal(const struct stage *stage, int initrd_fd)
{
	auto_release(payload_done) struct payload payload = { 0 };
	char text[PAYLOAD_SEAL_BYTES];
	int r = map_all(stage, initrd_fd, &payload);

	return r < 0 ? r : create(FOLDER "seal", text, payload_seal(&payload, text));
}

int stage_put_payload(struct stage *stage, const struct tree *tree,
		      const struct kernel_image *kernel)
{
	auto_progress struct progress progress =
		progress_start("copying the target into the stage",
			       tree->kernel_bytes + tree_initrd_bytes(tree));
	int r = stage_enter(stage);

	if (r == 0)
		r = put_kernel(tree, kernel, &progress);
	if (r == 0)
		r = put_initrd(stage, tree, &progress);
	if (r == 0)
		r = put_extra(tree, &progress);
	if (r == 0)
		r = create(FOLDER "command-line", tree->command_line,
			   strlen(tree->command_line));
	if (r == 0)
		r = tree_check_unchanged(tree);
	return r < 0 ? r : seal(stage, tree->initrd_fd);
}

/* Linux 6.4 swaps nothing of the stage out: see mount_tmpfs(). */
void stage_keep_extra(const struct stage *stage)
{
	auto_close int fd = openat(stage->fd, "." PAYLOAD_FOLDER "/extra",
				   O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct stat st;

	if (fd >= 0 && fstat(fd, &st) == 0)
		pages_keep_file(fd, (uint64_t)st.st_size);
}

int stage_remove_payload(struct stage *stage)
{
	/* the seal first: without it our init does not take the rest for a target */
	static const char *const paths[] = {
		FOLDER "seal",	 FOLDER "setup", FOLDER "kernel",
		FOLDER "initrd", FOLDER "extra", FOLDER "command-line",
	};
	int r = stage_enter(stage);

	stage->has_initrd_outside = false;
	for (size_t i = 0; r == 0 && i < array_size(paths); i++) {
		r = act_unlink(paths[i]);
		if (r == -ENOENT)
			r = 0;
	}
	return r < 0 ? log_err(r, "cannot remove the target from the stage") : 0;
}

/*
 * Where it was left in place the stage has a link to it, by way of the process that holds
 * it open; our init opens it before that process ends.
 */
int stage_link_initrd(const struct stage *stage, pid_t holder, int initrd_fd)
{
	char target[64];
	int r = stage_enter(stage);

	if (r < 0)
		return r;
	(void)snprintf(target, sizeof(target), "/proc/%d/fd/%d", holder, initrd_fd);
	r = act_symlink(target, FOLDER "initrd");
	return r < 0 ? log_err(r, "cannot link '%sinitrd'", FOLDER) : 0;
}
