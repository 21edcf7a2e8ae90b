// SPDX-License-Identifier: GPL-2.0-or-later
#include "plan.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "inventory/blocks.h"
#include "inventory/links.h"
#include "inventory/mounts.h"
#include "inventory/watchdogs.h"
#include "pivot/base/macros.h"
#include "pivot/base/read.h"

/*
 * Why this order. Processes first: they write, and hold everything else, watchdogs among
 * it. Then out of the old root, which cannot be unmounted from within. Storage before the
 * network: a root on NFS, iSCSI or nbd is let go over the network. Disks are told not to
 * spin down just before their drivers go, and bus mastering is looked at when no driver
 * can turn it on again. Resets come after that, because a reset restores what it finds in
 * config space.
 */
static const char *const titles[] = {
	[TEARDOWN_PROCESSES] = "end processes",
	[TEARDOWN_WATCHDOGS] = "quiet the watchdogs",
	[TEARDOWN_ROOT] = "enter the stage",
	[TEARDOWN_FIRST_HOOKS] = "run hooks (teardown)",
	[TEARDOWN_STORAGE] = "let go of storage",
	[TEARDOWN_NETWORK] = "take the network apart",
	[TEARDOWN_DISKS] = "keep disks spinning",
	[TEARDOWN_DEVICES] = "unbind drivers",
	[TEARDOWN_BUS_MASTERS] = "clear bus mastering",
	[TEARDOWN_RESETS] = "reset devices",
	[TEARDOWN_VERIFY] = "verify",
	[TEARDOWN_LAST_HOOKS] = "run hooks (jump)",
};

static const char *const op_names[] = {
	[OP_END] = "end",	  [OP_DISARM] = "disarm",   [OP_ARM] = "arm",
	[OP_ENTER] = "enter",	  [OP_SWAPOFF] = "swapoff", [OP_UNMOUNT] = "unmount",
	[OP_RELEASE] = "release", [OP_FREEZE] = "freeze",   [OP_DOWN] = "down",
	[OP_DELETE] = "delete",	  [OP_NO_SPINDOWN] = "set", [OP_NO_CONSOLE] = "vtcon",
	[OP_UNBIND] = "unbind",	  [OP_UNLOAD] = "unload",   [OP_NO_VFS] = "no-vfs",
	[OP_KEEP] = "keep",	  [OP_LEAVE] = "leave",	    [OP_CLEAR] = "clear",
	[OP_RESET] = "reset",	  [OP_VERIFY] = "verify",   [OP_RUN] = "run",
};

const char *teardown_stage_title(enum teardown_stage stage)
{
	return titles[stage];
}

const char *op_name(enum op_kind kind)
{
	return op_names[kind];
}

struct op *plan_add(struct plan *plan, enum teardown_stage stage, enum op_kind kind,
		    const char *object, const char *reason, ...)
{
	struct op *op;
	va_list args;

	if (plan->n == PLAN_MAX) {
		plan->n_dropped++;
		return NULL;
	}
	op = &plan->op[plan->n++];
	*op = (struct op){ .stage = stage, .kind = kind };
	(void)snprintf(op->object, sizeof(op->object), "%s", object);
	va_start(args, reason);
	(void)vsnprintf(op->reason, sizeof(op->reason), reason, args);
	va_end(args);
	return op;
}

/* Once for each jump: with two hops the first of them here, the last in the middle. */
static bool lacks_hooks(const struct handover *handover, enum teardown_stage stage)
{
	if (stage == TEARDOWN_FIRST_HOOKS)
		return handover->n_hooks == 0 || handover->hop == HOP_MIDDLE;
	return stage == TEARDOWN_LAST_HOOKS &&
	       (handover->n_hooks == 0 || handover->hop == HOP_FIRST);
}

bool teardown_has_stage(const struct handover *handover, enum teardown_stage stage)
{
	if (lacks_hooks(handover, stage))
		return false;
	return handover->extent == EXTENT_CLEAN || stage <= TEARDOWN_STORAGE;
}

/* Where the devices are left to a middle kernel, the numbers end early. */
const char *teardown_stage_number(const struct handover *handover,
				  enum teardown_stage stage)
{
	static char text[32];
	int number = 0, n = 0;

	for (enum teardown_stage i = 0; i < TEARDOWN_STAGES; i++) {
		n += !lacks_hooks(handover, i);
		if (i == stage)
			number = n;
	}
	(void)snprintf(text, sizeof(text), "[%d/%d]", number, n);
	return text;
}

static int compare_objects(const void *a, const void *b)
{
	const struct op *x = a, *y = b;

	return strcmp(x->object, y->object);
}

/* From one on, by name: a directory has an order of its own, and none twice. */
static void sort_from(struct plan *plan, size_t first)
{
	qsort(plan->op + first, plan->n - first, sizeof(plan->op[0]), compare_objects);
}

static int plan_swaps(const char *root, struct plan *plan)
{
	static struct swaps swaps;
	int r = swaps_read(root, &swaps);

	for (size_t i = 0; r == 0 && i < swaps.n; i++)
		(void)plan_add(plan, TEARDOWN_STORAGE, OP_SWAPOFF, swaps.path[i], "swap");
	return r;
}

static int plan_mounts(const char *root, struct plan *plan)
{
	static struct mounts mounts;
	int r = mounts_read(root, &mounts);

	/* newest first */
	for (size_t i = r == 0 ? mounts.n : 0; i-- > 0;) {
		const struct mount *m = &mounts.mount[i];

		if (!mount_is_virtual(m))
			(void)plan_add(plan, TEARDOWN_STORAGE, OP_UNMOUNT, m->path,
				       "%s on %s%s", m->type, m->source,
				       m->is_read_only ? ", read-only" : "");
	}
	return r;
}

static int plan_frozen(const char *root, struct plan *plan)
{
	static struct mounts mounts;
	int r = mounts_read(root, &mounts);

	for (size_t i = r == 0 ? mounts.n : 0; i-- > 0;) {
		const struct mount *m = &mounts.mount[i];

		if (mount_is_dirty(m))
			(void)plan_add(plan, TEARDOWN_STORAGE, OP_FREEZE, m->path,
				       "%s on %s, stays mounted", m->type, m->source);
	}
	return r;
}

static int plan_blocks(const char *root, struct plan *plan)
{
	static struct blocks blocks;
	size_t first = plan->n;
	int r = blocks_read(root, &blocks);

	for (size_t i = 0; r == 0 && i < blocks.n; i++)
		(void)plan_add(plan, TEARDOWN_STORAGE, OP_RELEASE, blocks.block[i].device,
			       "%s", blocks.block[i].detail);
	sort_from(plan, first);
	return r;
}

static int plan_watchdogs(const char *root, const struct handover *handover,
			  struct plan *plan)
{
	static const enum op_kind kinds[] = {
		[WATCHDOG_TO_STOP] = OP_DISARM,
		[WATCHDOG_TO_EXTEND] = OP_DISARM,
		[WATCHDOG_TO_ARM] = OP_ARM,
		[WATCHDOG_TO_LEAVE] = OP_LEAVE,
	};
	static const char *const remarks[] = {
		[WATCHDOG_TO_STOP] = "",
		[WATCHDOG_TO_EXTEND] = ", cannot be stopped: set to its longest time",
		[WATCHDOG_TO_ARM] = ", stays armed for the target",
		[WATCHDOG_TO_LEAVE] = "",
	};
	static struct watchdogs watchdogs;
	size_t first = plan->n;
	int r = watchdogs_read(root, &watchdogs);
	const struct watchdog *armed =
		handover->watchdog_s ? watchdogs_switch(&watchdogs) : NULL;

	for (size_t i = 0; r == 0 && i < watchdogs.n; i++) {
		const struct watchdog *w = &watchdogs.watchdog[i];
		enum watchdog_way way = watchdog_way(w, w == armed);

		if (way != WATCHDOG_IS_AT_REST)
			(void)plan_add(plan, TEARDOWN_WATCHDOGS, kinds[way], w->name,
				       "%s%s", w->identity, remarks[way]);
	}
	sort_from(plan, first);
	return r;
}

static int plan_links(const char *root, struct plan *plan)
{
	static struct links links;
	int r = links_read(root, &links);

	for (size_t i = 0; r == 0 && i < links.n; i++) {
		const struct link *link = &links.link[i];

		if (link->is_up)
			(void)plan_add(plan, TEARDOWN_NETWORK, OP_DOWN, link->name,
				       "is up");
		if (link_is_deletable(link))
			(void)plan_add(plan, TEARDOWN_NETWORK, OP_DELETE, link->name,
				       "%s%s%s", link->kind, link->lower[0] ? " on " : "",
				       link->lower);
	}
	return r;
}

static int plan_disks(const char *root, struct plan *plan)
{
	size_t first = plan->n;
	struct dir dir;

	dir_for_each (&dir, name, root, "/sys/class/scsi_disk")
		(void)plan_add(plan, TEARDOWN_DISKS, OP_NO_SPINDOWN, name,
			       "else the disk spins down with its driver");
	sort_from(plan, first);
	return dir.error == -ENOENT ? 0 : dir.error;
}

static void plan_hooks(const struct handover *handover, enum teardown_stage stage,
		       const char *point, struct plan *plan)
{
	if (!teardown_has_stage(handover, stage))
		return;
	for (size_t i = 0; i < handover->n_hooks; i++)
		(void)plan_add(plan, stage, OP_RUN, handover->hook[i], "%s, %u s at most",
			       point, handover->hook_ms / 1000);
}

int plan_build(const char *root, struct devices *devices, const struct machine *machine,
	       const struct handover *handover, struct plan *ret)
{
	int (*const parts[])(const char *, struct plan *) = {
		plan_swaps, plan_mounts, plan_blocks, plan_links, plan_disks,
	};
	bool by_systemd = handover->takeover == TAKEOVER_SYSTEMD;
	int r;

	ret->n = ret->n_dropped = 0;
	(void)plan_add(ret, TEARDOWN_PROCESSES, OP_END, "all", "%sTERM, %u s grace, KILL",
		       by_systemd ? "what systemd left: " : "",
		       handover->grace_ms / 1000);
	r = plan_watchdogs(root, handover, ret);
	if (r < 0)
		return r;
	(void)plan_add(ret, TEARDOWN_ROOT, OP_ENTER, "/run/initramfs", "%s",
		       by_systemd ? "by systemd" : "by pivot_root");
	plan_hooks(handover, TEARDOWN_FIRST_HOOKS, "teardown", ret);
	plan_sort(devices);
	if (handover->extent == EXTENT_ABRUPT)
		return plan_frozen(root, ret);
	for (size_t i = 0; i < array_size(parts); i++) {
		r = parts[i](root, ret);

		if (r < 0)
			return r;
	}
	plan_devices(&(struct outlook){ devices, machine, handover }, ret);
	(void)plan_add(ret, TEARDOWN_VERIFY, OP_VERIFY, "all",
		       "bus mastering, MSI, MSI-X, pending transactions");
	plan_hooks(handover, TEARDOWN_LAST_HOOKS, "jump", ret);
	return 0;
}
