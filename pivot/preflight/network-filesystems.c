// SPDX-License-Identifier: GPL-2.0-or-later

/*
 * Filesystems whose server does not answer: unmounting them would hang. The mounts are
 * known from /proc/self/mountinfo, which asks no server; each is asked in a child with a
 * deadline, which goes without us if it gets stuck.
 */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "checks.h"
#include "initramfs/inventory/mounts.h"
#include "pivot/base/child.h"
#include "pivot/base/macros.h"
#include "pivot/base/read.h"

enum { ASKED_MAX = 64, AT_ONCE = 16, ANSWER_MS = 3000 };

struct question {
	const struct mount *mount;
	pid_t asker;
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

/* Runs in a child, which must not hold the caller's terminal or the tree's files when it
 * stays behind. */
static int ask(const void *argument)
{
	const struct question *question = argument;
	struct statfs answer;
	int fd;

	if (getpid() == question->asker)
		return 0; /* no child could be made, and here nothing may hang */
	if (syscall(SYS_close_range, 0, ~0U, 0) < 0)
		for (fd = 0; fd <= STDERR_FILENO; fd++)
			(void)close(fd);
	fd = open(question->path, O_RDONLY | O_CLOEXEC);
	/* both go to the server */
	return fd < 0 || fstatfs(fd, &answer) < 0 ? -errno : 0;
}

static size_t collect(const char *root, const struct mounts *mounts,
		      struct question questions[ASKED_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < mounts->n && n < ASKED_MAX; i++) {
		struct question *question = &questions[n];

		if (!is_on_network(&mounts->mount[i]) || is_covered(mounts, i))
			continue;
		question->mount = &mounts->mount[i];
		question->asker = getpid();
		n += read_path(question->path, sizeof(question->path), root, "%s",
			       mounts->mount[i].path) == 0;
	}
	return n;
}

/* A caller may have had SIGCHLD ignored or open: then nobody would hear of the end. */
static void ask_all(struct job *jobs, size_t n)
{
	struct sigaction before, normal = { .sa_handler = SIG_DFL };
	sigset_t set, old;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGCHLD);
	(void)sigaction(SIGCHLD, &normal, &before);
	(void)sigprocmask(SIG_BLOCK, &set, &old);
	child_run_all(jobs, n, AT_ONCE, UINT64_MAX);
	(void)sigprocmask(SIG_SETMASK, &old, NULL);
	(void)sigaction(SIGCHLD, &before, NULL);
}

static void report(const struct mount *mount, int result, struct findings *findings)
{
	if (result == -ETIMEDOUT)
		find_warning(findings, "filesystem-hangs",
			     "'%s' (%s on %s) does not answer: unmounting it may hang "
			     "until the deadline, and end in a restart; bring its server "
			     "back, or 'umount -f -l %s'",
			     mount->path, mount->type, mount->source, mount->path);
	else if (result < 0 && result != -EACCES && result != -EPERM)
		find_warning(findings, "filesystem-fails",
			     "'%s' (%s on %s) answers with an error (%s): what is not "
			     "written out yet is lost; unmount it first",
			     mount->path, mount->type, mount->source, strerror(-result));
}

void check_network_filesystems(const struct preflight *p, struct findings *findings)
{
	static struct mounts mounts;
	static struct question questions[ASKED_MAX];
	struct job jobs[ASKED_MAX];
	size_t n;

	if (mounts_read(p->root, &mounts) < 0)
		return;
	n = collect(p->root, &mounts, questions);
	for (size_t i = 0; i < n; i++)
		jobs[i] = (struct job){
			.work = ask,
			.argument = &questions[i],
			.name = questions[i].mount->path,
			.lane = questions[i].path,
			.timeout_ms = ANSWER_MS,
		};
	ask_all(jobs, n);
	for (size_t i = 0; i < n; i++)
		report(questions[i].mount, jobs[i].result, findings);
}
