// SPDX-License-Identifier: GPL-2.0-or-later
#include "form.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pivot/base/cleanup.h"
#include "pivot/base/log.h"
#include "pivot/base/macros.h"
#include "pivot/base/parameter.h"

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

void form_done(struct form *form)
{
	script_done(&form->says);
	*form = (struct form){ 0 };
}

/* 1 and *ret, or what row->read() returns: such a file still marks the form. */
static int read_text(const struct source *source, const char *path, size_t max,
		     struct form *form, char **ret)
{
	auto_free char *text = NULL;
	size_t n;
	int r = source_text(source, path, max, &text, &n);

	if (r < 0) {
		/* the other files are looked at, so that all that is wrong is told */
		form->error = r;
		return r == -ENOMEM ? r : 1;
	}
	if (strlen(text) != n)
		(void)snprintf(form->why_not, sizeof(form->why_not),
			       "is binary data, not a script or a command line");
	else
		*ret = take_ptr(&text);
	return 1;
}

/* The whole file is the command line. */
static int read_line(const struct source *source, const char *path, struct form *form)
{
	auto_free char *text = NULL;
	int r = read_text(source, path, MAX_PARAMS_BYTES, form, &text);

	if (!text)
		return r;
	for (size_t n = strlen(text); n && text[n - 1] == '\n';)
		text[--n] = '\0';
	free(form->says.command_line.text);
	form->says.command_line.text = take_ptr(&text);
	return r;
}

/* --command-line="$(cat kernel-params)": one expansion and nothing else. */
static bool names_params(const struct script_value *line)
{
	return line->unknown && !line->text[0] && strstr(line->unknown, "kernel-params");
}

/*
 * A script that is not understood still marks the form, but says nothing: the half that
 * was, before the error, may not be what it means.
 */
static int keep_error(int error, struct form *form)
{
	if (error == 0)
		return 1;
	script_done(&form->says);
	(void)snprintf(form->why_not, sizeof(form->why_not), "%s", script_why_not(error));
	return 1;
}

static int read_script(const struct source *source, const struct row *row,
		       struct form *form)
{
	struct script_value *line = &form->says.command_line;
	auto_free char *text = NULL;
	int r = read_text(source, row->marker, SCRIPT_MAX_BYTES, form, &text);

	if (!text)
		return r;
	r = script_parse(text, &form->says);
	if (r == -ENOENT)
		return 0; /* some other script of that name */
	if (r == 0 && names_params(line) && source_has(source, "kernel-params")) {
		free(take_ptr(&line->unknown));
		return read_line(source, "kernel-params", form);
	}
	return keep_error(r, form);
}

static int read_ipxe(const struct source *source, const struct row *row,
		     struct form *form)
{
	auto_free char *text = NULL;
	int r = read_text(source, row->marker, SCRIPT_MAX_BYTES, form, &text);

	return text ? keep_error(script_parse_ipxe(text, &form->says), form) : r;
}

static int read_params(const struct source *source, const struct row *row,
		       struct form *form)
{
	if (!source_has_any(source, form_kernels))
		return 0;
	return read_line(source, row->marker, form);
}

/* The store path, also where the store is mounted elsewhere: /mnt/nix/store/... */
static int profile_path(const struct source *source, struct form *form, char **ret)
{
	auto_free char *path = NULL;
	const char *store;
	int r = source_real_path(source, &path);

	if (r < 0 && r != -EXDEV)
		return log_err(r, "cannot resolve '%s'", source_name(source));
	store = r == 0 ? strstr(path, "/nix/store/") : NULL;
	if (!store) {
		(void)snprintf(
			form->why_not, sizeof(form->why_not),
			"has no init=, and the system is not in /nix/store, so that "
			"its init is not known");
		return 0;
	}
	*ret = strdup(store);
	return *ret ? 1 : -ENOMEM;
}

/* kernel-params of a system has no init=, which the boot loader's entry adds. */
static int read_profile(const struct source *source, const struct row *row,
			struct form *form)
{
	char **line = &form->says.command_line.text;
	auto_free char *params = NULL;
	auto_free char *path = NULL;
	size_t n;
	int r;

	if (!source_has(source, "init"))
		return 0;
	r = read_params(source, row, form);
	params = take_ptr(line);
	if (r != 1 || !params)
		return r;
	if (parameter_find(params, "init", &n))
		return 0;
	r = profile_path(source, form, &path);
	if (r <= 0)
		return r < 0 ? r : 1;
	if (asprintf(line, "%s init=%s/init", params, path) < 0) {
		*line = NULL; /* its value is not defined then */
		return -ENOMEM;
	}
	return 1;
}

static int read_names(const struct source *source, const struct row *row,
		      struct form *form)
{
	(void)row;
	(void)form;
	return source_has_any(source, form_kernels);
}

/* In the order of docs/trees.md. */
static const struct row rows[] = {
	{ "nixpkgs kexecTree", "kexec-boot", read_script },
	{ "NixOS system profile", "kernel-params", read_profile },
	{ "kernel with kernel-params", "kernel-params", read_params },
	{ "pivot-kexec bundle", "command-line", read_params },
	{ "nixos-images kexec tarball", "run", read_script },
	{ "nixos-generators image", "cmdline", read_params },
	{ "netboot", "netboot.ipxe", read_ipxe },
	{ "kernel and initrd", NULL, read_names },
};

/* 1, 0 or negative errno. */
static int recognise_here(const struct source *source, struct form *ret)
{
	for (size_t i = 0; i < array_size(rows); i++) {
		const struct row *row = &rows[i];
		int r;

		if (row->marker && !source_has(source, row->marker))
			continue;
		form_done(ret);
		ret->marker = row->marker;
		r = row->read(source, row, ret);
		if (r == 1)
			ret->name = row->name;
		if (r != 0)
			return r;
	}
	form_done(ret);
	return 0;
}

int form_recognise(struct source *source, struct form *ret)
{
	static const char *const marks[] = { "kexec-boot",
					     "kernel-params",
					     "command-line",
					     "run",
					     "cmdline",
					     "netboot.ipxe",
					     "bzImage",
					     "kernel",
					     "Image",
					     "vmlinuz",
					     NULL };
	int r;

	*ret = (struct form){ 0 };
	r = recognise_here(source, ret);
	if (r == 0)
		r = source_enter(source, marks);
	else
		return r < 0 ? r : 0;
	if (r == 1)
		r = recognise_here(source, ret);
	return r < 0 ? r : 0;
}
