/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Watchdogs: timers in hardware that reset the machine unless somebody feeds them. */

#include <stdbool.h>
#include <stddef.h>

enum { WATCHDOGS_MAX = 8 };

enum answer { ANSWER_UNKNOWN, ANSWER_NO, ANSWER_YES };

struct watchdog {
	char name[16];		 /* "watchdog0", as in /dev */
	char identity[32];	 /* "iTCO_wdt" */
	enum answer is_active;	 /* opened, and not stopped since */
	enum answer is_nowayout; /* cannot be stopped any more */
	unsigned int timeout_s;	 /* 0: not known */
};

struct watchdogs {
	size_t n;
	struct watchdog watchdog[WATCHDOGS_MAX];
};

/*
 * <root>/sys/class/watchdog, and what lies at /dev/watchdog without being there, such as
 * ipmi_watchdog, of which nobody can say whether it is active. None: 0. Source:
 * Documentation/ABI/testing/sysfs-class-watchdog.
 */
int watchdogs_read(const char *root, struct watchdogs *ret);

/* How it stands with one of them now; its name says which. */
void watchdog_update(const char *root, struct watchdog *watchdog);

enum { WATCHDOG_TIME_BYTES = 24 };

/* "300 s", or "an unknown time", as of IPMI's. Returns text. */
const char *watchdog_time(const struct watchdog *watchdog,
			  char text[WATCHDOG_TIME_BYTES]);

enum watchdog_way {
	WATCHDOG_IS_AT_REST,
	WATCHDOG_TO_STOP,
	WATCHDOG_TO_EXTEND, /* cannot be stopped: the longest timeout it takes */
	WATCHDOG_TO_ARM,    /* and feed until the jump, or until its driver goes */
	WATCHDOG_TO_LEAVE,  /* opening it might start it for good */
};

/* The best for a dead man's switch: one that runs, in hardware. NULL: there is none. */
const struct watchdog *watchdogs_switch(const struct watchdogs *watchdogs);

/* What is to be done about it. */
enum watchdog_way watchdog_way(const struct watchdog *watchdog, bool is_switch);

/*
 * Does the kernel leave them armed at the jump, their drivers still there? Most drivers
 * stop theirs, unless it was booted with watchdog.stop_on_reboot=0.
 */
bool watchdogs_outlive_jump(const char *root);
