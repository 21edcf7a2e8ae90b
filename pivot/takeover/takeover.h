/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Becoming PID 1. Until takeover_start() everything can be undone, and is; what happens
 * then cannot.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "initramfs/handover.h"
#include "pivot/image.h"
#include "pivot/kexec/kernel.h"
#include "pivot/kexec/payload.h"
#include "pivot/tree/tree.h"

/* Where the stage is mounted: systemd-shutdown(8) looks for /run/initramfs/shutdown. */
#define STAGE_PATH "/run/initramfs"

/* Does systemd run as PID 1? See sd_booted(3). */
bool takeover_has_systemd(const char *root);

/* How an act is bounded that is over at once, unless something is wrong. */
enum { STEP_TIMEOUT_MS = 30000 };

/* The stage in its tmpfs. */
struct stage {
	const char *root;	 /* for reading */
	bool is_begun;		 /* something of it may be there */
	bool had_directory;	 /* STAGE_PATH was there before */
	bool has_initrd_outside; /* it stays where it is, in another tmpfs */
	int fd;			 /* its root, to find it again below whatever covers it */
};

/*
 * In memory that is shared with all children: what one did, another undoes. NULL, logged,
 * where there is none.
 */
struct stage *stage_new(const char *root);

/*
 * In a step (step.h), which enters PID 1's mount namespace: mounts a tmpfs and unpacks
 * the image, or removes what there is of it. 0 or negative errno, logged.
 */
int stage_mount(struct stage *stage, const struct image *image, uint64_t payload_bytes);
int stage_unmount(const struct stage *stage);

/* In a step: the mount namespace of PID 1. 0 or negative errno, logged. */
int stage_enter(const struct stage *stage);

/*
 * Copies the target's files into the stage, and seals them. An initrd that is
 * in memory already stays where it is: then somebody must hold it open until our init has
 * it, and stage_link_initrd() tells who. Each in a step. 0 or negative errno, logged.
 */
int stage_put_payload(struct stage *stage, const struct tree *tree,
		      const struct kernel_image *kernel);
bool stage_leaves_outside(int initrd_fd); /* changes nothing; also for -1: false */
int stage_remove_payload(struct stage *stage);

/* What travels is not swapped out, as long as this process lives; in silence. */
void stage_keep_extra(const struct stage *stage);

int stage_link_initrd(const struct stage *stage, pid_t holder, int initrd_fd);

/* A descriptor that stays with the stage; for whoever keeps or removes it. 0 or negative
 * errno, logged. */
int stage_open(struct stage *stage);

/* Is there one, in the caller's mount namespace? */
bool stage_is_left(const char *root);

/*
 * In a step, until end_ms by clock_ms(): whenever something is mounted over the stage it
 * is brought on top again. 0 or negative errno, logged.
 */
int stage_keep_on_top(const struct stage *stage, uint64_t end_ms);

struct waiter {
	pid_t pid;
	int life_fd; /* hangs up when it has ended */
};

/*
 * Starts the waiter: a process in its own session, outside the caller's cgroup, that
 * survives the caller's terminal, runs work(data) and ends with what it returns. 0 or
 * negative errno, logged. program: argv[0], which the waiter marks.
 */
int waiter_start(const char *root, char *program, int (*work)(void *data), void *data,
		 struct waiter *ret);

/* Ends a waiter in its delay, and waits until it has undone everything. 0, or
 * -ETIMEDOUT. */
int waiter_cancel(const struct waiter *waiter);

/* Sleeps. 0, or -ECANCELED after SIGTERM or SIGINT, which are blocked. */
int waiter_delay(unsigned int seconds);

/* The waiter that somebody started, or 0. */
pid_t waiter_find(const char *root);

/* In a step: would PID 1 be let to be seized? Changes nothing. 0 or negative errno,
 * logged. */
int takeover_probe(void);

/*
 * Unloads the target, where it may be loaded, and removes the stage, by steps: what
 * fails, hangs or is killed is tried again. 0 or negative errno, logged. Where the target
 * stays, so does the stage: the one without the other would be a plain kexec.
 */
int takeover_undo(const struct stage *stage, bool may_be_loaded);

/*
 * The point of no return. Negative errno, logged, where PID 1 could not be taken over and
 * nothing was changed by trying. Else the machine goes over, and 0 is for nobody. systemd
 * has timeout_ms to stop its services.
 */
int takeover_start(enum takeover takeover, const struct stage *stage,
		   unsigned int timeout_ms);
