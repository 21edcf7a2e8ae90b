// SPDX-License-Identifier: GPL-2.0-or-later
#include "pivot/tree/form.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pivot/base/cleanup.h"
#include "pivot/base/log.h"
#include "pivot/base/macros.h"

enum { MAX_PARAMS_BYTES = 64 * 1024 };

const char *const form_kernels[] = { "bzImage", "kernel", "Image", "vmlinuz", NULL };
const char *const form_initrds[] = { "initrd",	  "initrd.gz",	"initrd.zst",
				     "initrd.xz", "initrd.img", "initramfs.img",
				     NULL };

struct row {
	const char *name;
	const char *marker; /* a file that this form has and others have not */
	/* 1 recognised, 0 not this form after all, negative errno */
	int (*read)(const struct source *source, const struct row *row,
		    struct form *form);
};

static bool has_any(const struct source *source, const char *folder,
		    const char *const *names)
{
	for (; *names; names++) {
		if (source_has_below(source, folder, *names))
			return true;
	}
	return false;
}

int form_path(const struct form *form, const char *name, char **ret)
{
	const char *folder = form->folder ? form->folder : "";
	auto_free char *path = NULL;

	if (name[0] == '/')
		folder = "";
	while (!strncmp(name, "./", 2))
		name += 2 + strspn(name + 2, "/");
	if (asprintf(&path, "%s%s%s", folder, *folder ? "/" : "", name) < 0) {
		path = NULL; /* its value is not defined then */
		return -ENOMEM;
	}
	*ret = take_ptr(&path);
	return 0;
}

void form_done(struct form *form)
{
	script_done(&form->says);
	free(form->folder);
	*form = (struct form){ 0 };
}

static void cut_newlines(char *text, size_t *n)
{
	while (*n && text[*n - 1] == '\n')
		text[--*n] = '\0';
}

static int read_marker(const struct source *source, const char *marker,
		       const struct form *form, size_t max, char **ret, size_t *ret_n)
{
	auto_free char *path = NULL;
	int r = form_path(form, marker, &path);

	return r < 0 ? r : source_text(source, path, max, ret, ret_n);
}

struct beside {
	const struct source *source;
	const struct form *form;
};

static int read_beside(void *data, const char *path, char **ret)
{
	const struct beside *beside = data;
	auto_free char *text = NULL;
	auto_free char *where = NULL;
	size_t n;
	int r = form_path(beside->form, path, &where);

	/* what is missing is no error yet: the command line may come from an option */
	if (r < 0 || !source_has(beside->source, where))
		return r < 0 ? r : -ENOENT;
	r = source_text(beside->source, where, MAX_PARAMS_BYTES, &text, &n);
	if (r < 0)
		return r;
	if (strlen(text) != n)
		return -EBADMSG;
	cut_newlines(text, &n);
	*ret = take_ptr(&text);
	return 0;
}

/* Still this form: its other files are looked at, so that all that is wrong is told. */
static int unreadable(struct form *form, int error)
{
	form->error = error;
	return error == -ENOMEM ? error : 1;
}

/* A script that loads nothing marks no form; one that is not understood still does. */
static int read_script(const struct source *source, const struct row *row,
		       struct form *form)
{
	struct beside beside = { .source = source, .form = form };
	struct shell_files files = { .read = read_beside, .data = &beside };
	auto_free char *text = NULL;
	size_t n;
	int r = read_marker(source, row->marker, form, SCRIPT_MAX_BYTES, &text, &n);

	if (r < 0)
		return unreadable(form, r);
	r = script_parse(text, n, &files, &form->says, form->why_not,
			 sizeof(form->why_not));
	if (r == -ENOENT || r == -ENOMEM)
		return r == -ENOENT ? 0 : log_err(r, "cannot read '%s'", row->marker);
	return 1;
}

static int read_ipxe(const struct source *source, const struct row *row,
		     struct form *form)
{
	auto_free char *text = NULL;
	size_t n;
	int r = read_marker(source, row->marker, form, SCRIPT_MAX_BYTES, &text, &n);

	if (r < 0)
		return unreadable(form, r);
	r = script_parse_ipxe(text, n, &form->says, form->why_not, sizeof(form->why_not));
	return r == -ENOMEM ? log_err(r, "cannot read '%s'", row->marker) : 1;
}

/* The whole file is the command line. */
static int read_params(const struct source *source, const struct row *row,
		       struct form *form)
{
	auto_free char *text = NULL;
	size_t n;
	int r;

	if (!has_any(source, form->folder, form_kernels))
		return 0;
	r = read_marker(source, row->marker, form, MAX_PARAMS_BYTES, &text, &n);
	if (r < 0)
		return unreadable(form, r);
	if (strlen(text) != n) {
		(void)snprintf(form->why_not, sizeof(form->why_not),
			       "is binary data, not a command line");
		return 1;
	}
	form->says.command_line.text = take_ptr(&text);
	return 1;
}

static bool says_init(const char *params)
{
	return !strncmp(params, "init=", 5) || strstr(params, " init=");
}

/* The store path, also where the store is mounted elsewhere: /mnt/nix/store/... */
static int profile_path(const struct source *source, struct form *form, char **ret)
{
	auto_free char *path = NULL;
	const char *store;
	int r = source_real_path(source, form->folder, &path);

	if (r == -EXDEV || (r == 0 && !strstr(path, "/nix/store/"))) {
		(void)snprintf(
			form->why_not, sizeof(form->why_not),
			"has no init=, and the system is not in /nix/store, so that "
			"its init is not known");
		return 0;
	}
	if (r < 0)
		return log_err(r, "cannot resolve '%s'", source_name(source));
	store = strstr(path, "/nix/store/");
	*ret = strdup(store);
	return *ret ? 1 : -ENOMEM;
}

/* kernel-params of a system has no init=, which the boot loader's entry adds. */
static int read_profile(const struct source *source, const struct row *row,
			struct form *form)
{
	auto_free char *path = NULL;
	auto_free char *params = NULL;
	size_t n;
	int r;

	if (!source_has_below(source, form->folder, "init"))
		return 0;
	r = read_params(source, row, form);
	params = take_ptr(&form->says.command_line.text);
	if (r != 1 || !params)
		return r;
	if (says_init(params))
		return 0;
	n = strlen(params);
	cut_newlines(params, &n);
	r = profile_path(source, form, &path);
	if (r <= 0)
		return r < 0 ? r : 1;
	if (asprintf(&form->says.command_line.text, "%s init=%s/init", params, path) <
	    0) {
		form->says.command_line.text = NULL; /* its value is not defined then */
		return -ENOMEM;
	}
	return 1;
}

static int read_names(const struct source *source, const struct row *row,
		      struct form *form)
{
	(void)row;
	return has_any(source, form->folder, form_kernels);
}

/* In the order of docs/trees.md. */
static const struct row rows[] = {
	{ "nixpkgs kexecTree", "kexec-boot", read_script },
	{ "NixOS system profile", "kernel-params", read_profile },
	{ "kernel with kernel-params", "kernel-params", read_params },
	{ "nixos-images kexec tarball", "run", read_script },
	{ "nixos-generators image", "cmdline", read_params },
	{ "netboot", "netboot.ipxe", read_ipxe },
	{ "kernel and initrd", NULL, read_names },
};

static void form_forget(struct form *form)
{
	script_done(&form->says);
	form->why_not[0] = '\0';
	form->error = 0;
}

/* 1, 0 or negative errno. */
static int recognise_in(const struct source *source, const char *folder, struct form *ret)
{
	form_done(ret);
	ret->folder = strdup(folder);
	if (!ret->folder)
		return -ENOMEM;
	for (size_t i = 0; i < array_size(rows); i++) {
		int r;

		if (rows[i].marker && !source_has_below(source, folder, rows[i].marker))
			continue;
		form_forget(ret);
		r = rows[i].read(source, &rows[i], ret);
		if (r < 0)
			return r;
		if (r == 1) {
			ret->name = rows[i].name;
			ret->marker = rows[i].marker;
			return 1;
		}
	}
	return 0;
}

static bool may_be_tree(const struct source *source, const char *folder)
{
	for (size_t i = 0; i < array_size(rows); i++) {
		if (rows[i].marker && source_has_below(source, folder, rows[i].marker))
			return true;
	}
	return has_any(source, folder, form_kernels);
}

static int recognise_one(const struct source *source, char *const *folders, int n,
			 struct form *ret)
{
	const char *found = NULL;

	for (int i = 0; i < n; i++) {
		if (!may_be_tree(source, folders[i]))
			continue;
		if (found) {
			(void)log_err(
				0,
				"'%s' holds several trees, '%s' and '%s' among them: "
				"name one of them",
				source_name(source), found, folders[i]);
			return -ENOTUNIQ;
		}
		found = folders[i];
	}
	return found ? recognise_in(source, found, ret) : 0;
}

int form_recognise(const struct source *source, struct form *ret)
{
	char *folders[SOURCE_MAX_FOLDERS];
	int r, n;

	*ret = (struct form){ 0 };
	r = recognise_in(source, "", ret);
	if (r != 0)
		return r < 0 ? r : 0;
	n = source_folders(source, folders);
	r = n < 0 ? n : recognise_one(source, folders, n, ret);
	for (int i = 0; i < SOURCE_MAX_FOLDERS; i++)
		free(folders[i]);
	return r < 0 ? r : 0;
}
