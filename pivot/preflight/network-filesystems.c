// SPDX-License-Identifier: GPL-2.0-or-later

/*
 * Filesystems whose server does not answer: unmounting them would hang. The mounts are
 * known from /proc/self/mountinfo, which asks no server; each is asked in a child with a
 * deadline, which goes without us if it gets stuck.
 */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "checks.h"
#include "initramfs/inventory/mounts.h"
#include "pivot/base/ask.h"
#include "pivot/base/macros.h"
#include "pivot/base/read.h"

enum { AT_ONCE = 16, ANSWER_MS = 3000 };

/* Who is asked, and where. */
struct asked {
	const struct mount *mount;
	char path[PATH_MAX];
};

static bool is_on_network(const struct mount *mount)
{
	static const char *const types[] = { "afs",  "ceph", "cifs", "lustre",
					     "nfs4", "nfs",  "smb3" };

	for (size_t i = 0; i < array_size(types); i++)
		if (strcmp(mount->type, types[i]) == 0)
			return true;
	return false;
}

/* What is mounted over it would answer in its place. */
static bool is_covered(const struct mounts *mounts, size_t i)
{
	for (size_t above = i + 1; above < mounts->n; above++)
		if (strcmp(mounts->mount[above].path, mounts->mount[i].path) == 0)
			return true;
	return false;
}

static int look(const void *argument)
{
	const struct asked *asked = argument;
	struct statfs answer;
	int fd = open(asked->path, O_RDONLY | O_CLOEXEC);

	/* both go to the server */
	return fd < 0 || fstatfs(fd, &answer) < 0 ? -errno : 0;
}

static size_t collect(const char *root, const struct mounts *mounts,
		      struct asked all[ASKED_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < mounts->n && n < ASKED_MAX; i++) {
		struct asked *asked = &all[n];

		if (!is_on_network(&mounts->mount[i]) || is_covered(mounts, i))
			continue;
		asked->mount = &mounts->mount[i];
		n += read_path(asked->path, sizeof(asked->path), root, "%s",
			       mounts->mount[i].path) == 0;
	}
	return n;
}

static void report(const struct mount *mount, int result, struct findings *findings)
{
	if (result == -ETIMEDOUT)
		find_warning(findings, "filesystem-hangs",
			     "'%s' (%s on %s) does not answer: unmounting it may hang "
			     "until the deadline, and end in a restart; bring its server "
			     "back, or 'umount -f -l %s'",
			     mount->path, mount->type, mount->source, mount->path);
	else if (result < 0 && result != -EACCES && result != -EPERM && result != -ECHILD)
		find_warning(findings, "filesystem-fails",
			     "'%s' (%s on %s) answers with an error (%s): what is not "
			     "written out yet is lost; unmount it first",
			     mount->path, mount->type, mount->source, strerror(-result));
}

void check_network_filesystems(const struct preflight *p, struct findings *findings)
{
	static struct mounts mounts;
	static struct asked all[ASKED_MAX];
	struct question questions[ASKED_MAX];
	size_t n;

	if (mounts_read(p->root, &mounts) < 0)
		return;
	n = collect(p->root, &mounts, all);
	for (size_t i = 0; i < n; i++)
		questions[i] = (struct question){ .about = all[i].path,
						  .read = look,
						  .argument = &all[i],
						  .answer_fd = -1 };
	ask_all(questions, n, AT_ONCE, ANSWER_MS);
	for (size_t i = 0; i < n; i++)
		report(all[i].mount, questions[i].result, findings);
}
