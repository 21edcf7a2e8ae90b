/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Which form of docs/trees.md a source has, and what it says. */

#include "pivot/tree/script.h"
#include "pivot/tree/source.h"

struct form {
	const char *name;   /* "nixpkgs kexecTree"; NULL: none was recognised */
	char *folder;	    /* of the source, that the tree lies in; "": the top */
	const char *marker; /* the file that tells the command line, or NULL */
	struct script says;
	char why_not[256]; /* why the marker could not be understood, or "" */
	int error;	   /* it could not even be read, which is logged; or 0 */
};

/* 0, also where nothing is recognised; negative errno, logged. form_done() either way. */
int form_recognise(const struct source *source, struct form *ret);
void form_done(struct form *form);

/* The path in the source of a name as the form's script writes it. */
int form_path(const struct form *form, const char *name, char **ret);

/* Names a kernel or an initrd has where no script tells; NULL-terminated. */
extern const char *const form_kernels[];
extern const char *const form_initrds[];
