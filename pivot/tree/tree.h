/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The tree: what the user hands over. A folder, a tarball or a file in any of the forms
 * of docs/trees.md becomes a kernel, an initrd and a command line. Nothing of it is
 * executed and none of its files is changed.
 */

#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

/* What the command line adds to or puts in place of what the tree says. */
struct tree_options {
	const char *kernel; /* a file in place of the tree's kernel, or NULL */
	const char *const
		*initrds; /* files in place of the tree's initrd, in this order */
	size_t n_initrds;
	const char *command_line; /* in place of the tree's, or NULL */
	const char *append;	  /* behind the command line, or NULL */
};

struct tree {
	const char *form;  /* "nixpkgs kexecTree": what it was recognised as */
	char *kernel_name; /* as found, for people: control characters are '?' */
	char *initrd_name; /* several are joined by " + "; NULL: the tree has none */
	int kernel_fd; /* both read-only, regular, at offset 0, close-on-exec; nobody */
	int initrd_fd; /* holds them open for writing through us; -1: none */
	uint64_t kernel_bytes;
	uint64_t initrd_bytes;
	struct stat kernel_stat; /* when it was opened */
	struct stat initrd_stat;
	int appended_fd; /* what goes behind the initrd, and is no file of the tree: */
	uint64_t appended_bytes; /* in memory, or not made yet (-1). 0: nothing */
	char *command_line;	 /* what the target's kernel will get */
};

#define TREE_INIT                                                   \
	{                                                           \
		.kernel_fd = -1, .initrd_fd = -1, .appended_fd = -1 \
	}

/*
 * path: a folder, a tarball (plain, or compressed with gzip, xz, zstd or bzip2, known by
 * content), a unified kernel image, "-" for a tarball on standard input, or NULL where
 * options name the kernel. Every reason why it cannot be taken is logged as a sentence
 * with its way out. 0 or negative errno; *ret needs tree_done() either way.
 */
int tree_open(const char *path, const struct tree_options *options, struct tree *ret);

/*
 * Are its files what they were when they were opened? 0; -ESTALE, logged with the way
 * out; or negative errno, logged.
 */
int tree_check_unchanged(const struct tree *tree);

/*
 * The kernel unpacks archives that follow each other, with zeros between them: what is
 * appended begins at a whole page. How far into what the target gets as its initrd, and
 * how many bytes that is.
 */
uint64_t tree_appended_at(const struct tree *tree);
uint64_t tree_initrd_bytes(const struct tree *tree);

/*
 * Both in one new file, in memory, for who takes no more than one. A descriptor or
 * negative errno, logged.
 */
int tree_join_appended(const struct tree *tree);

void tree_done(struct tree *tree);
