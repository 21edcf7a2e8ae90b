/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What nixos-anywhere hands on as --kexec-extra-flags: one text, of which a shell would
 * make words. They were meant for kexec(8); here they are options of pivot-kexec(8), and
 * of kexec's own those become ours that have a meaning here. Source: kexec(8), kexec -h
 * of kexec-tools 2.0.
 */

#include <stddef.h>

enum { EXTRA_FLAGS_MAX = 64, EXTRA_FLAGS_BYTES = 4096 };

struct extra_flags {
	char *word[EXTRA_FLAGS_MAX + 1]; /* as argv: the program first, then NULL */
	size_t n;
	char text[EXTRA_FLAGS_BYTES]; /* where the words lie */
};

/*
 * Takes quotes and backslashes as sh(1) does, and expands nothing. Says which flags have
 * nothing to do here. 0; or -EINVAL, -ENOMEM, logged. *ret points into itself.
 */
int extra_flags_read(const char *text, char *program, struct extra_flags *ret);
