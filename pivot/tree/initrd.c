// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "initrd-end.h"
#include "pivot/base/cleanup.h"
#include "pivot/base/file.h"
#include "pivot/base/log.h"
#include "pivot/kexec/kernel-kind.h"
#include "spool.h"

enum { ALIGNMENT = 4 };

void initrd_list_done(struct initrd_list *list)
{
	while (list->n)
		close_fdp(&list->fds[--list->n]);
	free(list->fds);
	free(list->names);
	*list = (struct initrd_list){ 0 };
}

static int check_end(int fd, const char *name)
{
	struct stat st;
	int r = fstat(fd, &st) < 0 ? -errno : initrd_is_cut(fd, (uint64_t)st.st_size);

	if (r < 0)
		return log_err(r, "cannot read '%s'", name);
	return r ? log_refuse(
			   -ENODATA,
			   "'%s' is cut short: what stands in it goes on behind its end: "
			   "copy or download it again, and look whether the disk is full",
			   name)
		 : 0;
}

static int check(int fd, const char *name)
{
	uint8_t head[1024];
	ssize_t n = file_read_at(fd, head, sizeof(head), 0);
	const char *why_not;

	if (n < 0)
		return log_err((int)n, "cannot read '%s'", name);
	why_not = kernel_why_no_initrd(head, (size_t)n);
	return why_not ? log_refuse(-EINVAL, "'%s' %s", name, why_not)
		       : check_end(fd, name);
}

static int add_name(char **names, const char *name)
{
	char *longer;

	if (asprintf(&longer, "%s%s%s", *names ?: "", *names ? " + " : "", name) < 0)
		return -ENOMEM;
	free(*names);
	*names = longer;
	return 0;
}

int initrd_add(struct initrd_list *list, int taken_fd, const char *name)
{
	auto_close int fd = taken_fd;
	int r = check(fd, name);
	int *fds;

	if (r < 0)
		return r;
	fds = reallocarray(list->fds, list->n + 1, sizeof(*fds));
	if (fds)
		list->fds = fds;
	if (!fds || add_name(&list->names, name) < 0)
		return log_err(-ENOMEM, "cannot open '%s'", name);
	fds[list->n++] = take_fd(&fd);
	return 0;
}

/* With zeros behind it. */
static int copy_part(struct spool *spool, int from, int to, off_t *at)
{
	static const char zeros[ALIGNMENT];
	int r = spool_copy(spool, from, 0, UINT64_MAX, to, at);
	size_t padding = (size_t)(-*at & (ALIGNMENT - 1));

	if (r == 0)
		r = spool_write(spool, to, zeros, padding, *at);
	*at += (off_t)padding;
	return r;
}

static uint64_t bytes_of(const struct initrd_list *list)
{
	uint64_t bytes = 0;
	struct stat st;

	for (size_t i = 0; i < list->n; i++)
		bytes += fstat(list->fds[i], &st) < 0 ? 0 : (uint64_t)st.st_size;
	return bytes;
}

int initrd_join(struct initrd_list *list)
{
	auto_release(spool_done) struct spool spool = SPOOL_INIT;
	auto_close int fd = -1;
	off_t at = 0;
	int r;

	if (list->n == 1)
		return take_fd(&list->fds[0]);
	r = spool_open(&spool);
	if (r == 0)
		r = spool_has_room(&spool, bytes_of(list));
	if (r < 0)
		return r;
	fd = spool_create(&spool);
	if (fd < 0)
		return fd;
	for (size_t i = 0; i < list->n; i++) {
		r = copy_part(&spool, list->fds[i], fd, &at);
		if (r < 0)
			return r;
	}
	return spool_finish(take_fd(&fd));
}
