/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What is mounted. Source: proc_pid_mountinfo(5). */

#include <stdbool.h>
#include <stddef.h>

enum { MOUNTS_MAX = 512, MOUNTS_TEXT_BYTES = 128 * 1024 };

struct mount {
	char *path;	   /* as seen from the reader's root, escapes undone */
	char *type;	   /* "ext4" */
	char *source;	   /* "/dev/vda1"; "" where there is none */
	bool is_read_only; /* the filesystem itself, not only this view of it */
};

/*
 * The newest mounts, oldest first. A machine may have more of them than fit: what is
 * mounted last must be unmounted first, so it is the oldest that wait for their turn.
 */
struct mounts {
	size_t n;
	bool has_more;
	struct mount mount[MOUNTS_MAX];
	char text[MOUNTS_TEXT_BYTES]; /* what the strings point into */
};

/* <root>/proc/self/mountinfo. 0 or negative errno; *ret is then empty. */
int mounts_read(const char *root, struct mounts *ret);

/* Parses mounts->text, a string, in place. Lines it cannot make out are left aside. */
void mounts_parse(struct mounts *mounts);

/* Does the kernel make its content up, so that nothing is lost when it goes? */
bool mount_is_virtual(const struct mount *mount);

/* One of the init's own: "/", "/proc", "/sys", "/dev". */
bool mount_is_spared(const struct mount *mount);

/* A filesystem that could still write to a disk or to another machine. */
bool mount_is_dirty(const struct mount *mount);

/* Undoes the octal escapes of /proc/self/mountinfo and /proc/swaps (\040), in place. */
void mounts_unescape(char *text);
