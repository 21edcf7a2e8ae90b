/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What travels to the other machine: this program, the tree as kernel and initrd, and
 * what options name; and the words by which they are used over there.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct options;
struct tree;

enum { ITEMS_MAX = 64, ITEM_NAME_BYTES = 96 };

struct item {
	char name[ITEM_NAME_BYTES]; /* "initrd-" and the SHA-256 of its content in hex */
	int fd;
	uint64_t bytes;
	bool is_archive; /* a folder, as a tarball */
	bool is_there;	 /* all of it, with that name */
	uint64_t there;	 /* bytes of an earlier copy that broke off */
};

struct items {
	struct item item[ITEMS_MAX];
	size_t n;
	/* For sh, where $folder is the items': those for a check before the verb, too,
	 * and others. */
	char *words, *own_words;
};

/*
 * Opens all of it; tree may be one that was not opened. 0 or negative errno, logged;
 * *ret needs items_done() either way.
 */
int items_gather(const struct options *options, const struct tree *tree,
		 struct items *ret);
void items_done(struct items *items);

/* The one of a name, or NULL. */
struct item *items_find(struct items *items, const char *name);
