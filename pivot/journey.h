/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What every verb needs: the tree read, the takeover chosen, the image built. */

#include "hardware.h"
#include "hooks.h"
#include "initramfs/handover.h"
#include "options.h"
#include "pivot/base/cleanup.h"
#include "pivot/image.h"
#include "pivot/keep/keep.h"
#include "pivot/kexec/kernel.h"
#include "pivot/middle/middle.h"
#include "pivot/preflight/findings.h"
#include "pivot/tree/tree.h"

/* The word about panics that is put before the command line. */
enum panic_timeout {
	PANIC_TIMEOUT_NONE, /* not wanted, or the tree has its own */
	PANIC_TIMEOUT_ADDED,
	PANIC_TIMEOUT_TOO_LONG, /* left out: with it the line would not fit */
};

struct journey {
	const struct options *options;
	struct tree tree;
	struct kernel_image kernel;
	struct handover handover;
	struct keep keep; /* what travels to the target */
	bool has_keep;	  /* it is known */
	struct hooks hooks;
	struct hardware *hardware;
	struct image image;
	bool has_middle; /* the jump has two hops */
	struct middle_plan middle_plan;
	struct middle middle;
	struct findings findings;
	bool has_kernel;
	unsigned int loaders;	 /* that may be tried: 1 << enum loader */
	const char *loaders_why; /* the others are not; NULL: all are */
	bool replaces_image;	 /* that somebody else loaded, by --force */
	enum panic_timeout panic_timeout;
	bool is_tuned;		   /* rootfstype=ramfs was added */
	bool wants_crash_memory;   /* what is reserved for a crash kernel is needed */
	bool gave_up_crash_kernel; /* for that */
	bool is_short_of_free;	   /* the load has to take from the caches */
};

#define JOURNEY_INIT                                     \
	{                                                \
		.tree = TREE_INIT, .middle = MIDDLE_INIT \
	}

/*
 * Reads the machine and the tree, if there is one, and builds the image; changes nothing.
 * How many reasons against the jump it found, each logged and in ret->findings. *ret
 * needs journey_done() either way.
 */
unsigned int journey_prepare(const struct options *options, struct journey *ret);

/* Adds to journey->findings what is known of the machine and the hardware; logs nothing.
 */
void journey_check(struct journey *journey);

/*
 * Reads what travels to the target besides the tree, and puts the address that --ip asks
 * for before the command line. What is wrong is in the findings.
 */
void journey_read_keep(struct journey *journey);

/*
 * A word of ours comes first on the target's command line, where no "--" is before it,
 * and where the tree's own would win. Where it does not fit it is left out. 1, 0 or
 * negative errno, logged.
 */
int journey_prepend(struct journey *journey, const char *word);

/* What this machine's kernel loads: the target, or first the middle kernel. */
const struct tree *journey_first(const struct journey *journey);
const struct kernel_image *journey_first_kernel(const struct journey *journey);

void journey_done(struct journey *journey);

/*	auto_journey struct journey journey = JOURNEY_INIT; */
#define auto_journey auto_release(journey_done)
