// SPDX-License-Identifier: GPL-2.0-or-later

/*
 * kexec_load(2) of everything: the running kernel copies kernel and initrd out of mapped
 * files into memory of its own, and puts them in their place at the jump. The purgatory
 * checks them there. For where the payload cannot be gathered.
 */

#include "load.h"

#include <errno.h>
#include <linux/kexec.h>
#include <string.h>
#include <sys/mman.h>

#include "control.h"
#include "crc32c.h"
#include "layout.h"
#include "moves.h"
#include "pivot/base/acts.h"
#include "pivot/base/macros.h"
#include "pivot/base/pages.h"

enum { SEGMENTS_MAX = 4 };

struct whole {
	const struct tree *tree;
	const struct kernel_image *kernel;
	struct host host;
	struct layout layout;
	struct boot_request boot;
	struct control control;
	const uint8_t *kernel_data, *initrd_data, *appended_data; /* mapped files */
	uint8_t *data; /* of the control segment */
	char *why;
};

static int map(struct whole *whole, int fd, uint64_t bytes, const uint8_t **ret)
{
	void *data = mmap(NULL, (size_t)bytes, PROT_READ, MAP_PRIVATE, fd, 0);

	if (data == MAP_FAILED)
		return why_fail(whole->why, -errno, "cannot map the tree's files");
	*ret = data;
	return 0;
}

static uint64_t body_bytes(const struct whole *whole)
{
	return whole->tree->kernel_bytes - whole->kernel->setup_bytes;
}

/* Of whole pages; behind the last byte the kernel leaves zeros. */
static uint32_t checksum(const uint8_t *data, size_t bytes, size_t run)
{
	static const uint8_t zeros[PAGE_BYTES];

	return crc32c(crc32c(0, data, bytes), zeros, run - bytes);
}

/* Moves that only check: the kernel has put everything in its place. How many. */
static size_t add_checks(const uint8_t *data, uint64_t bytes, uint64_t address,
			 struct move *moves)
{
	const size_t most = (size_t)MOVES_RUN_PAGES * PAGE_BYTES;
	size_t n = 0;

	for (uint64_t at = 0; at < bytes; at += most, n++) {
		size_t left = bytes - at < most ? (size_t)(bytes - at) : most;
		size_t run = (size_t)pages_whole(left);
		uint64_t frame = (address + at) / PAGE_BYTES;

		if (moves)
			moves[n] = (struct move){
				.to = frame,
				.from = frame,
				.pages = (uint32_t)(run / PAGE_BYTES),
				.crc = checksum(data + at, left, run),
			};
	}
	return n;
}

static uint64_t appended_address(const struct whole *whole)
{
	return whole->layout.initrd.start + tree_appended_at(whole->tree);
}

static size_t add_all_checks(const struct whole *whole, struct move *moves)
{
	size_t n = add_checks(whole->kernel_data + whole->kernel->setup_bytes,
			      body_bytes(whole), whole->layout.kernel.start, moves);

	n += add_checks(whole->initrd_data, whole->tree->initrd_bytes,
			whole->layout.initrd.start, moves ? moves + n : NULL);
	return n + add_checks(whole->appended_data, whole->tree->appended_bytes,
			      appended_address(whole), moves ? moves + n : NULL);
}

static int arrange(struct whole *whole)
{
	struct control *control = &whole->control;
	struct layout_request request = {
		.usable = &whole->host.usable,
		.kernel = layout_kernel_of(whole->kernel),
		.initrd_bytes = pages_whole(tree_initrd_bytes(whole->tree)),
	};
	struct layout_search search = { 0 };
	enum layout_lack lack;

	*control =
		control_measure(&whole->host, &whole->boot, add_all_checks(whole, NULL));
	request.control_bytes = control->bytes;
	do
		if (layout_payload(&request, &search, &whole->layout, &lack) < 0)
			return why_fail(whole->why, -EADDRNOTAVAIL,
					"no free stretch of memory is long enough");
	while (layout_control(&request, &whole->layout) < 0);
	whole->boot.initrd = whole->layout.initrd.start;
	return 0;
}

static int build(struct whole *whole)
{
	const struct control *control = &whole->control;

	whole->data = pages_get(control->bytes);
	if (!whole->data)
		return why_fail(whole->why, -ENOMEM, "no memory for the control segment");
	(void)add_all_checks(whole, control_moves(control, whole->data));
	control_build(control, &whole->host, &whole->boot, whole->layout.kernel.start,
		      whole->layout.control.start, whole->data);
	return 0;
}

static struct kexec_segment segment(const void *data, uint64_t bytes, uint64_t address)
{
	return (struct kexec_segment){
		.buf = data,
		.bufsz = (size_t)bytes,
		.mem = (const void *)(uintptr_t)address,
		/* no more: what the kernel needs to unpack is only kept free */
		.memsz = (size_t)pages_whole(bytes),
	};
}

static int give_to_kernel(struct whole *whole)
{
	const struct kexec_segment segments[SEGMENTS_MAX] = {
		segment(whole->data, whole->control.bytes, whole->layout.control.start),
		segment(whole->kernel_data + whole->kernel->setup_bytes,
			body_bytes(whole), whole->layout.kernel.start),
		segment(whole->initrd_data, whole->tree->initrd_bytes,
			whole->layout.initrd.start),
		segment(whole->appended_data, whole->tree->appended_bytes,
			appended_address(whole)),
	};
	const size_t n =
		2 + (whole->initrd_data != NULL) + (whole->appended_data != NULL);
	int r = act_kexec_load(whole->layout.control.start, segments, n);

	return r < 0 ? why_fail(whole->why, r, "kexec_load") : 0;
}

static int load(struct whole *whole, const char *root)
{
	const struct tree *tree = whole->tree;
	const char *what;
	int r = host_read(root, &whole->host, &what);

	if (r < 0)
		return why_fail(whole->why, r, "cannot read %s", what);
	r = map(whole, tree->kernel_fd, tree->kernel_bytes, &whole->kernel_data);
	if (r == 0 && tree->initrd_fd >= 0)
		r = map(whole, tree->initrd_fd, tree->initrd_bytes, &whole->initrd_data);
	if (r == 0 && tree->appended_bytes)
		r = map(whole, tree->appended_fd, tree->appended_bytes,
			&whole->appended_data);
	if (r < 0)
		return r;
	whole->boot = control_request(&whole->host, whole->kernel_data,
				      whole->kernel->setup_bytes, tree->command_line,
				      tree_initrd_bytes(tree));
	r = arrange(whole);
	if (r == 0)
		r = build(whole);
	return r < 0 ? r : give_to_kernel(whole);
}

static void unmap(const uint8_t *data, uint64_t bytes)
{
	if (data)
		(void)munmap((void *)(uintptr_t)data, (size_t)bytes);
}

int load_whole(const char *root, const struct tree *tree,
	       const struct kernel_image *kernel, char why[WHY_BYTES])
{
	static struct whole whole; /* too large for a stack */
	int r;

	whole = (struct whole){ .tree = tree, .kernel = kernel, .why = why };
	why[0] = '\0';
	r = load(&whole, root);
	unmap(whole.kernel_data, tree->kernel_bytes);
	unmap(whole.initrd_data, tree->initrd_bytes);
	unmap(whole.appended_data, tree->appended_bytes);
	if (whole.data)
		explicit_bzero(whole.data, whole.control.bytes);
	pages_free(whole.data, whole.control.bytes);
	explicit_bzero(&whole.boot, sizeof(whole.boot));
	return r;
}
