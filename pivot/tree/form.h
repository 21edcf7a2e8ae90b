/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Which form of docs/trees.md a source has, and what it says. */

#include "script.h"
#include "source.h"

struct form {
	const char *name;   /* "nixpkgs kexecTree"; NULL: none was recognised */
	const char *marker; /* the file that tells the command line, or NULL */
	struct script says;
	char why_not[256]; /* why the marker could not be understood, or "" */
	int error;	   /* it could not even be read, which is logged; or 0 */
};

/*
 * Where the tree lies one folder down, the source goes there. 0, also where nothing is
 * recognised; negative errno, logged. form_done() either way.
 */
int form_recognise(struct source *source, struct form *ret);
void form_done(struct form *form);

/* Names a kernel or an initrd has where no script tells; NULL-terminated. */
extern const char *const form_kernels[];
extern const char *const form_initrds[];
