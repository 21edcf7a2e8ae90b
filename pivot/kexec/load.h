/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Loading the target: harmless until the jump, and undone by kexec_unload(). */

/*
 * kexec_file_load(2). initrd_fd -1: no initrd; name: the kernel's, for people. 0; or
 * negative errno, logged as a sentence with its way out, and nothing of ours is loaded.
 */
int kexec_load(int kernel_fd, int initrd_fd, const char *command_line, const char *name);

/* Gives the loaded image up. 0 or negative errno, logged. */
int kexec_unload(void);

/* What an errno of kexec_file_load(2) means and what to do. */
const char *kexec_explain(int error);

/* Is an image loaded? 1, 0, or -EOPNOTSUPP where the kernel has no kexec. */
int kexec_is_loaded(const char *root);
