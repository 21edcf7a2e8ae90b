// SPDX-License-Identifier: GPL-2.0-or-later
#include "bundle.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "folder.h"
#include "modules.h"
#include "pack.h"
#include "pivot/base/cleanup.h"
#include "pivot/base/log.h"
#include "pivot/option-table.h"
#include "script.h"

#define TOP "kexec"

static int add_script(struct pack *pack, const struct options *options)
{
	auto_free char *text = NULL;
	size_t n;
	int r = bundle_script(options, &text, &n);

	return r < 0 ? log_err(r, "cannot write '" TOP "/run'")
		     : pack_text(pack, TOP "/run", 0755, text, n);
}

static int add_program(struct pack *pack, int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return log_err(-errno, "cannot read this program");
	return pack_file(pack, TOP "/pivot-kexec", 0755, fd, (uint64_t)st.st_size,
			 "pivot-kexec");
}

static int add_command_line(struct pack *pack, const char *line)
{
	auto_free char *text = NULL;

	if (asprintf(&text, "%s\n", line) < 0) {
		text = NULL; /* its value is not defined then */
		return log_err(-ENOMEM, "cannot keep the command line");
	}
	return pack_text(pack, TOP "/command-line", 0644, text, strlen(text));
}

static int add_tree(struct pack *pack, const struct tree *tree)
{
	int r = add_command_line(pack, tree->command_line);

	if (r == 0)
		r = pack_file(pack, TOP "/bzImage", 0644, tree->kernel_fd,
			      tree->kernel_bytes, tree->kernel_name);
	if (r == 0 && tree->initrd_fd >= 0)
		r = pack_file(pack, TOP "/initrd", 0644, tree->initrd_fd,
			      tree->initrd_bytes, tree->initrd_name);
	return r;
}

/* --- what options name --- */

/* Not known: all that may be meant where it runs. */
static int add_modules(struct pack *pack, const struct bundle *bundle, const char *option,
		       const char *folder, const char *path)
{
	return bundle->modules ? folder_pack(pack, option, bundle->modules, path)
			       : modules_pack(pack, option, folder, path);
}

static int add_option(struct pack *pack, const struct bundle *bundle, size_t i)
{
	const struct given_option *given = &bundle->options->given[i];
	const char *option = given->line->name;
	char name[BUNDLE_PATH_BYTES], path[BUNDLE_PATH_BYTES + sizeof(TOP)];

	bundle_path(bundle->options, i, name);
	(void)snprintf(path, sizeof(path), TOP "/%s", name);
	if (given->line->travels == TRAVELS_AS_FILE)
		return folder_pack_file(pack, option, given->value, path);
	if (given->line->travels == TRAVELS_AS_MODULES)
		return add_modules(pack, bundle, option, given->value, path);
	return folder_pack(pack, option, given->value, path);
}

/* There may be secrets among them. */
static int add_options(struct pack *pack, const struct bundle *bundle)
{
	const struct options *options = bundle->options;
	bool has_folder = false;
	int r = 0;

	for (size_t i = 0; r == 0 && i < options->n_given; i++) {
		if (!bundle_has_files(&options->given[i]))
			continue;
		if (!has_folder)
			r = pack_folder(pack, TOP "/files", 0700);
		has_folder = true;
		if (r == 0)
			r = add_option(pack, bundle, i);
	}
	return r;
}

int bundle_write(const struct bundle *bundle, int fd, const char *name)
{
	auto_pack struct pack pack;
	int r = pack_open(fd, name, &pack);

	if (r == 0)
		r = pack_folder(&pack, TOP, 0755);
	if (r == 0)
		r = add_script(&pack, bundle->options);
	if (r == 0)
		r = add_program(&pack, bundle->program_fd);
	if (r == 0)
		r = add_tree(&pack, bundle->tree);
	if (r == 0)
		r = add_options(&pack, bundle);
	return r < 0 ? r : pack_finish(&pack);
}
