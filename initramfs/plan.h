/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The plan: what the machine is made of becomes an ordered list of operations. Pure. What
 * is to become of each device is decided here for both: the init executes it, the tool
 * prints it, with what else is there at present.
 */

#include "handover.h"
#include "inventory/devices.h"
#include "inventory/machine.h"
#include "pivot/base/macros.h"

/* The stages of the teardown, in the order they run. The reasons for it: plan.c. */
enum teardown_stage {
	TEARDOWN_PROCESSES,
	TEARDOWN_WATCHDOGS,
	TEARDOWN_ROOT,
	TEARDOWN_FIRST_HOOKS,
	TEARDOWN_STORAGE,
	TEARDOWN_NETWORK,
	TEARDOWN_DISKS,
	TEARDOWN_DEVICES,
	TEARDOWN_BUS_MASTERS,
	TEARDOWN_RESETS,
	TEARDOWN_VERIFY,
	TEARDOWN_LAST_HOOKS,
	TEARDOWN_STAGES,
};

/* "end processes": a stage for people. */
const char *teardown_stage_title(enum teardown_stage stage);

/* Is it gone through? Where the devices are for a middle kernel's drivers, those of this
 * one are not asked to let them go. */
bool teardown_has_stage(const struct handover *handover, enum teardown_stage stage);

/* "[3/10]": which of those that are gone through; its text is overwritten by the next. */
const char *teardown_stage_number(const struct handover *handover,
				  enum teardown_stage stage);

enum op_kind {
	OP_END,	   /* processes */
	OP_DISARM, /* a watchdog, or where it cannot be: as late as it can be */
	OP_ARM,	   /* a watchdog, for the target to take over */
	OP_LEAVE,  /* a watchdog nobody can say anything of */
	OP_ENTER,  /* the stage's root */
	OP_SWAPOFF,
	OP_UNMOUNT,
	OP_RELEASE, /* dm, md, loop */
	OP_FREEZE,  /* a filesystem, read-only instead of unmounted */
	OP_DOWN,    /* an interface */
	OP_DELETE,  /* an interface that is not hardware */
	OP_NO_SPINDOWN,
	OP_NO_CONSOLE, /* the text consoles off the framebuffer of a display */
	OP_UNBIND,     /* a device from its driver */
	OP_UNLOAD,     /* its driver's module */
	OP_NO_VFS,     /* a PF's virtual functions */
	OP_KEEP,       /* a device, by policy */
	OP_CLEAR,      /* bus mastering that no driver will clear */
	OP_RESET,
	OP_VERIFY,
	OP_RUN, /* a hook */
};

struct op {
	enum teardown_stage stage;
	enum op_kind kind;
	char object[256]; /* a path, an interface, a device */
	char reason[256];
	const struct device *device; /* of the inventory, or NULL */
	unsigned int timeout_ms;     /* for a device; its reason names a rule's */
	const char *lane;	     /* operations of one lane run one after another */
};

enum { PLAN_MAX = 4096 };

struct plan {
	size_t n;
	size_t n_dropped; /* did not fit */
	struct op op[PLAN_MAX];
};

/* "unbind": an operation for people. */
const char *op_name(enum op_kind kind);

/* What is known of the machine, and what the user wants of it. */
struct outlook {
	const struct devices *devices;
	const struct machine *machine;
	const struct handover *handover;
};

/* What is to become of a device. */
struct fate {
	struct policy policy;
	const char
		*keep_reason; /* why it is left as it is; NULL where it is put to rest */
	bool is_unloaded;     /* with its driver's module */
	const char *reset;    /* that it gets after that; NULL: none */
};

void plan_fate(const struct outlook *outlook, const struct device *device,
	       struct fate *ret);

/* The order in which they are put to rest. */
void plan_sort(struct devices *devices);

/* The operations of TEARDOWN_DEVICES to TEARDOWN_RESETS, appended. */
void plan_devices(const struct outlook *outlook, struct plan *plan);

/* One more; where it does not fit it is counted. */
printf_like(5, 6) struct op *plan_add(struct plan *plan, enum teardown_stage stage,
				      enum op_kind kind, const char *object,
				      const char *reason, ...);

/* Everything, from the machine below a root, with its devices sorted. 0 or negative
 * errno. */
int plan_build(const char *root, struct devices *devices, const struct machine *machine,
	       const struct handover *handover, struct plan *ret);
