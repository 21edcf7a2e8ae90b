// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "initramfs/middle.h"
#include "pivot/base/cleanup.h"
#include "pivot/base/file.h"
#include "pivot/base/log.h"
#include "pivot/base/progress.h"
#include "pivot/base/macros.h"
#include "pivot/base/pages.h"
#include "pivot/kexec/crc32c.h"
#include "pivot/kexec/payload.h"
#include "pivot/tree/spool.h"

enum {
	COPY_PAGES = 256,
	HEADER_BYTES = 110,			/* of a newc entry, without its name */
	NAME_BYTES = PAGE_BYTES - HEADER_BYTES, /* with the zeros that fill the page */
	TRAILER_BYTES = 124,
	OWN_FILES = 6,	   /* beside modules and firmware */
	FILE_BYTES = 2048, /* of a file what is not its own, with the folders it is in */
};

/* in an archive no name begins with a "/" */
#define FOLDER	(&PAYLOAD_FOLDER[1])
#define MODULES (&MIDDLE_MODULES[1])

/* One that is being written. */
struct composing {
	const struct middle_request *request;
	struct spool spool;
	int fd;
	off_t at;
	uint32_t *checksums; /* of each page so far */
	size_t n;
	struct progress progress;
};

/* The target's kernel, behind its setup part. */
static uint64_t body_bytes(const struct middle_request *request)
{
	return request->target->kernel_bytes - request->kernel->setup_bytes;
}

static uint64_t retained_bytes(const struct middle_request *request)
{
	return pages_whole(body_bytes(request)) +
	       pages_whole(tree_initrd_bytes(request->target)) + PAYLOAD_ROOM_BYTES;
}

/* --- what is retained --- */

static int put(struct composing *c, const void *data, size_t n)
{
	int r = spool_write(&c->spool, c->fd, data, n, c->at);

	c->at += (off_t)n;
	progress_at(&c->progress, (uint64_t)c->at);
	return r;
}

/* A cpio header, its name and zeros, size bytes in all. */
static int put_header(struct composing *c, const char *name, size_t name_bytes,
		      uint64_t body, size_t size)
{
	char header[PAGE_BYTES] = "";

	(void)snprintf(header, sizeof(header),
		       "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%s", 0,
		       0, 0, 0, 1, 0, (unsigned int)body, 0, 0, 0, 0,
		       (unsigned int)name_bytes, 0, name);
	return put(c, header, size);
}

static int put_first_page(struct composing *c)
{
	uint64_t bytes = retained_bytes(c->request);

	/* the length of an entry has 32 bits */
	if (bytes > UINT32_MAX - PAGE_BYTES)
		return log_refuse(-E2BIG,
				  "kernel and initrd are too large to go by way of a "
				  "middle kernel, which takes 4 GiB: use --stages=1");
	return put_header(c, "pivot-kexec", NAME_BYTES, bytes, PAGE_BYTES);
}

/* As many pages as are read at a time; the last one is filled with zeros. */
static int put_pages(struct composing *c, uint8_t *pages, size_t bytes, uint32_t *crc)
{
	size_t whole = (size_t)pages_whole(bytes);

	memset(pages + bytes, 0, whole - bytes);
	for (size_t i = 0; i < whole; i += PAGE_BYTES)
		c->checksums[c->n++] = crc32c(0, pages + i, PAGE_BYTES);
	*crc = crc32c(*crc, pages, whole);
	return put(c, pages, whole);
}

/* Behind what is at the place already: whole pages, and the last one has zeros. */
static int put_part(struct composing *c, int fd, const char *name, uint64_t from,
		    uint64_t bytes, struct payload_place *place)
{
	enum { AT_ONCE = COPY_PAGES * PAGE_BYTES };
	auto_free uint8_t *pages = malloc(AT_ONCE);
	int r = pages ? 0 : log_err(-ENOMEM, "cannot copy '%s'", name);

	if (!place->bytes)
		place->offset = (uint64_t)c->at;
	place->bytes = (uint64_t)c->at - place->offset + bytes;
	for (uint64_t done = 0; r == 0 && done < bytes; done += AT_ONCE) {
		size_t n = bytes - done < AT_ONCE ? (size_t)(bytes - done) : AT_ONCE;
		ssize_t got = file_read_at(fd, pages, n, (off_t)(from + done));

		if (got < 0)
			r = log_err((int)got, "cannot read '%s'", name);
		else if ((size_t)got < n)
			r = log_refuse(-ESTALE,
				       "'%s' has become shorter: wait until it is copied",
				       name);
		else
			r = put_pages(c, pages, n, &place->crc);
	}
	return r;
}

/* Nothing is written there: the room is a hole until it is loaded. */
static int put_room(struct composing *c)
{
	c->at += PAYLOAD_ROOM_BYTES;
	return put_header(c, "TRAILER!!!", sizeof("TRAILER!!!"), 0, TRAILER_BYTES);
}

/* --- the image --- */

/* Files and their names, until the image is built. */
struct files {
	struct image_file *file;
	char (*path)[PATH_MAX];
	size_t n;
};

static void files_done(struct files *files)
{
	free(files->file);
	free(files->path);
}

static int files_get(const struct middle_request *request, struct files *ret)
{
	size_t most = request->modules->n + request->modules->n_firmware +
		      request->n_files + OWN_FILES;

	*ret = (struct files){ .file = calloc(most, sizeof(*ret->file)),
			       .path = calloc(most, sizeof(*ret->path)) };
	return ret->file && ret->path ? 0 : -ENOMEM;
}

printf_like(4, 5) static void add(struct files *files, const void *data, size_t size,
				  const char *format, ...)
{
	char *path = files->path[files->n];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(path, PATH_MAX, format, args);
	va_end(args);
	files->file[files->n++] =
		(struct image_file){ .path = path, .data = data, .size = size };
}

/* In the order to load them, as middle_bind() reads it. */
static int add_modules(struct files *files, const struct middle_modules *modules,
		       char order[MIDDLE_ORDER_BYTES])
{
	size_t used = 0;

	for (size_t i = 0; i < modules->n; i++) {
		const struct middle_module *m = &modules->module[i];

		used += (size_t)snprintf(order + used, MIDDLE_ORDER_BYTES - used,
					 "%s.ko%s%s\n", m->name, m->options[0] ? " " : "",
					 m->options);
		if (used >= MIDDLE_ORDER_BYTES)
			return log_refuse(-E2BIG,
					  "the middle kernel's modules are too many");
		add(files, m->data, m->size, "%s/%s.ko", MODULES, m->name);
	}
	add(files, order, used, "%s/order", MODULES);
	for (size_t i = 0; i < modules->n_firmware; i++)
		add(files, modules->firmware[i].data, modules->firmware[i].size,
		    "lib/firmware/%s", modules->firmware[i].name);
	return 0;
}

/* What can be read of the target in the middle kernel. */
struct known {
	struct payload payload; /* the setup part and the command line */
	struct payload_place kernel, initrd;
	char seal[PAYLOAD_SEAL_BYTES];
};

static int read_setup(const struct middle_request *request, uint8_t **ret)
{
	const struct tree *target = request->target;
	size_t n = request->kernel->setup_bytes;
	auto_free uint8_t *setup = malloc(n);
	ssize_t got = setup ? file_read_at(target->kernel_fd, setup, n, 0) : -ENOMEM;

	if (got < 0)
		return log_err((int)got, "cannot read '%s'", target->kernel_name);
	if ((size_t)got < n)
		return log_refuse(-ESTALE, "'%s' has become shorter",
				  target->kernel_name);
	*ret = take_ptr(&setup);
	return 0;
}

static void add_target(struct files *files, struct known *known,
		       const uint32_t *checksums, size_t n)
{
	const struct payload_file *file = known->payload.file;
	size_t length = payload_seal_retained(&known->payload, &known->kernel,
					      known->initrd.bytes ? &known->initrd : NULL,
					      known->seal);

	for (int i = 0; i < PAYLOAD_SEALED; i++)
		if (file[i].data)
			add(files, file[i].data, (size_t)file[i].bytes, "%s/%s", FOLDER,
			    payload_file_name(i));
	add(files, checksums, n * sizeof(*checksums), "%s/checksums", FOLDER);
	add(files, known->seal, length, "%s/seal", FOLDER);
}

static int build_image(const struct middle_request *request, struct known *known,
		       const uint32_t *checksums, size_t n, struct image *ret)
{
	auto_release(files_done) struct files files = { 0 };
	char order[MIDDLE_ORDER_BYTES];
	int r = files_get(request, &files);

	*ret = (struct image){ 0 };
	if (r < 0)
		return log_err(r, "cannot write the middle kernel's image");
	for (size_t i = 0; i < request->n_files; i++)
		add(&files, request->files[i].data, request->files[i].size, "%s",
		    request->files[i].path);
	r = add_modules(&files, request->modules, order);
	if (r == 0 && known)
		add_target(&files, known, checksums, n);
	return r < 0 ? r
		     : image_build_compressed(request->handover, files.file, files.n,
					      ret);
}

int middle_image(const struct middle_request *request, struct image *ret)
{
	return build_image(request, NULL, NULL, 0, ret);
}

static int put_image(struct composing *c, struct known *known)
{
	const char *line = c->request->target->command_line;
	auto_release(image_done) struct image image = { 0 };
	auto_free uint8_t *setup = NULL;
	int r = read_setup(c->request, &setup);

	if (r < 0)
		return r;
	known->payload.file[PAYLOAD_SETUP] =
		(struct payload_file){ .data = setup,
				       .bytes = c->request->kernel->setup_bytes };
	known->payload.file[PAYLOAD_COMMAND_LINE] =
		(struct payload_file){ .data = (const uint8_t *)line,
				       .bytes = strlen(line) };
	r = build_image(c->request, known, c->checksums, c->n, &image);
	return r < 0 ? r : put(c, image.data, image.size);
}

/* --- all of it --- */

static size_t pages_of(const struct middle_request *request)
{
	return (size_t)(retained_bytes(request) / PAGE_BYTES);
}

uint64_t middle_initrd_bound(const struct middle_request *request)
{
	const struct middle_modules *m = request->modules;
	const char *line = request->target->command_line ?: "";

	return PAGE_BYTES + retained_bytes(request) + TRAILER_BYTES +
	       image_bound(NULL, 0) + m->module_bytes + m->firmware_bytes +
	       (m->n + m->n_firmware + OWN_FILES) * FILE_BYTES + MIDDLE_ORDER_BYTES +
	       request->kernel->setup_bytes + strlen(line) +
	       pages_of(request) * sizeof(uint32_t);
}

static void composing_done(struct composing *c)
{
	progress_done(&c->progress);
	free(c->checksums);
}

int middle_initrd_write(const struct middle_request *request, int fd)
{
	const struct tree *target = request->target;
	struct known known = { 0 };
	auto_release(composing_done) struct composing c = {
		.request = request,
		.spool = SPOOL_IN_MEMORY,
		.fd = fd,
		.checksums = calloc(pages_of(request), sizeof(*c.checksums)),
		.progress = progress_start("making the middle kernel's initrd",
					   middle_initrd_bound(request)),
	};
	int r = c.checksums ? put_first_page(&c)
			    : log_err(-ENOMEM, "cannot make the middle kernel's initrd");

	if (r == 0)
		r = put_part(&c, target->kernel_fd, target->kernel_name,
			     request->kernel->setup_bytes, body_bytes(request),
			     &known.kernel);
	if (r == 0 && target->initrd_fd >= 0)
		r = put_part(&c, target->initrd_fd, target->initrd_name, 0,
			     target->initrd_bytes, &known.initrd);
	if (r == 0 && target->appended_bytes)
		r = put_part(&c, target->appended_fd, "what travels", 0,
			     target->appended_bytes, &known.initrd);
	if (r == 0)
		r = put_room(&c);
	if (r == 0)
		r = put_image(&c, &known);
	return r < 0 ? r : tree_check_unchanged(target);
}
