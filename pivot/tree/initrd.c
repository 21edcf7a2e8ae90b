// SPDX-License-Identifier: GPL-2.0-or-later
#include "pivot/tree/initrd.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "pivot/base/cleanup.h"
#include "pivot/base/log.h"
#include "pivot/kexec/kernel.h"
#include "pivot/tree/spool.h"
#include "pivot/tree/text.h"

enum { COPY_BYTES = 1 << 20, ALIGNMENT = 4 };

void initrd_list_done(struct initrd_list *list)
{
	for (size_t i = 0; i < list->n; i++) {
		close_fdp(&list->parts[i].fd);
		free(list->parts[i].name);
	}
	free(list->parts);
	*list = (struct initrd_list){ 0 };
}

static int check(int fd, const char *name)
{
	uint8_t head[1024];
	ssize_t n = pread(fd, head, sizeof(head), 0);
	const char *why_not;

	if (n < 0)
		return log_err(-errno, "cannot read '%s'", name);
	why_not = kernel_why_no_initrd(head, (size_t)n);
	if (!why_not)
		return 0;
	(void)log_err(0, "'%s' %s", name, why_not);
	return -EINVAL;
}

int initrd_add(struct initrd_list *list, int taken_fd, const char *name)
{
	auto_close int fd = taken_fd;
	auto_free char *copy = strdup(name);
	struct initrd_part *parts;
	int r = check(fd, name);

	if (r < 0)
		return r;
	parts = reallocarray(list->parts, list->n + 1, sizeof(*parts));
	if (parts)
		list->parts = parts;
	if (!parts || !copy)
		return log_err(-ENOMEM, "cannot open '%s'", name);
	parts[list->n++] =
		(struct initrd_part){ .fd = take_fd(&fd), .name = take_ptr(&copy) };
	return 0;
}

static int copy_part(struct spool *spool, const struct initrd_part *part, int to,
		     off_t *at)
{
	static const char zeros[ALIGNMENT];
	auto_free char *buf = malloc(COPY_BYTES);
	off_t from = 0;
	ssize_t n;
	int r;

	if (!buf)
		return log_err(-ENOMEM, "cannot copy '%s'", part->name);
	while ((n = pread(part->fd, buf, COPY_BYTES, from)) != 0) {
		if (n < 0)
			return log_err(-errno, "cannot read '%s'", part->name);
		r = spool_write(spool, to, buf, (size_t)n, *at);
		if (r < 0)
			return r;
		from += n;
		*at += n;
	}
	n = (ssize_t)(-*at & (ALIGNMENT - 1));
	r = n ? spool_write(spool, to, zeros, (size_t)n, *at) : 0;
	*at += n;
	return r;
}

static int copy_parts(const struct initrd_list *list)
{
	auto_release(spool_done) struct spool spool = SPOOL_INIT;
	auto_close int fd = -1;
	off_t at = 0;
	int r = spool_open(&spool);

	if (r < 0)
		return r;
	fd = spool_create(&spool);
	if (fd < 0)
		return fd;
	for (size_t i = 0; i < list->n; i++) {
		r = copy_part(&spool, &list->parts[i], fd, &at);
		if (r < 0)
			return r;
	}
	return spool_finish(take_fd(&fd));
}

static int join_names(const struct initrd_list *list, char **ret)
{
	auto_release(text_done) struct text names = { 0 };
	int r;

	for (size_t i = 0; i < list->n; i++) {
		text_add_string(&names, i ? " + " : "");
		text_add_string(&names, list->parts[i].name);
	}
	r = text_take(&names, ret);
	return r < 0 ? log_err(r, "cannot join the initrds") : 0;
}

int initrd_join(struct initrd_list *list, char **ret_name)
{
	int r = join_names(list, ret_name);

	if (r < 0)
		return r;
	return list->n == 1 ? take_fd(&list->parts[0].fd) : copy_parts(list);
}
