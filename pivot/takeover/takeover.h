/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Becoming PID 1. Until takeover_start() everything can be undone, and is; what happens
 * then cannot.
 */

#include <stdbool.h>
#include <sys/types.h>

#include "initramfs/handover.h"
#include "pivot/image.h"

/* Where the stage is mounted: systemd-shutdown(8) looks for /run/initramfs/shutdown. */
#define STAGE_PATH "/run/initramfs"

/* Does systemd run as PID 1? See sd_booted(3). */
bool takeover_has_systemd(const char *root);

/* The stage in its tmpfs. */
struct stage {
	const char *root; /* for reading */
	bool is_mounted;
	bool made_directory; /* STAGE_PATH was not there before */
	int fd;		     /* its root, to find it again below whatever covers it */
};

#define STAGE_INIT                   \
	{                            \
		.root = "", .fd = -1 \
	}

/*
 * Enters PID 1's mount namespace, mounts a tmpfs and unpacks the image, complete or not
 * at all. 0 or negative errno, logged and undone.
 */
int stage_mount(const char *root, const struct image *image, struct stage *ret);
void stage_unmount(struct stage *stage);

/* The stage of a waiter that was killed. 0 or negative errno, logged. */
int stage_remove_orphan(const char *root);

/* The stage hidden by something mounted over it is brought on top again. 0 or negative
 * errno. */
int stage_keep_on_top(const struct stage *stage);

/*
 * Starts the waiter: a process in its own session, outside the caller's cgroup, that
 * survives the caller's terminal. Returns in both: 0 in the waiter, its pid in the
 * caller; negative errno, logged, where there is none. program: argv[0], which the waiter
 * marks.
 */
int waiter_start(const char *root, char *program);

/* Sleeps. 0, or -ECANCELED after SIGTERM or SIGINT, which are blocked. */
int waiter_delay(unsigned int seconds);

/* The waiter that somebody started, or 0. */
pid_t waiter_find(const char *root);

/* Would the takeover be let? Changes nothing. 0 or negative errno, logged. */
int takeover_probe(enum takeover takeover);

/*
 * The point of no return. Negative errno, logged, where PID 1 could not be taken over and
 * nothing was changed by trying. Else the machine goes over, and 0 is for nobody. systemd
 * has timeout_ms to stop its services.
 */
int takeover_start(enum takeover takeover, const struct stage *stage,
		   unsigned int timeout_ms);
