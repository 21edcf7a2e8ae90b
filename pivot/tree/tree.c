// SPDX-License-Identifier: GPL-2.0-or-later
#include "pivot/tree/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "pivot/base/cleanup.h"
#include "pivot/base/log.h"
#include "pivot/tree/file.h"
#include "pivot/tree/form.h"
#include "pivot/tree/initrd.h"
#include "pivot/tree/source.h"

/* What tree_open() works on. */
struct opening {
	const struct tree_options *options;
	struct source *source; /* NULL: everything comes from the options */
	struct form form;
	struct tree *tree;
};

static void opening_done(struct opening *opening)
{
	form_done(&opening->form);
	source_free(opening->source);
}

void tree_done(struct tree *tree)
{
	close_fdp(&tree->kernel_fd);
	close_fdp(&tree->initrd_fd);
	free(tree->kernel_name);
	free(tree->initrd_name);
	free(tree->command_line);
	*tree = (struct tree)TREE_INIT;
}

static int size_of(int fd, const char *name, uint64_t *ret)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return log_err(-errno, "cannot look at '%s'", name);
	*ret = (uint64_t)st.st_size;
	return 0;
}

static const char *marker_of(const struct opening *opening)
{
	return opening->form.marker ? opening->form.marker : source_name(opening->source);
}

/* 1 and *ret: the first of the usual names that is there. 0: none is. */
static int usual_path(const struct opening *opening, const char *const *names, char **ret)
{
	int r = 0;

	for (; *names && r == 0; names++) {
		if (!source_has_below(opening->source, opening->form.folder, *names))
			continue;
		r = form_path(&opening->form, *names, ret);
		return r < 0 ? log_err(r, "cannot open '%s'", *names) : 1;
	}
	return 0;
}

/*
 * What the script says, or what is usual where it says nothing, where only running it
 * would tell, or where it means a file that it makes itself.
 */
static int choose_path(const struct opening *opening, const struct script_value *said,
		       const char *const *usual, char **ret)
{
	auto_free char *named = NULL;
	int r = 0;

	if (said->text && !said->unknown)
		r = form_path(&opening->form, said->text, &named);
	if (r < 0)
		return log_err(r, "cannot open '%s'", said->text);
	if (named && source_has(opening->source, named)) {
		*ret = take_ptr(&named);
		return 1;
	}
	r = usual_path(opening, usual, ret);
	if (r == 1 && said->text)
		log_notice("'%s' names '%s', which is not in the tree: taking '%s'",
			   marker_of(opening), said->unknown ? said->unknown : said->text,
			   *ret);
	if (r == 0 && named) {
		*ret = take_ptr(&named); /* opening it tells what is wrong */
		return 1;
	}
	return r;
}

static int keep_name(char **ret, const char *name)
{
	*ret = strdup(name);
	return *ret ? 0 : log_err(-ENOMEM, "cannot open '%s'", name);
}

static int open_tree_kernel(struct opening *opening)
{
	struct tree *tree = opening->tree;
	int r = choose_path(opening, &opening->form.says.kernel, form_kernels,
			    &tree->kernel_name);

	if (r == 0) {
		(void)log_err(
			0,
			"'%s' has no kernel, neither 'bzImage' nor 'kernel': give it "
			"with --kernel",
			source_name(opening->source));
		return -ENOENT;
	}
	if (r < 0)
		return r;
	tree->kernel_fd = source_file(opening->source, tree->kernel_name);
	return tree->kernel_fd < 0 ? tree->kernel_fd : 0;
}

static int open_kernel(struct opening *opening)
{
	const char *path = opening->options->kernel;
	struct tree *tree = opening->tree;
	int r;

	if (path) {
		tree->kernel_fd = file_open(AT_FDCWD, path, path);
		r = tree->kernel_fd < 0 ? tree->kernel_fd
					: keep_name(&tree->kernel_name, path);
	} else {
		r = open_tree_kernel(opening);
	}
	if (r < 0)
		return r;
	return size_of(tree->kernel_fd, tree->kernel_name, &tree->kernel_bytes);
}

static int add_tree_initrd(struct opening *opening, const struct script_value *said,
			   struct initrd_list *list)
{
	auto_free char *path = NULL;
	int r = choose_path(opening, said, form_initrds, &path);

	if (r <= 0)
		return r;
	r = source_file(opening->source, path);
	return r < 0 ? r : initrd_add(list, r, path);
}

static int add_tree_initrds(struct opening *opening, struct initrd_list *list)
{
	static const struct script_value unsaid;
	const struct script *says = &opening->form.says;
	int r = 0;

	if (!says->n_initrds)
		return add_tree_initrd(opening, &unsaid, list);
	for (size_t i = 0; i < says->n_initrds; i++) {
		int failed = add_tree_initrd(opening, &says->initrds[i], list);

		r = r < 0 ? r : failed;
	}
	return r;
}

static int add_option_initrds(const struct tree_options *options,
			      struct initrd_list *list)
{
	int r = 0;

	for (size_t i = 0; i < options->n_initrds; i++) {
		const char *path = options->initrds[i];
		int fd = file_open(AT_FDCWD, path, path);
		int failed = fd < 0 ? fd : initrd_add(list, fd, path);

		r = r < 0 ? r : failed;
	}
	return r;
}

static int open_initrd(struct opening *opening)
{
	auto_release(initrd_list_done) struct initrd_list list = { 0 };
	struct tree *tree = opening->tree;
	int r = 0;

	if (opening->options->n_initrds)
		r = add_option_initrds(opening->options, &list);
	else if (opening->source)
		r = add_tree_initrds(opening, &list);
	if (r < 0 || !list.n)
		return r < 0 ? r : 0;
	tree->initrd_fd = initrd_join(&list, &tree->initrd_name);
	if (tree->initrd_fd < 0)
		return tree->initrd_fd;
	return size_of(tree->initrd_fd, tree->initrd_name, &tree->initrd_bytes);
}

/* Why the tree tells no command line, with the way out. */
static int log_no_command_line(const struct opening *opening)
{
	const struct script_value *said = &opening->form.says.command_line;

	if (opening->form.error < 0)
		return opening->form.error;
	if (!opening->source)
		(void)log_err(0, "there is no command line: give it with --command-line");
	else if (opening->form.why_not[0])
		(void)log_err(0, "'%s' %s: give --command-line", marker_of(opening),
			      opening->form.why_not);
	else if (!said->text)
		(void)log_err(0,
			      "'%s' tells no command line: give it with --command-line",
			      marker_of(opening));
	else
		(void)log_err(
			0,
			"the command line in '%s' holds '%s', which only running the "
			"script would tell: give it with --command-line '%s'",
			marker_of(opening), said->unknown, said->text);
	return -ENODATA;
}

/*
 * Everything in a script's quotes reaches kexec, newlines too, and the kernel takes any
 * white space between parameters. A space says the same and keeps it one line.
 */
static int put_on_one_line(char *line)
{
	size_t n = 0;

	for (char *at = line; *at; at++) {
		if (strchr("\t\n\v\f\r", *at))
			*at = ' ';
		if ((unsigned char)*at < ' ' || *at == 0x7f) {
			(void)log_err(
				0,
				"the command line holds the control character 0x%02x: "
				"give it with --command-line",
				(unsigned int)*at);
			return -EINVAL;
		}
		n = *at == ' ' ? n : (size_t)(at - line) + 1;
	}
	line[n] = '\0';
	memmove(line, line + strspn(line, " "), n + 1 - strspn(line, " "));
	return 0;
}

static int set_command_line(struct opening *opening)
{
	const struct script_value *said = &opening->form.says.command_line;
	const struct tree_options *options = opening->options;
	const char *append = options->append ? options->append : "";
	auto_release(text_done) struct text line = { 0 };
	int r;

	if (!options->command_line && (!said->text || said->unknown))
		return log_no_command_line(opening);
	text_add_string(&line,
			options->command_line ? options->command_line : said->text);
	text_add_string(&line, *append ? " " : "");
	text_add_string(&line, append);
	r = text_take(&line, &opening->tree->command_line);
	if (r < 0)
		return log_err(r, "the command line cannot be kept");
	return put_on_one_line(opening->tree->command_line);
}

static int open_source(struct opening *opening, const char *path)
{
	int r;

	opening->tree->form = "options";
	if (!path && !opening->options->kernel) {
		(void)log_err(
			0, "nothing to jump to: name a tree, or give --kernel, --initrd "
			   "and --command-line");
		return -EINVAL;
	}
	if (!path)
		return 0;
	r = source_open(path, &opening->source);
	if (r == 0)
		r = form_recognise(opening->source, &opening->form);
	if (r < 0)
		return r;
	if (opening->form.name)
		opening->tree->form = opening->form.name;
	else if (!opening->options->kernel) {
		(void)log_err(
			0,
			"'%s' is no tree: it has no kexec-boot, run, kernel-params, "
			"cmdline, netboot.ipxe or bzImage: give --kernel, --initrd and "
			"--command-line",
			path);
		return -ENOENT;
	}
	return 0;
}

int tree_open(const char *path, const struct tree_options *options, struct tree *ret)
{
	auto_release(opening_done) struct opening opening = { .options = options,
							      .tree = ret };
	int results[3];
	int r;

	*ret = (struct tree)TREE_INIT;
	r = open_source(&opening, path);
	if (r < 0)
		return r;
	/* all that is wrong is told, not only the first */
	results[0] = open_kernel(&opening);
	results[1] = open_initrd(&opening);
	results[2] = set_command_line(&opening);
	for (size_t i = 0; i < 3; i++)
		r = r < 0 ? r : results[i];
	return r;
}
