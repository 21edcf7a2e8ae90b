/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The plan: what the machine is made of becomes an ordered list of operations. Pure. What
 * is to become of each device is decided here for both: the init executes it, the tool
 * prints it, with what else is there at present.
 */

#include "handover.h"
#include "inventory/pci.h"

/* The stages of the teardown, in the order they run. The reasons for it: plan.c. */
enum teardown_stage {
	TEARDOWN_PROCESSES,
	TEARDOWN_ROOT,
	TEARDOWN_STORAGE,
	TEARDOWN_NETWORK,
	TEARDOWN_DISKS,
	TEARDOWN_DEVICES,
	TEARDOWN_BUS_MASTERS,
	TEARDOWN_STAGES,
};

/* "end processes": a stage for people. */
const char *teardown_stage_title(enum teardown_stage stage);

enum op_kind {
	OP_END,	  /* processes */
	OP_ENTER, /* the stage's root */
	OP_SWAPOFF,
	OP_UNMOUNT,
	OP_RELEASE, /* dm, md, loop */
	OP_DOWN,    /* an interface */
	OP_NO_SPINDOWN,
	OP_UNBIND, /* a PCI function from its driver */
	OP_KEEP,   /* a PCI function, by policy */
	OP_CLEAR,  /* bus mastering that no driver will clear */
};

struct op {
	enum teardown_stage stage;
	enum op_kind kind;
	char object[256]; /* a path, an interface, a PCI address */
	char reason[96];
};

enum { PLAN_MAX = 4096 };

struct plan {
	size_t n;
	size_t n_dropped; /* did not fit */
	struct op op[PLAN_MAX];
};

/* "unbind": an operation for people. */
const char *op_name(enum op_kind kind);

/* Why a function is left as it is, for people; NULL where it is put to rest. */
const char *plan_keep_reason(const struct pci *pci, const struct pci_function *function);

/* The operations of TEARDOWN_DEVICES and TEARDOWN_BUS_MASTERS, appended. Sorts *pci. */
void plan_devices(struct pci *pci, struct plan *plan);

/* Everything, from the machine below a root. 0 or negative errno. */
int plan_build(const char *root, const struct handover *handover, struct plan *ret);
