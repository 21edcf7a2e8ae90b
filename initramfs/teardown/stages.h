/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The layers. Each: 0, or negative errno (logged) where the jump must not happen. */

#include "teardown.h"

int processes_end(struct teardown *teardown);	    /* TERM, grace, KILL */
int root_enter(struct teardown *teardown);	    /* the stage becomes the root */
int storage_release(struct teardown *teardown);	    /* swap, mounts, dm, md, loop */
int network_down(struct teardown *teardown);	    /* interfaces */
int disks_keep_spinning(struct teardown *teardown); /* SCSI start/stop management off */
int devices_unbind(struct teardown *teardown);	    /* PCI functions from their drivers */
int bus_masters_clear(struct teardown *teardown);   /* what no driver turned off */

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

/* Ends the storage daemons that processes_end() spared. Were there any? */
bool processes_end_spared(struct teardown *teardown);
