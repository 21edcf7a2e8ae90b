/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What runs on the other machine, by five files that every Linux on x86 has. */

#include <stdbool.h>

/* A command for any login shell; look_parse() takes what it prints. */
#define LOOK_COMMAND                                                            \
	"cat /proc/sys/kernel/random/boot_id /proc/sys/kernel/bootloader_type " \
	"/proc/sys/kernel/osrelease /proc/cmdline /etc/os-release"

enum { LOOK_BYTES = 16384 };

struct look {
	char boot_id[40]; /* another one at each boot */
	bool is_by_kexec; /* which names itself as the boot loader */
	char release[128];
	char command_line[4096];
	char name[128]; /* "Debian GNU/Linux 12 (bookworm)" */
};

/*
 * What stands before the first line of its own, as a login shell may greet, does not
 * matter. 0 or -EBADMSG; *ret only on success. Changes text.
 */
int look_parse(char *text, struct look *ret);

/*
 * Of two looks at one machine, in different boots: is the second at the target? That was
 * booted by kexec, the old system by a boot loader. Where it was by kexec as well, as
 * some firmware does it, the target is what has the command line of the tree.
 */
bool look_is_target(const struct look *before, const struct look *now,
		    const char *tree_command_line);
