/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Unified kernel images in a tree, or as one: what stands in them becomes unnamed files,
 * since the kernel loads whole files.
 */

#include <stdbool.h>

#include "initrd.h"
#include "pivot/kexec/uki.h"

struct unified {
	char *name; /* as the user named it; NULL: there is no image */
	int fd;
	struct uki uki;
};

#define UNIFIED_INIT     \
	{                \
		.fd = -1 \
	}

/*
 * Is fd one? 1, and *ret, which reads it through a descriptor of its own; 0; negative
 * errno, logged: -EBADMSG where it is a broken one. unified_done() after 1.
 */
int unified_open(int fd, const char *name, struct unified *ret);
void unified_done(struct unified *image);

/* False of no image, too. */
bool unified_has(const struct unified *image, enum uki_part part);

/* "foo.efi (.linux)", or NULL: no memory. */
char *unified_part_name(const struct unified *image, enum uki_part part);

/*
 * The kernel or an initrd of it, which it has, in an unnamed file, read-only at offset 0.
 * A descriptor or negative errno, logged: -ENOEXEC where it is no kernel, -EINVAL where
 * it is no initrd, and nothing of it was copied then.
 */
int unified_copy(const struct unified *image, enum uki_part part);

/* Its microcode and its initrd, as far as it has them. 0 or negative errno, logged. */
int unified_add_initrds(const struct unified *image, struct initrd_list *list);

/* Its command line, which it has. 0 or negative errno, logged. */
int unified_command_line(const struct unified *image, char **ret);
