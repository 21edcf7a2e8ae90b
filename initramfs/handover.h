/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The handover: the file /handover of the stage, by which the tool tells the init what to
 * do. Lines of "name value"; the first names the format, the last one is "end", so that a
 * file that was cut off is known.
 */

#include <stddef.h>

#include "quirks/quirks.h"

enum takeover {
	TAKEOVER_SYSTEMD, /* systemd stops its services and executes our /shutdown */
	TAKEOVER_SEIZE,	  /* PID 1 is made to execute our init */
};

enum reset_choice { RESET_AUTO, RESET_NEVER };
enum display_choice {
	DISPLAY_AUTO, /* keep its driver, unless it is known to need more */
	DISPLAY_KEEP,
	DISPLAY_UNBIND,
};
enum parallel_choice { PARALLEL_AUTO, PARALLEL_NEVER };

/* A driver hangs and holds its device's lock, for which the kernel would wait. */
enum hang_choice {
	ON_HANG_REBOOT, /* into the distro, by sysrq */
	ON_HANG_JUMP,	/* try, and reboot where it does not come */
};

/* A jump by way of a middle kernel has two hops, and an init of each. */
enum hop {
	HOP_ONLY,
	HOP_FIRST,  /* into the middle kernel */
	HOP_MIDDLE, /* out of it, into the target */
};

/* What is done before the jump. */
enum extent {
	EXTENT_CLEAN,  /* everything */
	EXTENT_ABRUPT, /* processes end, filesystems are made read-only; the devices are
			  for the middle kernel */
};

/* Where a hook fails, hangs, or cannot be run. */
enum hook_failure {
	HOOK_FAILURE_JUMP,   /* it is said, and that is all */
	HOOK_FAILURE_REBOOT, /* into the distro, when its disks are clean */
};

enum { HOOKS_MAX = 8, HOOK_NAME_BYTES = 64 };

/* What was done goes to the target, behind its initrd. */
enum report_choice { REPORT_APPEND, REPORT_NONE };

struct handover {
	enum takeover takeover;
	enum reset_choice reset;
	enum display_choice display;
	enum parallel_choice parallel;
	enum hang_choice on_hang;
	enum report_choice report;
	enum hook_failure on_hook_failure;
	enum hop hop;
	enum extent extent;
	unsigned int grace_ms;	  /* from SIGTERM to SIGKILL */
	unsigned int unbind_ms;	  /* for one device to be let go by its driver */
	unsigned int detach_ms;	  /* for one filesystem, swap area or block device */
	unsigned int deadline_ms; /* for all the init does: see deadline.h */
	unsigned int watchdog_s;  /* one is left armed with this timeout; 0: none */
	unsigned int hook_ms;	  /* for one hook */
	char target[256];	  /* what we jump into, for people */
	struct rules rules;	  /* of --quirk and --skip */
	size_t n_hooks; /* each the stage's file /hooks/NUMBER, from 0; its name, for
			   people */
	char hook[HOOKS_MAX][HOOK_NAME_BYTES];
};

/* What holds where nothing else is said. */
struct handover handover_default(void);

enum { HANDOVER_BYTES = 8192 };

/* The text of the file. Its length in bytes, or -EINVAL where a text holds a newline. */
int handover_write(const struct handover *handover, char text[HANDOVER_BYTES]);

/*
 * Takes the text, a string, apart. 0; or -EINVAL where the heading or the end is missing,
 * a line is missing, unknown or there twice, or a value makes no sense. *ret only on
 * success.
 */
int handover_parse(char *text, struct handover *ret);

/* <root>/handover. 0 or negative errno. */
int handover_read(const char *root, struct handover *ret);

/* A choice by name, as the file and the options have it: "on-hang", "reboot", "jump". */
struct handover_choice {
	const char *name;
	size_t offset; /* in struct handover, of an enum */
	const char *value[4];
};

/* Ends with a name of NULL. */
extern const struct handover_choice handover_choices[];

/* "systemd", "seize". */
const char *takeover_name(enum takeover takeover);

/* 0, or -EINVAL where it is none of its values. */
int handover_choose(struct handover *handover, const struct handover_choice *choice,
		    const char *value);
