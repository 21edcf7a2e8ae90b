/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The list of what travels, and reading what becomes part of it. */

#include "keep.h"

/*
 * A regular file of at most max bytes, with a NUL behind it; never waits, whatever it is.
 * 0, -EINVAL: it is none, -EFBIG, or negative errno; silent.
 */
int keep_read_file(const char *path, size_t max, char **ret, size_t *ret_bytes,
		   mode_t *ret_mode);

/* Will reading that path end? Asks some seconds at most. */
bool keep_answers(const char *path);

/*
 * A file into the list; data is copied. Where an extra file has the path of one before it
 * takes its place. 0 or -ENOMEM.
 */
int keep_add(struct keep *keep, const struct keep_file *file);

/* Where keys were searched, or what cannot be read. NULL: no memory. */
struct keep_source *keep_add_source(struct keep *keep, const char *name, int error);

/* Into keep->keys all that are to travel. 0 or negative errno, logged. */
int keep_search_keys(struct keep *keep, const struct keep_request *request);

/* A folder's contents, behind all else. 0 or negative errno, logged. */
int keep_add_extra_files(struct keep *keep, const char *folder);

/* How long the archive will be. */
uint64_t keep_measure(const struct keep *keep);
