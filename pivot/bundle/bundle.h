/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * A tarball that takes a machine over where it is unpacked:
 *
 *	kexec/run		the script; what nixos-anywhere calls
 *	kexec/pivot-kexec	this program
 *	kexec/command-line	these three are a tree again
 *	kexec/bzImage
 *	kexec/initrd
 *	kexec/files/		what the options name that are baked in
 *
 * It fulfils what nixos-anywhere expects of a kexec tarball. Source: runKexec() in its
 * src/nixos-anywhere.sh.
 */

#include "pivot/options.h"
#include "pivot/tree/tree.h"

struct bundle {
	const struct options *options;
	const struct tree *tree;
	const char *modules; /* the very folder of the middle kernel's; NULL: not known */
	int program_fd;	     /* pivot-kexec itself */
};

/* name: how it is compressed; pack_knows() it. 0 or negative errno, logged. */
int bundle_write(const struct bundle *bundle, int fd, const char *name);
