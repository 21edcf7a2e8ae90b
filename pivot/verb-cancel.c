// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <signal.h>
#include <stdio.h>

#include "options.h"
#include "pivot/base/acts.h"
#include "pivot/base/clock.h"
#include "pivot/base/log.h"
#include "pivot/base/read.h"
#include "pivot/kexec/load.h"
#include "pivot/takeover/takeover.h"

/* Unmounting the stage and unloading the target are short; a takeover lasts. */
enum { UNDO_TIMEOUT_MS = 10000, LOOK_EVERY_MS = 50 };

static bool wait_gone(const char *root, pid_t waiter)
{
	const uint64_t end = clock_ms() + UNDO_TIMEOUT_MS;

	while (waiter_find(root) == waiter) {
		if (clock_ms() >= end)
			return false;
		clock_sleep_ms(LOOK_EVERY_MS);
	}
	return true;
}

/* Somebody killed the waiter, which could undo nothing any more. */
static int undo_for_it(const char *root)
{
	if (stage_remove_orphan(root) < 0 || kexec_unload() < 0)
		return EXIT_UNCHANGED;
	(void)printf("cancelled: what a killed pivot-kexec left is undone\n");
	return EXIT_DONE;
}

int verb_cancel(const struct options *options)
{
	const char *root = options->root;
	pid_t waiter = waiter_find(root);
	int r;

	if (waiter == 0)
		return read_exists(root, STAGE_PATH "/handover")
			       ? undo_for_it(root)
			       : log_refuse(EXIT_UNCHANGED,
					    "no jump waits: there is nothing to cancel");
	r = act_kill(waiter, SIGTERM);
	if (r == -EPERM)
		return log_refuse(EXIT_UNCHANGED, "this needs root: run it with sudo");
	if (r < 0 && r != -ESRCH) {
		(void)log_err(r, "cannot signal process %d, which waits", waiter);
		return EXIT_UNCHANGED;
	}
	(void)act_kill(waiter, SIGCONT); /* a stopped one must run to undo */
	if (!wait_gone(root, waiter))
		return log_refuse(EXIT_TOO_LATE, "too late: the takeover has begun");
	if (read_exists(root, STAGE_PATH "/handover") || kexec_is_loaded(root) == 1)
		return log_refuse(
			EXIT_UNCHANGED,
			"the jump was cancelled, but something of it is left: see "
			"'dmesg'");
	(void)printf("cancelled: nothing was changed\n");
	return EXIT_DONE;
}
