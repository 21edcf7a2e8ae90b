// SPDX-License-Identifier: GPL-2.0-or-later
#include "tarball.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { MAX_LINKS = 40 }; /* as the kernel's MAXSYMLINKS */

static size_t without_last(const char *path, size_t n)
{
	const char *slash = memrchr(path, '/', n);

	return slash ? (size_t)(slash - path) : 0;
}

int tarball_clean_path(const char *path, char clean[PATH_MAX])
{
	size_t n = 0;
	unsigned int depth = 0;

	for (path += strspn(path, "/"); *path; path += strspn(path, "/")) {
		size_t length = strcspn(path, "/");

		if (length == 2 && memcmp(path, "..", 2) == 0) {
			if (!n)
				return -EXDEV;
			n = without_last(clean, n);
			depth--;
		} else if (length != 1 || *path != '.') {
			if (++depth > TARBALL_MAX_DEPTH || n + length + 2 > PATH_MAX)
				return -ENAMETOOLONG;
			if (n)
				clean[n++] = '/';
			memcpy(clean + n, path, length);
			n += length;
		}
		path += length;
	}
	clean[n] = '\0';
	return 0;
}

static const struct tarball_member *member_at(const struct tarball *tarball,
					      const char *path, size_t n)
{
	/* the last of several members with one name wins, as when unpacking */
	for (size_t i = tarball->n; i-- > 0;) {
		const struct tarball_member *member = &tarball->members[i];

		/* the length first: a thousand long names may differ at their end only */
		if (member->path_bytes == n && memcmp(member->path, path, n) == 0)
			return member;
	}
	return NULL;
}

/* The first link on the way, which the first *ret_n bytes of path name, or NULL. */
static const struct tarball_member *first_link(const struct tarball *tarball,
					       const char *path, size_t *ret_n)
{
	for (size_t n = 0; path[n];) {
		const struct tarball_member *member;

		n += 1 + strcspn(path + n + 1, "/");
		member = member_at(tarball, path, n);
		if (member && S_ISLNK(member->type)) {
			*ret_n = n;
			return member;
		}
	}
	return NULL;
}

/* Puts the link's target in place of the first n bytes of path. */
static int replace_link(const struct tarball_member *link, size_t n, char path[PATH_MAX])
{
	size_t folder_n = link->target[0] == '/' ? 0 : without_last(path, n);
	char joined[PATH_MAX];
	int length = snprintf(joined, sizeof(joined), "%.*s/%s%s", (int)folder_n, path,
			      link->target, path + n);

	if (length < 0 || (size_t)length >= sizeof(joined))
		return -ENAMETOOLONG;
	return tarball_clean_path(joined, path);
}

const struct tarball_member *tarball_find(const struct tarball *tarball, const char *path,
					  const struct tarball_member **ret_link)
{
	const struct tarball_member *link, *found;
	char at[PATH_MAX];
	size_t n = 0;
	int r = tarball_clean_path(path, at);

	*ret_link = NULL;
	for (int i = 0; r == 0 && (link = first_link(tarball, at, &n)); i++) {
		*ret_link = link;
		r = i < MAX_LINKS ? replace_link(link, n, at) : -ELOOP;
	}
	found = r == 0 ? member_at(tarball, at, strlen(at)) : NULL;
	errno = r < 0 ? -r : ENOENT;
	return found;
}
