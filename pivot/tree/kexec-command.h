/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The options of kexec(8) in a command of a script. Pure. */

#include "pivot/tree/shell.h"

/* The strings are the command's words, or parts of them; NULL: not given. */
struct kexec_command {
	const char *kernel;
	const char *initrd;
	const char *command_line;
	bool is_load;
};

/* Is it a kexec command that loads a kernel? */
bool kexec_command_parse(const struct shell_command *command, struct kexec_command *ret);

/* What follows the last slash. */
const char *kexec_command_base_name(const char *word);
