// SPDX-License-Identifier: GPL-2.0-or-later

/* Whose keys travel. */

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "files.h"
#include "pivot/base/cleanup.h"
#include "pivot/base/log.h"
#include "pivot/base/macros.h"
#include "pivot/base/read.h"

enum { PASSWD_MAX_BYTES = 4 << 20 };

/* --- who --- */

/* passwd(5): the sixth field of the user's line. */
static const char *home_in(char *passwd, const char *user)
{
	char *save = NULL;

	for (char *line = strtok_r(passwd, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		const char *field[6] = { 0 };

		for (size_t i = 0; i < array_size(field); i++)
			field[i] = strsep(&line, ":");
		if (field[5] && strcmp(field[0], user) == 0)
			return field[5][0] == '/' ? field[5] : NULL;
	}
	return NULL;
}

static int find_home(const char *root, const char *user, char ret[PATH_MAX])
{
	auto_free char *passwd = NULL;
	char path[PATH_MAX];
	const char *home;
	size_t n;
	mode_t mode;
	int r = read_path(path, sizeof(path), root, "/etc/passwd");

	if (r == 0)
		r = keep_read_file(path, PASSWD_MAX_BYTES, &passwd, &n, &mode);
	if (r < 0)
		return r;
	home = home_in(passwd, user);
	if (!home)
		return -ENOENT;
	return snprintf(ret, PATH_MAX, "%s", home) >= PATH_MAX ? -ENAMETOOLONG : 0;
}

/* It becomes part of a path. */
static bool is_name(const char *user)
{
	return user && user[0] && user[0] != '.' && !strchr(user, '/');
}

/* --- their keys --- */

/* 1 where there was something to read, 0 where there is no such file, or -ENOMEM. */
static int search(struct keep *keep, const char *root, const char *name)
{
	auto_free char *text = NULL;
	struct keep_source *source;
	char path[PATH_MAX];
	size_t n;
	mode_t mode;
	int r = read_path(path, sizeof(path), root, "%s", name);

	if (r == 0)
		r = keep_read_file(path, AUTHORIZED_KEYS_MAX_BYTES, &text, &n, &mode);
	if (r == -ENOENT || r == -ENOTDIR)
		return 0;
	source = keep_add_source(keep, name, r);
	if (!source)
		return -ENOMEM;
	if (r == 0)
		r = authorized_keys_add(&keep->keys, text, n, &source->counts);
	return r == -ENOMEM ? r : 1;
}

/* One that does not answer is named, like one that is not known. */
static bool has_home(struct keep *keep, const char *root, const char *home, int *ret)
{
	char name[PATH_MAX], path[PATH_MAX];

	*ret = 0;
	if (!home ||
	    snprintf(name, sizeof(name), "%s/.ssh/authorized_keys", home) >= PATH_MAX ||
	    read_path(path, sizeof(path), root, "%s", name) < 0)
		return false;
	if (keep_answers(path))
		return true;
	*ret = keep_add_source(keep, name, -ETIMEDOUT) ? 0 : -ENOMEM;
	return false;
}

static int search_user(struct keep *keep, const char *root, const char *user,
		       const char *home)
{
	static const char *const formats[] = { "%s/.ssh/authorized_keys",
					       "%s/.ssh/authorized_keys2",
					       "/etc/ssh/authorized_keys.d/%s" };
	char name[PATH_MAX];
	int r;

	for (size_t i = has_home(keep, root, home, &r) ? 0 : 2;
	     r >= 0 && i < array_size(formats); i++)
		if (snprintf(name, sizeof(name), formats[i], i < 2 ? home : user) <
		    (int)sizeof(name))
			r = search(keep, root, name);
	return r;
}

/* One whose home is not known may have keys in /etc all the same. */
static int search_who_became_root(struct keep *keep, const char *root, const char *user)
{
	char home[PATH_MAX], name[PATH_MAX];
	int r = find_home(root, user, home);

	if (r >= 0)
		return search_user(keep, root, user, home);
	(void)snprintf(name, sizeof(name), "~%s/.ssh/authorized_keys", user);
	return keep_add_source(keep, name, r) ? search_user(keep, root, user, NULL)
					      : -ENOMEM;
}

static int search_users(struct keep *keep, const struct keep_request *request)
{
	const char *before = "root";
	int r = search_user(keep, request->root, before, "/root");

	for (size_t i = 0; r >= 0 && i < KEEP_USERS; i++) {
		const char *user = request->users[i];

		if (!is_name(user) || strcmp(user, "root") == 0 ||
		    strcmp(user, before) == 0)
			continue;
		r = search_who_became_root(keep, request->root, user);
		before = user;
	}
	return r;
}

/* What the user names is there, and has a key in it. */
static int search_named(struct keep *keep, const char *path)
{
	const struct keep_source *source;
	int r = keep_answers(path) ? search(keep, "", path) : -ETIMEDOUT;

	if (r <= 0)
		return log_err(r < 0 ? r : -ENOENT, "--ssh-key: cannot read '%s'", path);
	source = &keep->source[keep->n_sources - 1];
	if (source->error < 0)
		return log_err(source->error, "--ssh-key: cannot read '%s'", path);
	if (source->counts.n_keys == 0)
		return log_refuse(-EINVAL,
				  "--ssh-key: '%s' holds no public key: name a file such "
				  "as id_ed25519.pub",
				  path);
	return 0;
}

int keep_search_keys(struct keep *keep, const struct keep_request *request)
{
	const struct keep_choice *choice = request->choice;
	int r = choice->has_no_ssh ? 0 : search_users(keep, request);

	if (r < 0)
		return log_err(r, "cannot read the keys of this machine");
	r = 0;
	for (size_t i = 0; r == 0 && i < choice->n_ssh_keys; i++)
		r = search_named(keep, choice->ssh_keys[i]);
	return r;
}
