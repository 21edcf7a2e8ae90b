/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The teardown: the machine is put to rest, stage by stage. One layer a file; the table
 * of stages is in stages.c.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "initramfs/guardian.h"
#include "initramfs/handover.h"
#include "initramfs/inventory/devices.h"
#include "initramfs/plan.h"

/* What became of one device of the inventory. */
struct device_report {
	char detail[160]; /* "network, e1000e, 8086:10d3, eth0"; "": nothing to do */
	struct fate fate; /* what was decided */
	const char *what; /* "unbound": a literal */
	int error;	  /* why not, negative errno */
	unsigned int ms;  /* that it took, with all that was done */
	bool is_reset;	  /* its engine, too */
	bool is_hung;	  /* its driver holds its lock */
	bool is_gone;	  /* as a VF is */
	struct pci_state state; /* at the end */
};

enum { HUNG_MOUNTS_MAX = 64 };

struct teardown {
	const char *root; /* for reading: "" but in tests */
	/* of the first hop, as read_text() reads its files; NULL */
	const char *first_text, *first_json;
	const char *stage_path; /* where the stage's tmpfs is, while it is not the root;
				   or NULL */
	struct handover handover;
	struct guardian guardian;
	uint64_t end_ms;   /* of the deadline, by clock_ms() */
	bool is_overdue;   /* that was said */
	char watchdog[16]; /* the one that stays armed; "": none */
	pid_t feeder;	   /* who feeds it */
	size_t n_spared;
	pid_t spared[16];    /* storage daemons, until the storage is let go */
	bool has_unkillable; /* a process that may hold what we do not see */
	size_t n_hung_mounts;
	char hung_mounts[HUNG_MOUNTS_MAX]
			[256]; /* a second try would cost its deadline too */
	bool has_failed_hook;  /* or one that had its time */
	unsigned int stage_ms[TEARDOWN_STAGES]; /* that each took */
	bool is_hung; /* a driver holds its device's lock: an ordinary reboot would wait
			 for it */
	struct machine machine;
	struct devices devices;	 /* as they were before their drivers went */
	struct plan device_plan; /* what is done with them */
	struct device_report reports[DEVICES_MAX]; /* one each */
};

/*
 * Runs the stages in their order. 0 when the machine may jump; negative errno, logged,
 * when going on would lose data or cannot be done.
 */
int teardown_run(struct teardown *teardown);

/* Ends the processes and lets the storage go, no more: for an ordinary reboot. */
int teardown_storage(struct teardown *teardown);

/*
 * The longest deadline that a rule sets for a device whose driver is still bound, in
 * milliseconds; 0: none does. The jump calls that driver's .shutdown, which may write out
 * the same cache that its .remove would have.
 */
unsigned int devices_longest_bound_ms(const struct teardown *teardown);

/* Prints what became of each device and the verdict. */
void teardown_report(const struct teardown *teardown);

#define REPORT_FOLDER "/run/pivot-kexec"

/*
 * The same as a newc cpio with /run/pivot-kexec/report.txt and report.json in it. Its
 * length in bytes; 0 where it does not fit.
 */
size_t teardown_report_archive(const struct teardown *teardown, char *data, size_t size);
