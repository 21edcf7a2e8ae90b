/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Several initrds become one: the kernel unpacks concatenated archives in order. */

#include <stddef.h>

struct initrd_list {
	int *fds;
	size_t n;
	char *names; /* joined by " + " */
};

/* Takes fd over, also on failure, which is logged: -EINVAL where it is no initrd. */
int initrd_add(struct initrd_list *list, int fd, const char *name);

/*
 * One read-only file of all of them, at offset 0: the only one itself, or an unnamed copy
 * with each padded with zeros to 4 bytes, as early cpio archives want. A descriptor or
 * negative errno, logged.
 */
int initrd_join(struct initrd_list *list);

void initrd_list_done(struct initrd_list *list);
