// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plan.h"

enum { RESET_TIMEOUT_MS = 90000 }; /* the kernel itself waits up to 66 s for one */

/* What may be tried on any device; a bus reset hits others too. */
enum {
	RESETS_AUTO = 1 << PCI_RESET_DEVICE_SPECIFIC | 1 << PCI_RESET_FLR |
		      1 << PCI_RESET_AF_FLR | 1 << PCI_RESET_PM,
	RESETS_FLR = 1 << PCI_RESET_FLR | 1 << PCI_RESET_AF_FLR,
};

/* Receivers first, since they write to memory unasked; what drives people's eyes last. */
static int class_rank(uint16_t class)
{
	if (class == PCI_CLASS_INFINIBAND)
		return 0;
	if (class == PCI_CLASS_USB)
		return 3;
	if (class == PCI_CLASS_NVME)
		return 2;
	switch (class >> 8) {
	case PCI_BASE_NETWORK:
		return 0;
	case PCI_BASE_STORAGE:
		return 1;
	case PCI_BASE_MULTIMEDIA:
		return 4;
	case PCI_BASE_DISPLAY:
		return 6;
	default:
		return 5;
	}
}

/* VFs, then the deepest first, then by class and name: a total order. */
static int compare(const void *a, const void *b)
{
	const struct device *x = a, *y = b;

	if (x->is_virtual != y->is_virtual)
		return y->is_virtual - x->is_virtual; /* VFs go before their PF */
	if (x->depth != y->depth)
		return y->depth - x->depth;
	if (class_rank(x->class) != class_rank(y->class))
		return class_rank(x->class) - class_rank(y->class);
	return strcmp(x->name, y->name);
}

void plan_sort(struct devices *devices)
{
	qsort(devices->device, devices->n, sizeof(devices->device[0]), compare);
}

static bool is_display(const struct device *d)
{
	return d->class >> 8 == PCI_BASE_DISPLAY;
}

/*
 * What others need, the target among them; nobody may have that otherwise. A root
 * complex's event collector is no bridge, but its driver is that of ports.
 */
static const char *others_reason(const struct device *d)
{
	if (d->is_bridge || strcmp(d->driver, "pcieport") == 0)
		return "bridge";
	if (d->has_children)
		return "has functions below";
	if (d->class == PCI_CLASS_INTERRUPTS)
		return "delivers interrupts";
	if (d->class == PCI_CLASS_IOMMU)
		return "IOMMU";
	return d->class >> 8 == PCI_BASE_MEMORY ? "memory" : NULL;
}

/* Where neither the table nor the user says anything. */
static const char *default_reason(const struct outlook *outlook, const struct device *d)
{
	if (is_display(d) && outlook->handover->display != DISPLAY_UNBIND)
		return "display";
	if (d->is_console)
		return "carries the console";
	if (d->class == PCI_CLASS_COMMUNICATION_OTHER &&
	    outlook->devices->has_virtio_console && strcmp(d->driver, "virtio-pci") == 0)
		return "may carry the console hvc";
	if (outlook->handover->watchdog_s && strstr(d->holds, "watchdog"))
		return "may hold the watchdog that stays armed";
	return NULL;
}

static const char *policy_reason(const struct policy *policy)
{
	if (policy->is_by_user)
		return "as you say";
	return policy->quirk ? policy->quirk->why : "known";
}

static const char *keep_reason(const struct outlook *outlook, const struct device *d,
			       const struct policy *policy)
{
	const char *reason = others_reason(d);
	bool is_kept =
		policy->action == POLICY_KEEP || policy->action == POLICY_DOWN_ONLY;

	if (reason)
		return reason;
	if (is_kept)
		return policy_reason(policy);
	if (policy->is_by_user && policy->action != POLICY_DEFAULT)
		return NULL;
	reason = default_reason(outlook, d);
	/* a display whose driver is known to need it */
	if (reason && is_display(d) && policy->action != POLICY_DEFAULT &&
	    outlook->handover->display == DISPLAY_AUTO)
		return NULL;
	return reason;
}

/* The best that the kernel offers: one, since a device that died of it takes a minute. */
static const char *choose_reset(const struct outlook *outlook, const struct device *d,
				const struct policy *policy)
{
	static const uint8_t allowed[] = {
		[POLICY_RESET_AUTO] = RESETS_AUTO,
		[POLICY_RESET_NEVER] = 0,
		[POLICY_RESET_FLR] = RESETS_FLR,
		[POLICY_RESET_PM] = 1 << PCI_RESET_PM,
		[POLICY_RESET_BUS] = 1 << PCI_RESET_BUS,
	};

	if (outlook->handover->reset == RESET_NEVER)
		return NULL;
	for (int reset = 0; reset < PCI_RESETS; reset++)
		if (d->resets & allowed[policy->reset] & 1U << reset)
			return pci_reset_name(reset);
	return NULL;
}

/* A module takes all devices of its driver along: also one that is to stay as it is. */
static bool may_unload(const struct outlook *outlook, const struct device *device)
{
	for (size_t i = 0; i < outlook->devices->n; i++) {
		const struct device *d = &outlook->devices->device[i];
		struct policy policy;

		if (strcmp(d->driver, device->driver) != 0)
			continue;
		policy_of(d, outlook->machine, &outlook->handover->rules, &policy);
		if (keep_reason(outlook, d, &policy))
			return false;
	}
	return true;
}

/* One that nobody ever used, and that is quiet. Of a middle kernel's that is not known:
 * the one before may have had a driver for it, and its shutdown hides what it left. */
static bool is_left_in_peace(const struct outlook *outlook, const struct device *device)
{
	return !device->driver[0] && !device->state.is_bus_master &&
	       outlook->handover->hop != HOP_MIDDLE;
}

void plan_fate(const struct outlook *outlook, const struct device *device,
	       struct fate *ret)
{
	*ret = (struct fate){ 0 };
	policy_of(device, outlook->machine, &outlook->handover->rules, &ret->policy);
	ret->keep_reason = keep_reason(outlook, device, &ret->policy);
	if (ret->keep_reason)
		return;
	ret->is_unloaded =
		ret->policy.action == POLICY_UNLOAD && may_unload(outlook, device);
	/* a VF goes with its card */
	if (!is_left_in_peace(outlook, device) && !device->is_virtual)
		ret->reset = choose_reset(outlook, device, &ret->policy);
}

static struct op *add(struct plan *plan, enum teardown_stage stage, enum op_kind kind,
		      const struct outlook *outlook, const struct device *d,
		      const struct fate *fate, const char *reason)
{
	struct op *op = plan_add(plan, stage, kind, d->name, "%s", reason);

	if (op) {
		op->device = d;
		/* two devices of a module cannot both unload it */
		op->lane = fate->is_unloaded ? d->driver : d->lane;
		op->timeout_ms = fate->policy.deadline_ms ?: outlook->handover->unbind_ms;
	}
	return op;
}

static void keep(const struct outlook *outlook, const struct device *d,
		 const struct fate *fate, struct plan *plan)
{
	char text[160], reason[256];

	(void)device_describe(d, text, sizeof(text));
	(void)snprintf(reason, sizeof(reason), "%s; %s", text, fate->keep_reason);
	(void)add(plan, TEARDOWN_DEVICES, OP_KEEP, outlook, d, fate, reason);
}

static void let_go(const struct outlook *outlook, const struct device *d,
		   const struct fate *fate, struct plan *plan)
{
	/* the table's, where it has the say */
	const char *why = fate->policy.quirk && !fate->policy.is_by_user
				  ? fate->policy.quirk->why
				  : NULL;
	char text[160], deadline[32] = "", reason[256];

	if (fate->policy.deadline_ms)
		(void)snprintf(deadline, sizeof(deadline), "; deadline %u s",
			       fate->policy.deadline_ms / 1000);
	if (d->driver[0] && (fate->policy.has_vtcon_first || is_display(d)))
		(void)add(plan, TEARDOWN_DEVICES, OP_NO_CONSOLE, outlook, d, fate,
			  "text consoles off its framebuffer");
	if (d->n_vfs > 0) {
		(void)snprintf(text, sizeof(text), "its %u virtual functions%s", d->n_vfs,
			       deadline);
		(void)add(plan, TEARDOWN_DEVICES, OP_NO_VFS, outlook, d, fate, text);
	}
	if (!d->driver[0])
		return;
	(void)device_describe(d, text, sizeof(text));
	(void)snprintf(reason, sizeof(reason), "%s%s%s%s", text, deadline,
		       why ? "; " : "", why ?: "");
	(void)add(plan, TEARDOWN_DEVICES, fate->is_unloaded ? OP_UNLOAD : OP_UNBIND,
		  outlook, d, fate, reason);
}

static void plan_let_go(const struct outlook *outlook, struct plan *plan)
{
	for (size_t i = 0; i < outlook->devices->n; i++) {
		const struct device *d = &outlook->devices->device[i];
		struct fate fate;

		if (!d->driver[0] && !d->state.is_bus_master && d->n_vfs == 0)
			continue; /* at rest already */
		plan_fate(outlook, d, &fate);
		if (fate.keep_reason)
			keep(outlook, d, &fate, plan);
		else
			let_go(outlook, d, &fate, plan);
	}
}

static void plan_clear(const struct outlook *outlook, struct plan *plan)
{
	char text[160];

	for (size_t i = 0; i < outlook->devices->n; i++) {
		const struct device *d = &outlook->devices->device[i];
		struct fate fate;
		struct op *op;

		if (!d->state.is_bus_master || d->driver[0])
			continue;
		plan_fate(outlook, d, &fate);
		if (fate.keep_reason || fate.policy.keeps_bus_master)
			continue;
		op = add(plan, TEARDOWN_BUS_MASTERS, OP_CLEAR, outlook, d, &fate,
			 device_describe(d, text, sizeof(text)));
		if (op) /* a rule's deadline is for drivers */
			op->timeout_ms = outlook->handover->unbind_ms;
	}
}

static void plan_resets(const struct outlook *outlook, struct plan *plan)
{
	for (size_t i = 0; i < outlook->devices->n; i++) {
		const struct device *d = &outlook->devices->device[i];
		struct fate fate;
		struct op *op;

		plan_fate(outlook, d, &fate);
		if (!fate.reset)
			continue;
		op = add(plan, TEARDOWN_RESETS, OP_RESET, outlook, d, &fate, fate.reset);
		if (op)
			op->timeout_ms = RESET_TIMEOUT_MS;
	}
}

void plan_devices(const struct outlook *outlook, struct plan *plan)
{
	plan_let_go(outlook, plan);
	plan_clear(outlook, plan);
	plan_resets(outlook, plan);
}
