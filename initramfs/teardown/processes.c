// SPDX-License-Identifier: GPL-2.0-or-later
#include "stages.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "initramfs/inventory/processes.h"
#include "pivot/base/acts.h"
#include "pivot/base/child.h"
#include "pivot/base/clock.h"
#include "pivot/base/log.h"
#include "pivot/base/macros.h"
#include "pivot/base/thaw.h"

enum { LOOK_EVERY_MS = 20, COMMAND_LINE_MS = 1000 };

static bool is_spared(const struct teardown *teardown, pid_t pid)
{
	for (size_t i = 0; i < teardown->n_spared; i++)
		if (teardown->spared[i] == pid)
			return true;
	return pid == teardown->feeder;
}

/* Who runs and is not spared. */
static void list_read(const struct teardown *teardown, struct processes *ret)
{
	size_t n = 0;

	processes_read(teardown->root, teardown->guardian.pid, ret);
	for (size_t i = 0; i < ret->n; i++)
		if (!is_spared(teardown, ret->process[i].pid))
			ret->process[n++] = ret->process[i];
	ret->n = n;
}

static void list_name(const struct processes *list, char *names, size_t size)
{
	size_t used = 0;

	names[0] = '\0';
	for (size_t i = 0; i < list->n; i++) {
		const char *name = list->process[i].name;

		if (used + strlen(name) + 2 > size)
			break;
		used += (size_t)snprintf(names + used, size - used, "%s%s",
					 used ? " " : "", name);
	}
}

/* One by one: kill(-1) would end the guardian and who is spared. ESRCH: it has ended. */
static void list_signal(const struct processes *list, int signal)
{
	for (size_t i = 0; i < list->n; i++)
		(void)act_kill(list->process[i].pid, signal);
}

/* What the kernel needs to tear a large process down: less than the process itself may
 * take. */
static unsigned int kill_wait_ms(const struct teardown *teardown)
{
	return teardown->handover.grace_ms / 2;
}

/* Who forks while being counted is met in the next round. */
static void wait_gone(const struct teardown *teardown, unsigned int timeout_ms,
		      int signal, struct processes *list)
{
	const uint64_t end = clock_ms() + timeout_ms;

	for (;;) {
		child_reap();
		list_read(teardown, list);
		if (list->n == 0 || clock_ms() >= end)
			return;
		if (signal)
			list_signal(list, signal);
		clock_sleep_ms(LOOK_EVERY_MS);
	}
}

struct process_at {
	const char *root;
	const struct process *process;
};

static int is_storage_daemon(const void *argument)
{
	const struct process_at *at = argument;

	return process_is_storage_daemon(at->root, at->process) ? 0 : -ENOENT;
}

static void spare_storage_daemons(struct teardown *teardown, const struct processes *list)
{
	for (size_t i = 0; i < list->n; i++) {
		const struct process *process = &list->process[i];
		const struct process_at at = { teardown->root, process };

		if (teardown->n_spared == array_size(teardown->spared) ||
		    child_run(is_storage_daemon, &at, COMMAND_LINE_MS) < 0)
			continue;
		teardown->spared[teardown->n_spared++] = process->pid;
		log_info("      spared until the storage is let go: %s", process->name);
	}
}

static void ask_to_end(const struct processes *list)
{
	list_signal(list, SIGTERM);
	/* interactive shells ignore SIGTERM; to a service SIGHUP would cut its end short
	 */
	for (size_t i = 0; i < list->n; i++)
		if (list->process[i].has_terminal)
			(void)act_kill(list->process[i].pid, SIGHUP);
	/* the waiter lets no other signal near, and has nothing to end */
	for (size_t i = 0; i < list->n; i++)
		if (strcmp(list->process[i].name, TOOL_NAME) == 0)
			(void)act_kill(list->process[i].pid, SIGKILL);
	list_signal(list, SIGCONT); /* a stopped process must run to end */
}

/* SIGTERM, and the time to end by themselves. */
static void end_politely(const struct teardown *teardown, struct processes *list)
{
	char names[512];

	list_name(list, names, sizeof(names));
	log_info("      running: %zu (%s)", list->n, names);
	ask_to_end(list);
	wait_gone(teardown, teardown->handover.grace_ms, 0, list);
	if (list->n == 0)
		return;
	list_name(list, names, sizeof(names));
	log_info("      not ended by SIGTERM in %u s: %zu (%s)",
		 teardown->handover.grace_ms / 1000, list->n, names);
}

static void end_by_force(struct teardown *teardown, struct processes *list)
{
	char names[512];

	wait_gone(teardown, kill_wait_ms(teardown), SIGKILL, list);
	if (list->n == 0)
		return;
	list_name(list, names, sizeof(names));
	(void)log_warn(0, "cannot be killed: %zu (%s)", list->n, names);
	teardown->has_unkillable = true;
}

int processes_end(struct teardown *teardown)
{
	static struct processes list;

	/* PID 1 may have fed one, whose time runs since it became us; those that a
	 * process holds have their turn when it is gone */
	(void)watchdogs_quiet(teardown);
	list_read(teardown, &list);
	spare_storage_daemons(teardown, &list);
	list_read(teardown, &list);
	if (list.n > 0)
		end_politely(teardown, &list);
	/* who froze something had its time to undo that; SIGKILL does not reach who waits
	 * for it */
	if (teardown->handover.hop != HOP_MIDDLE) /* there is nobody to freeze anything */
		thaw_all(teardown->root);
	if (list.n > 0)
		end_by_force(teardown, &list);
	return 0;
}

void processes_kill(struct teardown *teardown)
{
	static struct processes list;

	list_read(teardown, &list);
	if (list.n > 0)
		end_by_force(teardown, &list);
}

bool processes_end_spared(struct teardown *teardown)
{
	static struct processes list;

	if (teardown->n_spared == 0)
		return false;
	teardown->n_spared = 0;
	list_read(teardown, &list);
	list_signal(&list, SIGTERM);
	wait_gone(teardown, kill_wait_ms(teardown), 0, &list);
	wait_gone(teardown, kill_wait_ms(teardown), SIGKILL, &list);
	return true;
}
