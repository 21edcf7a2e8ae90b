/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The files of a folder or of a tarball behind one lookup. Paths are as a script in that
 * folder would write them.
 */

#include <stdbool.h>
#include <stddef.h>

struct source;

enum { SOURCE_MAX_FOLDERS = 64 };

/* A folder, a tarball, or "-" for a tarball on stdin. 0 or negative errno, logged. */
int source_open(const char *path, struct source **ret);
void source_free(struct source *source);

/* As the user named it. */
const char *source_name(const struct source *source);

/* Is there something by that name that is no folder, be it a dangling link? */
bool source_has(const struct source *source, const char *path);

/* As source_has(), below one of its folders ("": the top). */
bool source_has_below(const struct source *source, const char *folder, const char *name);

/* A regular file, read-only at offset 0. A descriptor or negative errno, logged. */
int source_file(const struct source *source, const char *path);

/* A file's text, at most max bytes, with a NUL behind it. 0 or negative errno, logged. */
int source_text(const struct source *source, const char *path, size_t max, char **ret,
		size_t *ret_n);

/* The folders at the top, at most SOURCE_MAX_FOLDERS; free each. How many, or -ENOMEM. */
int source_folders(const struct source *source, char *ret[SOURCE_MAX_FOLDERS]);

/* Where the folder really is: an absolute path. -EXDEV for a tarball. */
int source_real_path(const struct source *source, const char *folder, char **ret);
