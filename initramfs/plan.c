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
#include "inventory/pci.h"
#include "pivot/base/macros.h"
#include "pivot/base/read.h"

/*
 * Why this order. Processes first: they write, and hold everything else. Then out of the
 * old root, which cannot be unmounted from within. Storage before the network: a root on
 * NFS, iSCSI or nbd is let go over the network. Disks are told not to spin down just
 * before their drivers go, and bus mastering is looked at when no driver can turn it on
 * again.
 */
static const char *const titles[] = {
	[TEARDOWN_PROCESSES] = "end processes",
	[TEARDOWN_ROOT] = "enter the stage",
	[TEARDOWN_STORAGE] = "let go of storage",
	[TEARDOWN_NETWORK] = "take interfaces down",
	[TEARDOWN_DISKS] = "keep disks spinning",
	[TEARDOWN_DEVICES] = "unbind drivers",
	[TEARDOWN_BUS_MASTERS] = "verify bus mastering",
};

static const char *const op_names[] = {
	[OP_END] = "end",	  [OP_ENTER] = "enter",	    [OP_SWAPOFF] = "swapoff",
	[OP_UNMOUNT] = "unmount", [OP_RELEASE] = "release", [OP_DOWN] = "down",
	[OP_NO_SPINDOWN] = "set", [OP_UNBIND] = "unbind",   [OP_KEEP] = "keep",
	[OP_CLEAR] = "clear",
};

const char *teardown_stage_title(enum teardown_stage stage)
{
	return titles[stage];
}

const char *op_name(enum op_kind kind)
{
	return op_names[kind];
}

printf_like(5, 6) static void add(struct plan *plan, enum teardown_stage stage,
				  enum op_kind kind, const char *object,
				  const char *reason, ...)
{
	struct op *op;
	va_list args;

	if (plan->n == PLAN_MAX) {
		plan->n_dropped++;
		return;
	}
	op = &plan->op[plan->n++];
	op->stage = stage;
	op->kind = kind;
	(void)snprintf(op->object, sizeof(op->object), "%s", object);
	va_start(args, reason);
	(void)vsnprintf(op->reason, sizeof(op->reason), reason, args);
	va_end(args);
}

/* Receivers first, since they write to memory unasked; what drives people's eyes last. */
static int class_rank(uint16_t class)
{
	if (class == PCI_CLASS_USB)
		return 2;
	switch (class >> 8) {
	case PCI_BASE_NETWORK:
		return 0;
	case PCI_BASE_STORAGE:
		return 1;
	case PCI_BASE_MULTIMEDIA:
		return 3;
	case PCI_BASE_DISPLAY:
		return 5;
	default:
		return 4;
	}
}

/* VFs, then the deepest first, then by class and address: a total order. */
static int compare_functions(const void *a, const void *b)
{
	const struct pci_function *x = a, *y = b;

	if (x->is_virtual != y->is_virtual)
		return y->is_virtual - x->is_virtual; /* VFs go before their PF */
	if (x->depth != y->depth)
		return y->depth - x->depth;
	if (class_rank(x->class) != class_rank(y->class))
		return class_rank(x->class) - class_rank(y->class);
	return strcmp(x->address, y->address);
}

const char *plan_keep_reason(const struct pci *pci, const struct pci_function *f)
{
	if (f->is_bridge)
		return "bridge";
	if (f->has_children)
		return "has functions below";
	if (f->class >> 8 == PCI_BASE_DISPLAY)
		return "display";
	if (f->is_console)
		return "carries the console";
	if (f->class == PCI_CLASS_COMMUNICATION_OTHER && pci->has_virtio_console &&
	    strcmp(f->driver, "virtio-pci") == 0)
		return "may carry the console hvc";
	return NULL;
}

void plan_devices(struct pci *pci, struct plan *plan)
{
	qsort(pci->function, pci->n, sizeof(pci->function[0]), compare_functions);
	for (size_t i = 0; i < pci->n; i++) {
		const struct pci_function *f = &pci->function[i];
		const char *keep = plan_keep_reason(pci, f);

		if (!f->driver[0] && !f->is_bus_master)
			continue; /* at rest already */
		if (keep)
			add(plan, TEARDOWN_DEVICES, OP_KEEP, f->address, "%s", keep);
		else if (f->driver[0])
			add(plan, TEARDOWN_DEVICES, OP_UNBIND, f->address, "%s, %s",
			    pci_class_name(f->class), f->driver);
	}
	for (size_t i = 0; i < pci->n; i++) {
		const struct pci_function *f = &pci->function[i];

		if (f->is_bus_master && !f->driver[0] && !plan_keep_reason(pci, f))
			add(plan, TEARDOWN_BUS_MASTERS, OP_CLEAR, f->address,
			    "%s, no driver", pci_class_name(f->class));
	}
}

static int plan_swaps(const char *root, struct plan *plan)
{
	static struct swaps swaps;
	int r = swaps_read(root, &swaps);

	for (size_t i = 0; r == 0 && i < swaps.n; i++)
		add(plan, TEARDOWN_STORAGE, OP_SWAPOFF, swaps.path[i], "swap");
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
			add(plan, TEARDOWN_STORAGE, OP_UNMOUNT, m->path, "%s on %s%s",
			    m->type, m->source, m->is_read_only ? ", read-only" : "");
	}
	return r;
}

static int plan_blocks(const char *root, struct plan *plan)
{
	static struct blocks blocks;
	int r = blocks_read(root, &blocks);

	for (size_t i = 0; r == 0 && i < blocks.n; i++)
		add(plan, TEARDOWN_STORAGE, OP_RELEASE, blocks.block[i].device, "%s",
		    blocks.block[i].detail);
	return r;
}

static int plan_links(const char *root, struct plan *plan)
{
	static struct links links;
	int r = links_read_up(root, &links);

	for (size_t i = 0; r == 0 && i < links.n; i++)
		add(plan, TEARDOWN_NETWORK, OP_DOWN, links.name[i], "is up");
	return r;
}

static int plan_disks(const char *root, struct plan *plan)
{
	struct dir dir;

	dir_for_each (&dir, name, root, "/sys/class/scsi_disk")
		add(plan, TEARDOWN_DISKS, OP_NO_SPINDOWN, name,
		    "else the disk spins down with its driver");
	return dir.error == -ENOENT ? 0 : dir.error;
}

static int plan_pci(const char *root, struct plan *plan)
{
	static struct pci pci;
	int r = pci_read(root, &pci);

	if (r == 0)
		plan_devices(&pci, plan);
	return r;
}

int plan_build(const char *root, const struct handover *handover, struct plan *ret)
{
	int (*const parts[])(const char *, struct plan *) = {
		plan_swaps, plan_mounts, plan_blocks, plan_links, plan_disks, plan_pci,
	};
	bool by_systemd = handover->takeover == TAKEOVER_SYSTEMD;

	ret->n = ret->n_dropped = 0;
	add(ret, TEARDOWN_PROCESSES, OP_END, "all", "%sTERM, %u s grace, KILL",
	    by_systemd ? "what systemd left: " : "", handover->grace_ms / 1000);
	add(ret, TEARDOWN_ROOT, OP_ENTER, "/run/initramfs", "%s",
	    by_systemd ? "by systemd" : "by pivot_root");
	for (size_t i = 0; i < array_size(parts); i++) {
		int r = parts[i](root, ret);

		if (r < 0)
			return r;
	}
	return 0;
}
