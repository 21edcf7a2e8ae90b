// SPDX-License-Identifier: GPL-2.0-or-later
#include "pivot/tree/tarball.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { MAX_LINKS = 40 }; /* as the kernel's MAXSYMLINKS */

struct walk {
	char done[PATH_MAX]; /* resolved, without a trailing slash */
	char todo[2 * PATH_MAX];
	unsigned int links;
	const struct tarball_member *last_link;
};

static const struct tarball_member *member_at(const struct tarball *tarball,
					      const char *path)
{
	/* the last of several members with one name wins, as when unpacking */
	for (size_t i = tarball->n; i-- > 0;) {
		if (!strcmp(tarball->members[i].path, path))
			return &tarball->members[i];
	}
	return NULL;
}

static int step_up(struct walk *walk)
{
	char *slash = strrchr(walk->done, '/');

	if (!walk->done[0])
		return -EXDEV;
	*(slash ? slash : walk->done) = '\0';
	return 0;
}

static int step_into(struct walk *walk, const char *name, size_t n)
{
	size_t length = strlen(walk->done);

	if (length + n + 2 > sizeof(walk->done))
		return -ENAMETOOLONG;
	if (length)
		walk->done[length++] = '/';
	memcpy(walk->done + length, name, n);
	walk->done[length + n] = '\0';
	return 0;
}

/* Puts the link's target before what is still to walk. */
static int step_link(struct walk *walk, const struct tarball_member *link,
		     const char *rest)
{
	char todo[sizeof(walk->todo)];
	int n;

	if (++walk->links > MAX_LINKS)
		return -ELOOP;
	n = snprintf(todo, sizeof(todo), "%s/%s", link->target, rest);
	if (n < 0 || (size_t)n >= sizeof(todo))
		return -ENAMETOOLONG;
	memcpy(walk->todo, todo, (size_t)n + 1);
	walk->last_link = link;
	if (link->target[0] != '/')
		return step_up(walk);
	walk->done[0] = '\0';
	return 0;
}

/* One component of what is to do, which is not empty. */
static int step(const struct tarball *tarball, struct walk *walk, bool is_last_followed)
{
	const struct tarball_member *member;
	char *name = walk->todo + strspn(walk->todo, "/");
	size_t n = strcspn(name, "/");
	char *rest = name + n + strspn(name + n, "/");
	int r = 0;

	if (n == 2 && !memcmp(name, "..", 2))
		r = step_up(walk);
	else if (n && !(n == 1 && *name == '.'))
		r = step_into(walk, name, n);
	member = member_at(tarball, walk->done);
	if (r == 0 && member && S_ISLNK(member->type) && (*rest || is_last_followed))
		return step_link(walk, member, rest);
	memmove(walk->todo, rest, strlen(rest) + 1);
	return r;
}

const struct tarball_member *tarball_find(const struct tarball *tarball, const char *path,
					  int follow,
					  const struct tarball_member **ret_dangling)
{
	struct walk walk = { 0 };
	const struct tarball_member *found;
	int r = 0;

	if (ret_dangling)
		*ret_dangling = NULL;
	if ((size_t)snprintf(walk.todo, sizeof(walk.todo), "%s", path) >= PATH_MAX)
		r = -ENAMETOOLONG;
	while (walk.todo[0] && r == 0)
		r = step(tarball, &walk, follow);
	found = r == 0 ? member_at(tarball, walk.done) : NULL;
	if (found)
		return found;
	if (ret_dangling && r == 0)
		*ret_dangling = walk.last_link;
	errno = r < 0 ? -r : ENOENT;
	return NULL;
}
