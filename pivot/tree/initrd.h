/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Several initrds become one: the kernel unpacks concatenated archives in order. */

#include <stddef.h>

struct initrd_part {
	int fd;
	char *name;
};

struct initrd_list {
	struct initrd_part *parts;
	size_t n;
};

/* Takes fd over, also on failure, which is logged: -EINVAL where it is no initrd. */
int initrd_add(struct initrd_list *list, int fd, const char *name);

/*
 * One read-only file of all parts, at offset 0: the only one itself, or an unnamed copy
 * with each part padded with zeros to 4 bytes, as early cpio archives want. The parts'
 * names in *ret_name, joined by " + ". A descriptor or negative errno, logged.
 */
int initrd_join(struct initrd_list *list, char **ret_name);

void initrd_list_done(struct initrd_list *list);
