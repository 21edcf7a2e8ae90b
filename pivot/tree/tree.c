// SPDX-License-Identifier: GPL-2.0-or-later
#include "tree.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "file.h"
#include "form.h"
#include "initrd.h"
#include "pivot/base/cleanup.h"
#include "pivot/base/log.h"
#include "pivot/base/printable.h"
#include "source.h"
#include "unified.h"

static const char unified_form[] = "unified kernel image";

enum { MAX_SUGGESTION = 700 }; /* bytes that a line of the log has room for */

/* What tree_open() works on. */
struct opening {
	const struct tree_options *options;
	struct source *source; /* NULL: everything comes from the options */
	struct form form;
	struct unified image; /* says what neither options nor a tree do */
	struct tree *tree;
};

static void opening_done(struct opening *opening)
{
	unified_done(&opening->image);
	form_done(&opening->form);
	source_free(opening->source);
}

void tree_done(struct tree *tree)
{
	close_fdp(&tree->kernel_fd);
	close_fdp(&tree->initrd_fd);
	close_fdp(&tree->appended_fd);
	free(tree->kernel_name);
	free(tree->initrd_name);
	free(tree->command_line);
	*tree = (struct tree)TREE_INIT;
}

static int look_at(int fd, const char *name, struct stat *ret, uint64_t *ret_bytes)
{
	if (fstat(fd, ret) < 0)
		return log_err(-errno, "cannot look at '%s'", name);
	*ret_bytes = (uint64_t)ret->st_size;
	return 0;
}

static bool is_same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

/* A file that changes while it is read is neither what it was nor what it will be. */
static int check_unchanged(int fd, const char *name, const struct stat *then)
{
	struct stat now;

	if (fd < 0)
		return 0;
	if (fstat(fd, &now) < 0)
		return log_err(-errno, "cannot look at '%s'", name);
	if (now.st_size == then->st_size && is_same_time(&now.st_mtim, &then->st_mtim) &&
	    is_same_time(&now.st_ctim, &then->st_ctim))
		return 0;
	return log_refuse(
		-ESTALE,
		"'%s' changed while it was read: wait until it is copied, and try "
		"again",
		name);
}

int tree_check_unchanged(const struct tree *tree)
{
	int r = check_unchanged(tree->kernel_fd, tree->kernel_name, &tree->kernel_stat);

	return r < 0 ? r
		     : check_unchanged(tree->initrd_fd, tree->initrd_name,
				       &tree->initrd_stat);
}

static const char *marker_of(const struct opening *opening)
{
	return opening->form.marker ? opening->form.marker : source_name(opening->source);
}

static const char *usual_path(const struct source *source, const char *const *names)
{
	while (*names && !source_has(source, *names))
		names++;
	return *names;
}

/*
 * What the script says, or what is usual where it says nothing, where only running it
 * would tell, or where it means a file that it makes itself. NULL: there is none.
 */
static const char *choose_path(const struct opening *opening,
			       const struct script_value *said, const char *const *usual)
{
	const char *named = said->unknown ? NULL : said->text;
	const char *found;

	if (named && source_has(opening->source, named))
		return named;
	found = usual_path(opening->source, usual);
	if (!found)
		return named; /* opening it tells what is wrong */
	if (said->text)
		log_notice("'%s' names '%.200s', which is not in the tree: taking '%s'",
			   marker_of(opening), named ?: said->unknown, found);
	return found;
}

static int open_tree_kernel(struct opening *opening, const char **ret_name)
{
	*ret_name = choose_path(opening, &opening->form.says.kernel, form_kernels);
	if (!*ret_name)
		return log_refuse(-ENOENT,
				  "'%s' has no kernel, neither 'bzImage' nor 'kernel': "
				  "give it with --kernel",
				  source_name(opening->source));
	return source_file(opening->source, *ret_name);
}

static int set_kernel(struct tree *tree, int taken_fd, char *taken_name)
{
	auto_close int fd = taken_fd;
	auto_free char *name = printable_make(taken_name);

	if (fd < 0)
		return fd;
	if (!name)
		return log_err(-ENOMEM, "cannot open the kernel");
	tree->kernel_fd = take_fd(&fd);
	tree->kernel_name = take_ptr(&name);
	return look_at(tree->kernel_fd, tree->kernel_name, &tree->kernel_stat,
		       &tree->kernel_bytes);
}

/* The kernel in an image. */
static int set_unified_kernel(struct opening *opening, const struct unified *image)
{
	if (!opening->form.marker)
		opening->tree->form = unified_form;
	return set_kernel(opening->tree, unified_copy(image, UKI_LINUX),
			  unified_part_name(image, UKI_LINUX));
}

/* The file that is named as the kernel. */
static int open_kernel_file(struct opening *opening)
{
	auto_release(unified_done) struct unified image = UNIFIED_INIT;
	const char *name = opening->options->kernel;
	auto_close int fd =
		name ? file_open(AT_FDCWD, name, name) : open_tree_kernel(opening, &name);
	int r = fd < 0 ? fd : unified_open(fd, name, &image);

	if (r == 0)
		return set_kernel(opening->tree, take_fd(&fd), strdup(name));
	if (r == 1)
		r = set_unified_kernel(opening, &image);
	else if (fd >= 0)
		opening->form.error =
			r; /* its command line is not missing, but not known */
	if (r == 0 && !opening->image.name) {
		opening->image = image;
		image = (struct unified)UNIFIED_INIT;
	}
	return r;
}

static int open_kernel(struct opening *opening)
{
	if (opening->image.name && !opening->options->kernel)
		return set_unified_kernel(opening, &opening->image);
	return open_kernel_file(opening);
}

static int add_tree_initrd(struct opening *opening, const struct script_value *said,
			   struct initrd_list *list)
{
	const char *path = choose_path(opening, said, form_initrds);
	int r;

	if (!path)
		return 0;
	r = source_file(opening->source, path);
	return r < 0 ? r : initrd_add(list, r, path);
}

static int add_tree_initrds(struct opening *opening, struct initrd_list *list)
{
	const struct script *says = &opening->form.says;
	int r = 0;

	/* where the script says nothing, the first one stands for that */
	for (size_t i = 0; i < (says->n_initrds ?: 1); i++) {
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
	if (r == 0 && !list.n)
		r = unified_add_initrds(&opening->image, &list);
	if (r < 0 || !list.n)
		return r < 0 ? r : 0;
	tree->initrd_fd = initrd_join(&list);
	if (tree->initrd_fd < 0)
		return tree->initrd_fd;
	tree->initrd_name = printable_make(take_ptr(&list.names));
	return look_at(tree->initrd_fd, tree->initrd_name, &tree->initrd_stat,
		       &tree->initrd_bytes);
}

/* Why the tree tells no command line, with the way out. */
static int log_no_command_line(const struct opening *opening)
{
	const struct script_value *said = &opening->form.says.command_line;

	if (opening->form.error < 0)
		return opening->form.error;
	if (!opening->source && opening->image.name)
		return log_refuse(-ENODATA,
				  "'%s' has no command line in it: give it with "
				  "--command-line",
				  opening->image.name);
	if (!opening->source)
		return log_refuse(-ENODATA, "there is no command line: give it with "
					    "--command-line");
	if (opening->form.why_not[0])
		return log_refuse(-ENODATA, "'%s' %s: give --command-line",
				  marker_of(opening), opening->form.why_not);
	if (!said->text)
		return log_refuse(-ENODATA,
				  "'%s' tells no command line: give it with "
				  "--command-line",
				  marker_of(opening));
	if (strlen(said->unknown) + strlen(said->text) > MAX_SUGGESTION)
		return log_refuse(
			-ENODATA,
			"the command line in '%s' holds '%.200s...', which only "
			"running the script would tell: give --command-line",
			marker_of(opening), said->unknown);
	return log_refuse(-ENODATA,
			  "the command line in '%s' holds '%s', which only running the "
			  "script would tell: give it with --command-line '%s'",
			  marker_of(opening), said->unknown, said->text);
}

/* The kernel takes all behind an open quote for one parameter: next_arg() in
 * lib/cmdline.c. */
static int check_quotes(const char *line)
{
	bool is_open = false;

	for (const char *at = line; *at; at++)
		is_open ^= *at == '"';
	if (!is_open)
		return 0;
	return log_refuse(-EINVAL,
			  "the command line has a double quote that is never "
			  "closed, and the kernel would take all behind it for one "
			  "parameter: give it with --command-line");
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
		if ((unsigned char)*at < ' ' || *at == 0x7f)
			return log_refuse(-EINVAL,
					  "the command line holds the control character "
					  "0x%02x: give it with --command-line",
					  (unsigned int)*at);
		n = *at == ' ' ? n : (size_t)(at - line) + 1;
	}
	line[n] = '\0';
	memmove(line, line + strspn(line, " "), n + 1 - strspn(line, " "));
	return 0;
}

/* What the options say, else the tree, else the image where the tree is silent. */
static int find_command_line(const struct opening *opening, char **ret)
{
	const struct script_value *said = &opening->form.says.command_line;
	const char *text = opening->options->command_line;

	if (!text && !said->unknown)
		text = said->text;
	if (text) {
		*ret = strdup(text);
		return *ret ? 0 : log_err(-ENOMEM, "cannot keep the command line");
	}
	if (said->text || opening->form.error < 0 || opening->form.why_not[0] ||
	    !unified_has(&opening->image, UKI_CMDLINE))
		return log_no_command_line(opening);
	return unified_command_line(&opening->image, ret);
}

static int set_command_line(struct opening *opening)
{
	const char *append = opening->options->append ?: "";
	char **line = &opening->tree->command_line;
	auto_free char *base = NULL;
	int r = find_command_line(opening, &base);

	if (r < 0)
		return r;
	if (asprintf(line, "%s%s%s", base, *append ? " " : "", append) < 0) {
		*line = NULL; /* its value is not defined then */
		return log_err(-ENOMEM, "cannot keep the command line");
	}
	r = put_on_one_line(*line);
	return r < 0 ? r : check_quotes(*line);
}

/* Is TREE itself such an image? 1, 0, or negative errno, logged. */
static int open_image(struct opening *opening, const char *path)
{
	auto_close int fd = -1;
	struct stat st;

	/* of what is no file, and of none at all, source_open() tells */
	if (strcmp(path, "-") == 0 || stat(path, &st) < 0 || !S_ISREG(st.st_mode))
		return 0;
	fd = file_open(AT_FDCWD, path, path);
	return fd < 0 ? fd : unified_open(fd, path, &opening->image);
}

static int open_source(struct opening *opening, const char *path)
{
	const char *kernel = opening->options->kernel;
	int r;

	opening->tree->form = "options";
	if (!path && !kernel)
		return log_refuse(-EINVAL, "nothing to jump to: name a tree, or give "
					   "--kernel, --initrd and --command-line");
	if (!path)
		return 0;
	r = open_image(opening, path);
	if (r == 1)
		opening->tree->form = unified_form;
	if (r != 0)
		return r < 0 ? r : 0;
	r = source_open(path, &opening->source);
	if (r == 0)
		r = form_recognise(opening->source, &opening->form);
	if (r < 0)
		return r;
	if (!opening->form.name && !kernel)
		return log_refuse(
			-ENOENT,
			"'%s' is no tree: it has no kexec-boot, run, kernel-params, "
			"cmdline, netboot.ipxe or bzImage: give --kernel, --initrd and "
			"--command-line",
			path);
	opening->tree->form = opening->form.name ?: "options";
	return 0;
}

int tree_open(const char *path, const struct tree_options *options, struct tree *ret)
{
	auto_release(opening_done) struct opening opening = { .options = options,
							      .image = UNIFIED_INIT,
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
