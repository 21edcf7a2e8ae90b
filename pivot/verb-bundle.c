// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "hooks.h"
#include "options.h"
#include "output.h"
#include "pivot/base/human.h"
#include "pivot/base/log.h"
#include "pivot/bundle/bundle.h"
#include "pivot/bundle/pack.h"
#include "pivot/kexec/kernel.h"
#include "pivot/keep/keep.h"
#include "pivot/middle/kernel.h"

/*
 * What can be known here of a jump elsewhere: what does not depend on that machine. The
 * bundle's 'run' looks at everything, once more.
 */

static int check_kernel(const struct tree *tree)
{
	struct kernel_image kernel;
	char why_not[256];
	int r = kernel_read(tree->kernel_fd, tree->kernel_bytes, &kernel, why_not,
			    sizeof(why_not));

	if (r == -ENOEXEC)
		return log_refuse(r, "'%s' %s", tree->kernel_name, why_not);
	if (r < 0)
		return log_err(r, "cannot read '%s'", tree->kernel_name);
	if (strlen(tree->command_line) > kernel_command_line_room(&kernel))
		return log_refuse(-E2BIG,
				  "the command line has %zu bytes, and this kernel takes "
				  "%zu: give a shorter one with --command-line",
				  strlen(tree->command_line),
				  kernel_command_line_room(&kernel));
	return 0;
}

/* Of what travels only the options' part: the rest is that machine's. */
static int check_keep(const struct options *options)
{
	struct keep_choice choice = options->keep;
	const struct keep_request request = { .root = "", .choice = &choice };
	struct keep keep;
	int r;

	choice.has_no_ssh = true;
	choice.has_no_network = true;
	r = keep_read(&request, &keep);
	keep_done(&keep);
	return r;
}

static int check_hooks(const struct options *options)
{
	struct handover handover = options->handover;
	auto_release(hooks_done) struct hooks hooks;

	return hooks_read(options->hooks, options->n_hooks, &handover, &hooks);
}

/* Only where its file is given it is not that machine's own. */
static int check_middle(const struct options *options, struct middle_kernel *ret)
{
	return options->middle.kernel ? middle_kernel_open("", &options->middle, ret) : 0;
}

static int open_program(void)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	return fd < 0 ? log_err(-errno, "cannot read this program from '/proc/self/exe'")
		      : fd;
}

static int write_bundle(const struct bundle *bundle, uint64_t *ret_bytes)
{
	const char *path = bundle->options->output;
	auto_output struct output output = OUTPUT_INIT;
	int r = output_open(path, &output);

	if (r == 0)
		r = bundle_write(bundle, output.fd, path);
	if (r == 0)
		r = tree_check_unchanged(bundle->tree);
	return r < 0 ? r : output_finish(&output, ret_bytes);
}

static int make(const struct options *options, struct tree *tree, uint64_t *ret_bytes)
{
	auto_release(middle_kernel_done) struct middle_kernel middle = MIDDLE_KERNEL_INIT;
	auto_close int program_fd = open_program();
	struct bundle bundle = { options, tree, NULL, program_fd };
	int r = program_fd < 0 ? program_fd
			       : tree_open(options->tree, &options->tree_options, tree);

	if (r == 0)
		r = check_kernel(tree);
	if (r == 0)
		r = check_keep(options);
	if (r == 0)
		r = check_hooks(options);
	if (r == 0)
		r = check_middle(options, &middle);
	if (r == 0 && strcmp(tree->form, "pivot-kexec bundle") == 0)
		log_notice("'%s' is a bundle itself: what was baked into it is not taken "
			   "over",
			   options->tree);
	bundle.modules = options->middle.modules ? middle.modules : NULL;
	return r < 0 ? r : write_bundle(&bundle, ret_bytes);
}

int verb_bundle(const struct options *options)
{
	auto_release(tree_done) struct tree tree = TREE_INIT;
	char size[HUMAN_BYTES];
	uint64_t bytes;

	if (!options->output)
		return log_refuse(EXIT_USAGE, "name the file to write with -o");
	if (!pack_knows(options->output))
		return log_refuse(EXIT_USAGE,
				  "'%s' is to end in .tar.gz, .tar.xz, .tar.zst or .tar, "
				  "by which nixos-anywhere knows how to unpack it",
				  options->output);
	if (make(options, &tree, &bytes) < 0)
		return EXIT_UNCHANGED;
	if (!options->quiet)
		(void)printf("wrote '%s' (%s): %s\n", options->output,
			     human_bytes(bytes, size), tree.form);
	return EXIT_DONE;
}
