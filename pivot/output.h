/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * A file that the user asks for. It gets its name when it is whole: whatever fails before
 * leaves what was there. Only its owner may read it.
 *
 *	auto_output struct output output = OUTPUT_INIT;
 *
 *	r = output_open("file", &output);
 *	... writes to output.fd ...
 *	r = output_finish(&output);
 */

#include <limits.h>
#include <stdint.h>

#include "pivot/base/cleanup.h"

struct output {
	const char *path;
	int fd;			  /* to be written to; -1: not open */
	char temporary[PATH_MAX]; /* its name until then; "": it has none */
};

#define OUTPUT_INIT      \
	{                \
		.fd = -1 \
	}

/* 0 or negative errno, logged: also where path is there and no regular file. */
int output_open(const char *path, struct output *ret);

/* 0 and how many bytes it has; or negative errno, logged. */
int output_finish(struct output *output, uint64_t *ret_bytes);

/* Takes away what was not finished. */
void output_done(struct output *output);
#define auto_output auto_release(output_done)
