/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The layers. Each: 0, or negative errno (logged) where the jump must not happen. */

#include "teardown.h"

int processes_end(struct teardown *teardown);	    /* TERM, grace, KILL */
int watchdogs_quiet(struct teardown *teardown);	    /* disarmed, or one armed */
int root_enter(struct teardown *teardown);	    /* the stage becomes the root */
int hooks_run_first(struct teardown *teardown);	    /* before the teardown */
int storage_release(struct teardown *teardown);	    /* swap, mounts, dm, md, loop */
int network_take_apart(struct teardown *teardown);  /* interfaces, top down */
int disks_keep_spinning(struct teardown *teardown); /* SCSI start/stop management off */
int devices_unbind(struct teardown *teardown);	    /* from their drivers */
int bus_masters_clear(struct teardown *teardown);   /* what no driver turned off */
int devices_reset(struct teardown *teardown);	    /* where it is safe */
int devices_verify(struct teardown *teardown);	    /* what is at rest */
int hooks_run_last(struct teardown *teardown);	    /* before the jump */

/* What every init needs, below the root it is to have: /proc, /sys, /dev. 0 or negative
 * errno, logged. */
int root_mount_own(const char *root);

/* Where they are left to a middle kernel: what is known of them, for how long their
 * drivers' .shutdown may take at the jump. */
void devices_leave(struct teardown *teardown);

/* With its driver gone nobody stops the watchdog that is to stay armed at the jump. */
void watchdogs_let_go(struct teardown *teardown);

/*
 * May its config space be read, and is there reason to? While a device is reset the
 * kernel lets nobody read it, nor, in newer ones, the bridge above: who tried where the
 * reset hangs would wait for ever.
 */
bool is_verifiable(const struct device *device, const struct device_report *report);

/* Clears what is on now. How many there were. */
size_t bus_masters_clear_all(struct teardown *teardown);

/*
 * The layers of storage_release(). Each lets go of what it can, once: how many remain, or
 * negative errno; *did grows by what went.
 */
int swaps_off(struct teardown *teardown, size_t *did);
int mounts_detach(struct teardown *teardown, size_t *did);
int blocks_release(struct teardown *teardown, size_t *did);

/* What mounts_detach() could not unmount is made read-only. How many filesystems can
 * still be written to, each logged, or negative errno. */
int mounts_freeze(const struct teardown *teardown);

/* Ends by SIGKILL whoever still runs, but for those that were spared. */
void processes_kill(struct teardown *teardown);

/* Ends the storage daemons that processes_end() spared. Were there any? */
bool processes_end_spared(struct teardown *teardown);
