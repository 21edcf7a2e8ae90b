// SPDX-License-Identifier: GPL-2.0-or-later
#include "unified.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "pivot/base/cleanup.h"
#include "pivot/base/file.h"
#include "pivot/base/log.h"
#include "pivot/kexec/kernel-kind.h"
#include "pivot/kexec/kernel.h"
#include "spool.h"

enum { MAX_COMMAND_LINE_BYTES = 64 * 1024 };

void unified_done(struct unified *image)
{
	close_fdp(&image->fd);
	free(image->name);
	*image = (struct unified)UNIFIED_INIT;
}

/* As uki_parse(), and negative errno, logged. */
static int parse(int fd, const char *name, struct uki *ret)
{
	auto_free uint8_t *head = malloc(KERNEL_HEAD_BYTES);
	char why_not[256];
	struct stat st;
	ssize_t n = head ? file_read_at(fd, head, KERNEL_HEAD_BYTES, 0) : -ENOMEM;
	int r = n < 0 ? (int)n : fstat(fd, &st) < 0 ? -errno : 0;

	if (r < 0)
		return log_err(r, "cannot read '%s'", name);
	r = uki_parse(head, (size_t)n, (uint64_t)st.st_size, ret, why_not,
		      sizeof(why_not));
	return r < 0 ? log_refuse(r, "'%s' %s", name, why_not) : r;
}

int unified_open(int fd, const char *name, struct unified *ret)
{
	auto_release(unified_done) struct unified image = UNIFIED_INIT;
	int r = parse(fd, name, &image.uki);

	if (r != 1)
		return r;
	image.name = strdup(name);
	image.fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (!image.name || image.fd < 0)
		return log_err(image.name ? -errno : -ENOMEM, "cannot open '%s'", name);
	if (image.uki.has_profiles)
		log_notice(
			"'%s' has profiles, and none is taken: only what stands before "
			"them",
			name);
	*ret = image;
	image = (struct unified)UNIFIED_INIT;
	return 1;
}

bool unified_has(const struct unified *image, enum uki_part part)
{
	return image->name && image->uki.parts[part].bytes;
}

char *unified_part_name(const struct unified *image, enum uki_part part)
{
	char *name;

	return asprintf(&name, "%s (%s)", image->name, uki_part_name(part)) < 0 ? NULL
										: name;
}

static int check_kernel(const uint8_t *head, size_t n, uint64_t bytes, const char *name)
{
	struct kernel_image kernel;
	char why_not[256];
	int r = kernel_parse(head, n, bytes, &kernel, why_not, sizeof(why_not));

	return r < 0 ? log_refuse(r, "'%s' %s", name, why_not) : 0;
}

static int check_initrd(const uint8_t *head, size_t n, const char *name)
{
	const char *why_not = kernel_why_no_initrd(head, n);

	return why_not ? log_refuse(-EINVAL, "'%s' %s", name, why_not) : 0;
}

/* Before gigabytes of something else are copied. */
static int check_part(const struct unified *image, enum uki_part part)
{
	const struct uki_section *section = &image->uki.parts[part];
	auto_free char *name = unified_part_name(image, part);
	auto_free uint8_t *head = malloc(KERNEL_HEAD_BYTES);
	size_t wanted =
		section->bytes < KERNEL_HEAD_BYTES ? section->bytes : KERNEL_HEAD_BYTES;
	ssize_t n = -ENOMEM;

	if (name && head)
		n = file_read_at(image->fd, head, wanted, (off_t)section->at);
	if (n < 0)
		return log_err((int)n, "cannot read '%s'", image->name);
	return part == UKI_LINUX ? check_kernel(head, (size_t)n, section->bytes, name)
				 : check_initrd(head, (size_t)n, name);
}

int unified_copy(const struct unified *image, enum uki_part part)
{
	const struct uki_section *section = &image->uki.parts[part];
	auto_release(spool_done) struct spool spool = SPOOL_INIT;
	auto_close int fd = -1;
	off_t at = 0;
	int r = check_part(image, part);

	if (r == 0)
		r = spool_open(&spool);
	if (r == 0)
		r = spool_has_room(&spool, section->bytes);
	if (r < 0)
		return r;
	fd = spool_create(&spool);
	if (fd < 0)
		return fd;
	r = spool_copy(&spool, image->fd, (off_t)section->at, section->bytes, fd, &at);
	if (r < 0)
		return r;
	if ((uint64_t)at != section->bytes)
		return log_refuse(-ENODATA,
				  "'%s' became shorter while it was read: try again",
				  image->name);
	return spool_finish(take_fd(&fd));
}

static int add_initrd(const struct unified *image, enum uki_part part,
		      struct initrd_list *list)
{
	auto_free char *name = NULL;
	int fd;

	if (!unified_has(image, part))
		return 0;
	name = unified_part_name(image, part);
	if (!name)
		return log_err(-ENOMEM, "cannot open '%s'", image->name);
	fd = unified_copy(image, part);
	return fd < 0 ? fd : initrd_add(list, fd, name);
}

int unified_add_initrds(const struct unified *image, struct initrd_list *list)
{
	int r = add_initrd(image, UKI_UCODE, list);

	return r < 0 ? r : add_initrd(image, UKI_INITRD, list);
}

/* Without the NULs of a section that was padded, and the newline of a text file. */
static void trim(char *text, size_t *n)
{
	while (*n && (!text[*n - 1] || text[*n - 1] == '\n'))
		(*n)--;
	text[*n] = '\0';
}

int unified_command_line(const struct unified *image, char **ret)
{
	const struct uki_section *section = &image->uki.parts[UKI_CMDLINE];
	auto_free char *text = NULL;
	size_t n = section->bytes;
	ssize_t got;

	if (n > MAX_COMMAND_LINE_BYTES)
		return log_refuse(-EFBIG,
				  "the .cmdline of '%s' has more than %d bytes, too many "
				  "for a command line: give --command-line",
				  image->name, MAX_COMMAND_LINE_BYTES);
	text = malloc(n + 1);
	got = text ? file_read_at(image->fd, text, n, (off_t)section->at) : -ENOMEM;
	if (got < 0)
		return log_err((int)got, "cannot read '%s'", image->name);
	n = (size_t)got;
	trim(text, &n);
	if (strlen(text) != n)
		return log_refuse(-EINVAL,
				  "the .cmdline of '%s' is binary data, not a command "
				  "line: give --command-line",
				  image->name);
	*ret = take_ptr(&text);
	return 0;
}
