/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The files of a folder or of a tarball behind one lookup. Paths are as a script in that
 * folder would write them.
 */

#include <stdbool.h>
#include <stddef.h>

struct source;

/* A folder, a tarball, or "-" for a tarball on stdin. 0 or negative errno, logged. */
int source_open(const char *path, struct source **ret);
void source_free(struct source *source);

/* As the user named it, with the folder that was entered. */
const char *source_name(const struct source *source);

/* Is there something by that name that is no folder, be it a dangling link? */
bool source_has(const struct source *source, const char *path);
bool source_has_any(const struct source *source, const char *const *names);

/*
 * Goes into the one folder that has any of the names (the list ends with NULL): paths are
 * below it from now on. 1; 0: no folder has; -ENOTUNIQ: several have; -E2BIG: too many to
 * look; -ENOMEM; logged.
 */
int source_enter(struct source *source, const char *const *names);

/* A regular file, read-only at offset 0. A descriptor or negative errno, logged. */
int source_file(const struct source *source, const char *path);

/* A file's text, at most max bytes, with a NUL behind it. 0 or negative errno, logged. */
int source_text(const struct source *source, const char *path, size_t max, char **ret,
		size_t *ret_n);

/* Where the folder really is: an absolute path. -EXDEV for a tarball. */
int source_real_path(const struct source *source, char **ret);
