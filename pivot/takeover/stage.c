// SPDX-License-Identifier: GPL-2.0-or-later
#include "takeover.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "initramfs/inventory/mounts.h"
#include "pivot/base/acts.h"
#include "pivot/base/cleanup.h"
#include "pivot/base/clock.h"
#include "pivot/base/log.h"
#include "pivot/base/read.h"

enum {
	LOOK_EVERY_MS = 10,
	SLACK_BYTES = 64 << 20, /* what others put there is at an end somewhere */
};

#define SOURCE "pivot-kexec" /* in mountinfo(5) */

struct stage *stage_new(const char *root)
{
	struct stage *stage = mmap(NULL, sizeof(*stage), PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (stage == MAP_FAILED) {
		(void)log_err(-errno, "cannot get memory");
		return NULL;
	}
	*stage = (struct stage){ .root = root, .fd = -1 };
	return stage;
}

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
int stage_enter(const struct stage *stage)
{
	auto_close int namespace = open_below(stage->root, "/proc/1/ns/mnt", O_RDONLY);
	int r;

	if (namespace < 0)
		return log_err(namespace, "cannot open '/proc/1/ns/mnt'");
	r = act_enter_mounts(namespace);
	return r < 0 ? log_err(r, "cannot enter the mount namespace of PID 1") : 0;
}

static int mount_tmpfs(struct stage *stage, uint64_t bytes)
{
	char options[64];
	int r;

	stage->had_directory = read_exists(stage->root, STAGE_PATH);
	stage->is_begun = true;
	r = act_mkdir(STAGE_PATH, 0755);
	if (r < 0 && r != -EEXIST)
		return log_err(r, "cannot make '%s'", STAGE_PATH);
	/* its own tmpfs, because /run is noexec on many distros */
	(void)snprintf(options, sizeof(options), "mode=0755,size=%llu,noswap",
		       (unsigned long long)bytes);
	r = act_mount(SOURCE, STAGE_PATH, "tmpfs", MS_NOSUID, options);
	if (r == -EINVAL) { /* before Linux 6.4: see stage_keep_extra() */
		*strrchr(options, ',') = '\0';
		r = act_mount(SOURCE, STAGE_PATH, "tmpfs", MS_NOSUID, options);
	}
	return r < 0 ? log_err(r, "cannot mount a tmpfs on '%s'", STAGE_PATH) : 0;
}

/*
 * Lets the kernel execute the init once, as an ordinary process, which does nothing: what
 * an integrity policy forbids must be known before PID 1 depends on it.
 */
static int probe_init(void)
{
	const char *const argv[] = { STAGE_PATH "/init", "probe", NULL };
	char said[64]; /* it says nothing */
	int r = act_execute(argv[0], argv, said, sizeof(said));

	if (r > 0) /* it began, and was not let go on */
		r = -EACCES;
	return r < 0 ? log_err(r,
			       "cannot execute '%s/init': see 'dmesg' for the security policy "
			       "that forbids it",
			       STAGE_PATH)
		     : 0;
}

int stage_mount(struct stage *stage, const struct image *image, uint64_t payload_bytes)
{
	int r = stage_enter(stage);

	if (r == 0)
		r = mount_tmpfs(stage, image->size + payload_bytes + SLACK_BYTES);
	if (r == 0)
		r = image_unpack(image, STAGE_PATH);
	return r < 0 ? r : probe_init();
}

/* As PID 1 sees it, from any mount namespace. */
#define STAGE_OF_PID1 "/proc/1/root" STAGE_PATH

int stage_open(struct stage *stage)
{
	stage->fd = open_below(stage->root, STAGE_OF_PID1, O_PATH | O_DIRECTORY);
	return stage->fd < 0 ? log_err(stage->fd, "cannot open '%s'", STAGE_OF_PID1) : 0;
}

static bool is_on_top(const struct stage *stage)
{
	char path[PATH_MAX];
	struct stat ours, top;

	return read_path(path, sizeof(path), stage->root, STAGE_OF_PID1) == 0 &&
	       fstat(stage->fd, &ours) == 0 && stat(path, &top) == 0 &&
	       top.st_dev == ours.st_dev && top.st_ino == ours.st_ino;
}

/*
 * What is mounted there, whoever was killed while it was: 1 ours, 0 nothing, -EBUSY
 * somebody else's above it; or negative errno.
 */
static int look_for_mount(const char *root)
{
	auto_free struct mounts *mounts = malloc(sizeof(*mounts));
	int r = mounts ? mounts_read(root, mounts) : -ENOMEM;

	for (size_t i = mounts ? mounts->n : 0; r == 0 && i-- > 0;)
		if (strcmp(mounts->mount[i].path, STAGE_PATH) == 0)
			return strcmp(mounts->mount[i].source, SOURCE) == 0 ? 1 : -EBUSY;
	return r;
}

static int remove_stage(const struct stage *stage)
{
	int r = look_for_mount(stage->root);

	if (r == -EBUSY)
		return log_refuse(r,
				  "'%s' is covered by somebody else's mount: the stage "
				  "stays below it",
				  STAGE_PATH);
	if (r > 0)
		r = act_umount(STAGE_PATH, MNT_DETACH);
	if (r == 0 && !stage->had_directory && read_exists(stage->root, STAGE_PATH))
		r = act_rmdir(STAGE_PATH);
	return r < 0 ? log_err(r, "cannot remove '%s'", STAGE_PATH) : 0;
}

int stage_unmount(const struct stage *stage)
{
	int r = stage->is_begun ? stage_enter(stage) : 0;

	return r == 0 && stage->is_begun ? remove_stage(stage) : r;
}

bool stage_is_left(const char *root)
{
	int r = look_for_mount(root);

	return r > 0 || r == -EBUSY;
}

int stage_keep_on_top(const struct stage *stage, uint64_t end_ms)
{
	int r = stage_enter(stage);
	char path[32];

	if (r < 0)
		return r;
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", stage->fd);
	while (clock_ms() < end_ms) {
		if (!is_on_top(stage)) /* where it fails: again in a moment */
			(void)act_mount(path, STAGE_PATH, NULL, MS_BIND, NULL);
		clock_sleep_ms(LOOK_EVERY_MS);
	}
	return 0;
}
