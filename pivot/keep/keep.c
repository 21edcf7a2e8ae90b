// SPDX-License-Identifier: GPL-2.0-or-later
#include "keep.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "files.h"
#include "pivot/base/cleanup.h"
#include "pivot/base/log.h"
#include "pivot/base/macros.h"
#include "pivot/base/read.h"

enum {
	HOST_KEYS_MAX = 64,
	HOST_KEY_MAX_BYTES = 64 << 10,
	MACHINE_ID_DIGITS = 32, /* machine-id(5) */
	MACHINE_ID_MAX_BYTES = 64,
};

#define HOST_KEYS_FOLDER "/etc/ssh"

static int add_data(struct keep *keep, const char *path, mode_t mode, const char *source,
		    const void *data, size_t bytes)
{
	const struct keep_file file = {
		.path = path,
		.mode = S_IFREG | mode,
		.source = source,
		.data = data,
		.bytes = bytes,
	};

	return keep_add(keep, &file);
}

/* --- ssh --- */

/* "2 keys of '/root/.ssh/authorized_keys', 1 of ...", as far as there is room. */
static void tell_keys(const struct keep *keep, char *text, size_t size)
{
	size_t used = 0;

	text[0] = '\0';
	for (size_t i = 0; i < keep->n_sources && used < size; i++) {
		const struct keep_source *s = &keep->source[i];

		if (s->counts.n_new > 0)
			used += (size_t)snprintf(
				text + used, size - used, "%s%zu key%s of '%s'",
				used ? ", " : "", s->counts.n_new,
				s->counts.n_new == 1 ? "" : "s", s->name);
	}
}

/* Before the first file in it. */
static int add_ssh_folder(struct keep *keep)
{
	const struct keep_file folder = { .path = "ssh", .mode = S_IFDIR | 0700 };

	return keep->n > 0 ? 0 : keep_add(keep, &folder);
}

static int add_keys(struct keep *keep)
{
	char source[1024];
	int r = keep->keys.n > 0 ? add_ssh_folder(keep) : 0;

	if (r < 0 || keep->keys.n == 0)
		return r;
	tell_keys(keep, source, sizeof(source));
	return add_data(keep, "ssh/authorized_keys", 0600, source, keep->keys.text,
			keep->keys.bytes);
}

static int compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

static size_t list_host_keys(const char *root, char names[HOST_KEYS_MAX][NAME_MAX + 1])
{
	struct dir dir;
	size_t n = 0;

	dir_for_each (&dir, name, root, HOST_KEYS_FOLDER) {
		if (strncmp(name, "ssh_host_", strlen("ssh_host_")) == 0 &&
		    n < HOST_KEYS_MAX)
			(void)snprintf(names[n++], sizeof(names[0]), "%s", name);
	}
	qsort(names, n, sizeof(names[0]), compare); /* the same order every time */
	return n;
}

/* What is secret stays so, whatever it was here. */
static mode_t mode_of_host_key(const char *name, mode_t mode)
{
	const char *end = strrchr(name, '.');

	return end && strcmp(end, ".pub") == 0 ? mode & 0644 : 0600;
}

static int add_host_key(struct keep *keep, const char *root, const char *name)
{
	char path[PATH_MAX], source[PATH_MAX], there[PATH_MAX];
	char *data = NULL;
	size_t n;
	mode_t mode;
	int r = read_path(source, sizeof(source), "", HOST_KEYS_FOLDER "/%s", name);

	if (r == 0)
		r = read_path(path, sizeof(path), root, "%s", source);
	if (r == 0)
		r = keep_read_file(path, HOST_KEY_MAX_BYTES, &data, &n, &mode);
	if (r < 0)
		return keep_add_source(keep, source, r) ? 0 : -ENOMEM;
	(void)snprintf(there, sizeof(there), "ssh/%s", name);
	r = add_ssh_folder(keep);
	if (r == 0)
		r = add_data(keep, there, mode_of_host_key(name, mode), source, data, n);
	keep->n_host_keys += r == 0;
	explicit_bzero(data, n);
	free(data);
	return r;
}

static int add_host_keys(struct keep *keep, const char *root)
{
	char names[HOST_KEYS_MAX][NAME_MAX + 1];
	size_t n = list_host_keys(root, names);
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++)
		r = add_host_key(keep, root, names[i]);
	return r;
}

static int add_ssh(struct keep *keep, const struct keep_request *request)
{
	int r = keep_search_keys(keep, request);

	if (r < 0)
		return r;
	r = add_keys(keep);
	if (r == 0 && !request->choice->has_no_ssh)
		r = add_host_keys(keep, request->root);
	return r < 0 ? log_err(r, "cannot keep the keys of this machine") : 0;
}

/* --- network --- */

/* Of a machine that has none yet it says "uninitialized". */
static bool is_machine_id(const char *text, size_t n)
{
	for (size_t i = 0; i < MACHINE_ID_DIGITS; i++)
		if (i >= n || !isxdigit((unsigned char)text[i]))
			return false;
	return n == MACHINE_ID_DIGITS ||
	       (n == MACHINE_ID_DIGITS + 1 && text[MACHINE_ID_DIGITS] == '\n');
}

static int add_machine_id(struct keep *keep, const char *root)
{
	static const char name[] = "/etc/machine-id";
	auto_free char *text = NULL;
	char path[PATH_MAX];
	size_t n;
	mode_t mode;

	if (read_path(path, sizeof(path), root, "%s", name) < 0 ||
	    keep_read_file(path, MACHINE_ID_MAX_BYTES, &text, &n, &mode) < 0 ||
	    !is_machine_id(text, n))
		return 0;
	return add_data(keep, "machine-id", 0444, name, text, n);
}

static int add_json(struct keep *keep, const struct network_texts *network)
{
	const struct {
		const char *path, *text, *source;
	} texts[] = {
		{ "addrs.json", network->addr, "the addresses of this machine" },
		{ "routes-v4.json", network->route_v4, "its IPv4 routes" },
		{ "routes-v6.json", network->route_v6, "its IPv6 routes" },
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < array_size(texts); i++)
		if (texts[i].text && texts[i].text[0])
			r = add_data(keep, texts[i].path, 0644, texts[i].source,
				     texts[i].text, strlen(texts[i].text));
	return r;
}

static int add_networkd(struct keep *keep, const struct network_texts *network)
{
	static const char *const folders[] = { "etc", "etc/systemd",
					       "etc/systemd/network" };
	char path[PATH_MAX];
	int r = 0;

	for (size_t i = 0; network->n_files && r == 0 && i < array_size(folders); i++)
		r = keep_add(keep, &(struct keep_file){ .path = folders[i],
							.mode = S_IFDIR | 0755 });
	for (size_t i = 0; r == 0 && i < network->n_files; i++) {
		const struct network_file *file = &network->file[i];

		(void)snprintf(path, sizeof(path), "%s/%s", folders[2], file->name);
		r = add_data(keep, path, 0644, "the network of this machine", file->text,
			     strlen(file->text));
	}
	return r;
}

static int add_network(struct keep *keep, const struct keep_request *request)
{
	int r;

	if (request->choice->has_no_network)
		return 0;
	r = add_machine_id(keep, request->root);
	if (r == 0 && request->network)
		r = add_json(keep, request->network);
	if (r == 0 && request->network)
		r = add_networkd(keep, request->network);
	return r < 0 ? log_err(r, "cannot keep the network of this machine") : 0;
}

/* --- all of it --- */

int keep_read(const struct keep_request *request, struct keep *ret)
{
	int r;

	*ret = (struct keep){ 0 };
	r = add_ssh(ret, request);
	ret->n_ssh = ret->n;
	if (r == 0)
		r = add_network(ret, request);
	ret->n_own = ret->n;
	if (r == 0 && request->choice->extra_files)
		r = keep_add_extra_files(ret, request->choice->extra_files);
	if (r == 0 && ret->n > 0)
		ret->bytes = keep_measure(ret);
	return r;
}
