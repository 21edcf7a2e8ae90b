/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* A preflight on the fake machine. */

#include "pivot/preflight/preflight.h"

struct fake_preflight {
	struct preflight preflight; /* of the other three */
	struct options options;
	struct tree tree;
	struct kernel_image kernel;
	struct findings findings; /* of the last preflight_run() */
	const char *said;	  /* by it, of refusals and warnings */
	const char *noted;	  /* the notes */
};

extern struct fake_preflight fake_preflight;

/* machine_that_can_jump(), and a tree that fits, for kexec_file_load(2). */
void preflight_start(void);

/* How many refusals there are. */
unsigned int preflight_run(void);

/* The finding of that id, or NULL. */
const struct finding *preflight_found(const char *id);

/* Runs it; one finding of that id and severity must be there, with this in its text. */
void preflight_expect(enum severity severity, const char *id, const char *part);

/* Runs it; no finding of that id may be there. */
void preflight_expect_no(const char *id);

/* Runs it; it must refuse once, and say nothing but this. */
void preflight_expect_refusal(const char *id, const char *sentence);
