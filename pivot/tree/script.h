/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What a script would load: the kexec command of a shell script (kexec-boot, run), or the
 * kernel and initrd lines of an iPXE script. Nothing is executed. Pure.
 */

#include <stddef.h>

enum {
	SCRIPT_MAX_BYTES = 1 << 20,
	SCRIPT_MAX_INITRDS = 8,
};

struct script_value {
	char *text;    /* NULL: the script does not say */
	char *unknown; /* the first expansion that only running it would tell, or NULL;
			* text is without any */
};

struct script {
	struct script_value kernel; /* a path as seen from the script's folder */
	struct script_value initrds[SCRIPT_MAX_INITRDS];
	size_t n_initrds;
	struct script_value command_line; /* not yet on one line */
};

/*
 * 0; -ENOENT: it loads no kernel; -ENOTUNIQ: it loads different ones; -EILSEQ: it is no
 * script; -EBADMSG: a broken one; -E2BIG; -ENOMEM. *ret needs script_done() either way.
 */
int script_parse(const char *text, struct script *ret);

/* The same for netboot.ipxe. */
int script_parse_ipxe(const char *text, struct script *ret);

/* Such an error as the end of the sentence "'run' ...". */
const char *script_why_not(int error);

void script_done(struct script *script);

/*
 * Takes a word of shell.h apart. In a path an unknown folder is the script's own, since
 * that is what scripts ask for in so many ways: "$(dirname "$0")/bzImage".
 */
int script_set_value(struct script_value *value, const char *word);
int script_set_path(struct script_value *value, const char *word);
