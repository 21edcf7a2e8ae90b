// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "initramfs/inventory/machine.h"
#include "modules.h"
#include "pivot/base/acts.h"
#include "pivot/base/log.h"
#include "pivot/base/read.h"
#include "stages.h"
#include "tasks.h"

/* Through the device, since a driver may be called anything. */
static int unbind(const struct task *task)
{
	const struct device *d = task->op->device;
	char path[160];

	(void)snprintf(path, sizeof(path), "/sys/bus/%s/devices/%s/driver/unbind", d->bus,
		       d->name);
	return act_write(path, d->name);
}

static bool is_bound(const char *root, const struct device *d)
{
	return read_exists(root, "/sys/bus/%s/devices/%s/driver", d->bus, d->name);
}

static int unload(const struct task *task)
{
	const struct device *d = task->op->device;
	char module[64];
	int r = read_link_name(module, sizeof(module), task->teardown->root,
			       "/sys/bus/%s/devices/%s/driver/module", d->bus, d->name);

	if (r == 0)
		r = modules_unload(task->teardown->root, module);
	/* built in, or in use by others: then at least this one */
	return is_bound(task->teardown->root, d) ? unbind(task) : r == -ENOENT ? 0 : r;
}

static int remove_vfs(const struct task *task)
{
	char path[160];

	(void)snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/sriov_numvfs",
		       task->op->device->name);
	return act_write(path, "0");
}

/* The console of a framebuffer uses the driver's memory until another takes over. */
static int remove_consoles(const struct task *task)
{
	const char *root = task->teardown->root;
	char name[64], path[96];
	struct dir dir;
	int r = 0;

	dir_for_each (&dir, console, root, "/sys/class/vtconsole") {
		if (read_text(name, sizeof(name), root, "/sys/class/vtconsole/%s/name",
			      console) <= 0 ||
		    !strstr(name, "frame buffer"))
			continue;
		(void)snprintf(path, sizeof(path), "/sys/class/vtconsole/%.32s/bind",
			       console);
		r = act_write(path, "0");
	}
	return r;
}

static int let_go(const void *argument)
{
	const struct task *task = argument;
	int (*const works[])(const struct task *) = {
		[OP_UNBIND] = unbind,
		[OP_UNLOAD] = unload,
		[OP_NO_VFS] = remove_vfs,
		[OP_NO_CONSOLE] = remove_consoles,
	};

	return works[task->op->kind](task);
}

/*
 * -ENOENT is said of a device that went, as a VF goes with its PF; but also where there
 * is no way to let it go, by a driver that forbids it or has no notion of VFs.
 */
static int result_of(const struct teardown *teardown, const struct op *op,
		     const struct job *job)
{
	const struct device *d = op->device;
	bool is_there;

	if (job->result != -ENOENT)
		return job->result;
	if (op->kind == OP_NO_VFS)
		is_there = read_exists(teardown->root, "/sys/bus/pci/devices/%s/virtfn0",
				       d->name);
	else
		is_there = is_bound(teardown->root, d);
	return is_there ? -EOPNOTSUPP : 0;
}

static void let_go_done(struct teardown *teardown, const struct op *op,
			const struct job *job)
{
	struct device_report *report = task_report(teardown, op);
	int error = result_of(teardown, op, job);

	if (error < 0 && error != -ETIME)
		(void)log_warn(error, "cannot %s %s (%s)", op_name(op->kind), op->object,
			       op->reason);
	if (error < 0 && op->kind != OP_NO_CONSOLE)
		report->error = error;
	if (op->kind == OP_UNBIND)
		report->what = error < 0 ? "not unbound" : "unbound";
	else if (op->kind == OP_UNLOAD)
		report->what = error < 0 ? "not unloaded" : "unloaded";
	if (error == -ETIME)
		report->what = "no time left";
	if (report->is_hung)
		report->what = "hangs";
}

/* What the report will say of each that something is done with, or is not. */
static void begin_reports(struct teardown *teardown)
{
	const struct plan *plan = &teardown->device_plan;
	const struct outlook outlook = { &teardown->devices, &teardown->machine,
					 &teardown->handover };

	for (size_t i = 0; i < plan->n; i++) {
		struct device_report *report = task_report(teardown, &plan->op[i]);

		(void)device_describe(plan->op[i].device, report->detail,
				      sizeof(report->detail));
		plan_fate(&outlook, plan->op[i].device, &report->fate);
		if (!report->what)
			report->what = report->fate.keep_reason ? "kept" : "";
	}
}

static int read_all(struct teardown *teardown)
{
	struct devices *devices = &teardown->devices;
	int r = devices_read(teardown->root, devices);

	if (r < 0)
		return log_err(r, "cannot read the devices");
	if (devices->has_more)
		(void)log_warn(0, "more than %d devices: the rest is left alone",
			       DEVICES_MAX);
	machine_read(teardown->root, &teardown->machine);
	plan_sort(devices);
	return 0;
}

void devices_leave(struct teardown *teardown)
{
	const struct outlook outlook = { &teardown->devices, &teardown->machine,
					 &teardown->handover };

	if (read_all(teardown) < 0)
		return;
	for (size_t i = 0; i < teardown->devices.n; i++)
		plan_fate(&outlook, &teardown->devices.device[i],
			  &teardown->reports[i].fate);
}

int devices_unbind(struct teardown *teardown)
{
	struct devices *devices = &teardown->devices;
	int r = read_all(teardown);

	if (r < 0)
		return r;
	teardown->device_plan.n = teardown->device_plan.n_dropped = 0;
	plan_devices(
		&(struct outlook){ devices, &teardown->machine, &teardown->handover },
		&teardown->device_plan);
	if (teardown->device_plan.n_dropped > 0)
		(void)log_warn(0, "more operations than %d: the rest is left alone",
			       PLAN_MAX);
	begin_reports(teardown);
	/* drivers wait for grace periods of RCU, which need not be leisurely now */
	if (read_exists(teardown->root, "/sys/kernel/rcu_expedited"))
		(void)act_write("/sys/kernel/rcu_expedited", "1");
	tasks_run(teardown, &teardown->device_plan, TEARDOWN_DEVICES, let_go,
		  let_go_done);
	return 0;
}

unsigned int devices_longest_bound_ms(const struct teardown *teardown)
{
	unsigned int longest = 0;

	for (size_t i = 0; i < teardown->devices.n; i++) {
		unsigned int ms = teardown->reports[i].fate.policy.deadline_ms;

		if (ms > longest &&
		    is_bound(teardown->root, &teardown->devices.device[i]))
			longest = ms;
	}
	return longest;
}
