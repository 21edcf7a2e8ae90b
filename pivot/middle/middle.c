// SPDX-License-Identifier: GPL-2.0-or-later
#include "middle.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "command-line.h"
#include "pivot/base/acts.h"
#include "pivot/base/cleanup.h"
#include "pivot/base/log.h"
#include "pivot/base/pages.h"
#include "pivot/base/read.h"
#include "pivot/takeover/step.h"
#include "pivot/tree/spool.h"

enum { MAKE_TIMEOUT_MS = 5 * 60 * 1000 };

/* It has no modules of which it is known where they are. */
static int take_target(const struct middle_plan *plan, struct middle_kernel *ret)
{
	const struct kernel_image *image = plan->target_kernel;
	int n = (int)strcspn(image->release, " ");

	*ret = (struct middle_kernel){ .fd = -1, .image = *image };
	ret->fd = fcntl(plan->target->kernel_fd, F_DUPFD_CLOEXEC, 3);
	ret->bytes = plan->target->kernel_bytes;
	ret->name = strdup(plan->target->kernel_name);
	(void)snprintf(ret->release, sizeof(ret->release), "%.*s", n, image->release);
	return ret->fd < 0 || !ret->name
		       ? log_err(-ENOMEM, "cannot take the target's kernel")
		       : 0;
}

/* What is appended to the target's is for the target alone. */
static int make_command_line(const struct middle_plan *plan, struct middle *middle)
{
	char running[4096] = "", line[MIDDLE_COMMAND_LINE_BYTES];
	ssize_t n = read_text(running, sizeof(running), plan->root, "/proc/cmdline");
	int r = n < 0 && n != -ENOENT /* a recorded machine's */
			? (int)n
			: middle_command_line(running, NULL, line, sizeof(line));

	if (r < 0)
		return log_err(r, "cannot make the middle kernel's command line");
	middle->tree.command_line = strdup(line);
	return middle->tree.command_line ? 0 : log_err(-ENOMEM, "cannot get memory");
}

static struct middle_request request_of(const struct middle_plan *plan,
					const struct middle *middle)
{
	return (struct middle_request){
		.target = plan->target,
		.kernel = plan->target_kernel,
		.modules = &middle->modules,
		.handover = &middle->handover,
		.files = plan->files,
		.n_files = plan->n_files,
	};
}

static int describe_tree(const struct middle_plan *plan, struct middle *middle)
{
	const struct middle_request request = request_of(plan, middle);
	struct tree *tree = &middle->tree;

	tree->form = "middle kernel";
	tree->kernel_fd = fcntl(middle->kernel.fd, F_DUPFD_CLOEXEC, 3);
	if (tree->kernel_fd < 0 || fstat(tree->kernel_fd, &tree->kernel_stat) < 0)
		return log_err(-errno, "cannot open '%s'", middle->kernel.name);
	tree->kernel_bytes = middle->kernel.bytes;
	tree->kernel_name = strdup(middle->kernel.name);
	tree->initrd_name = strdup("the stage and the target");
	if (!tree->kernel_name || !tree->initrd_name)
		return log_err(-ENOMEM, "cannot get memory");
	if (plan->target->kernel_fd >= 0)
		tree->initrd_bytes = middle_initrd_bound(&request);
	return 0;
}

int middle_prepare(const struct middle_plan *plan, struct middle *ret)
{
	int r;

	*ret = (struct middle)MIDDLE_INIT;
	ret->handover = *plan->handover;
	ret->handover.hop = HOP_MIDDLE;
	ret->handover.extent = EXTENT_CLEAN;
	r = plan->is_target ? take_target(plan, &ret->kernel)
			    : middle_kernel_open(plan->root, &plan->choice, &ret->kernel);
	if (r == 0)
		r = middle_modules_read(plan->root, &ret->kernel, plan->hardware,
					plan->handover, &ret->modules);
	if (r == 0)
		r = make_command_line(plan, ret);
	return r < 0 ? r : describe_tree(plan, ret);
}

/* --- the initrd --- */

struct making {
	struct middle_request request;
	int fd;
};

/* Where memory runs out the kernel would rather kill a service than who fills it. */
static int write_initrd(const void *argument)
{
	const struct making *making = argument;

	(void)act_write("/proc/self/oom_score_adj", "1000");
	return middle_initrd_write(&making->request, making->fd);
}

int middle_make(const struct middle_plan *plan, struct middle *middle)
{
	struct making making = { request_of(plan, middle), spool_create_in_memory() };
	struct tree *tree = &middle->tree;
	int r;

	if (making.fd < 0)
		return making.fd;
	r = step_run("making the middle kernel's initrd", write_initrd, &making,
		     MAKE_TIMEOUT_MS);
	tree->initrd_fd = spool_finish(making.fd);
	if (r < 0 || tree->initrd_fd < 0)
		return r < 0 ? r : tree->initrd_fd;
	if (fstat(tree->initrd_fd, &tree->initrd_stat) < 0)
		return log_err(-errno, "cannot read the middle kernel's initrd");
	tree->initrd_bytes = (uint64_t)tree->initrd_stat.st_size;
	if (plan->target->appended_bytes)
		pages_keep_file(tree->initrd_fd, tree->initrd_bytes);
	return 0;
}

void middle_done(struct middle *middle)
{
	middle_kernel_done(&middle->kernel);
	middle_modules_done(&middle->modules);
	tree_done(&middle->tree);
}
