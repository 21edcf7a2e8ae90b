/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The middle kernel of a two-stage jump: the one that the machine goes over into first,
 * whose drivers put the hardware to rest. The distro's own, or any bzImage.
 */

#include <stdint.h>

#include "pivot/kexec/kernel.h"

/* What the user wants. */
struct middle_choice {
	const char *kernel;  /* a file; NULL: the kernel that runs */
	const char *modules; /* a folder; NULL: where distros have that release's */
};

struct middle_kernel {
	int fd; /* read-only, regular, at offset 0, close-on-exec */
	uint64_t bytes;
	char *name; /* its path, for people: control characters are '?' */
	struct kernel_image image;
	char release[128]; /* "6.1.0-32-amd64": as uname -r says it when it runs */
	char *modules;	   /* the folder with its modules.dep.bin, to be opened as it is;
			      NULL:     none was found, and there are only built-in drivers */
};

#define MIDDLE_KERNEL_INIT \
	{                  \
		.fd = -1   \
	}

/*
 * Finds it. Below root is looked for what the choice leaves open; what it names is opened
 * as it stands. Every reason why there is none is logged as a sentence with its way out.
 * 0 or negative errno; *ret needs middle_kernel_done() either way.
 */
int middle_kernel_open(const char *root, const struct middle_choice *choice,
		       struct middle_kernel *ret);

void middle_kernel_done(struct middle_kernel *kernel);
