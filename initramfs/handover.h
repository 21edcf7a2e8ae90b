/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The handover: the file /handover of the stage, by which the tool tells the init what to
 * do. Lines of "name value"; the first names the format, the last one is "end", so that a
 * file that was cut off is known.
 */

#include <stddef.h>

enum takeover {
	TAKEOVER_SYSTEMD, /* systemd stops its services and executes our /shutdown */
	TAKEOVER_SEIZE,	  /* PID 1 is made to execute our init */
};

struct handover {
	enum takeover takeover;
	unsigned int grace_ms;	  /* from SIGTERM to SIGKILL */
	unsigned int unbind_ms;	  /* for one device to be let go by its driver */
	unsigned int detach_ms;	  /* for one filesystem, swap area or block device */
	unsigned int deadline_ms; /* for all the init does */
	char target[256];	  /* what we jump into, for people */
};

/* What holds where nothing else is said. */
extern const struct handover handover_default;

enum { HANDOVER_BYTES = 1024 };

/* The text of the file. Its length in bytes, or -EINVAL where target holds a newline. */
int handover_write(const struct handover *handover, char text[HANDOVER_BYTES]);

/*
 * Takes the text, a string, apart. 0; or -EINVAL where the heading or the end is missing,
 * a line is missing, unknown or there twice, or a value makes no sense. *ret only on
 * success.
 */
int handover_parse(char *text, struct handover *ret);

/* <root>/handover. 0 or negative errno. */
int handover_read(const char *root, struct handover *ret);

/* "systemd", "seize". */
const char *takeover_name(enum takeover takeover);
