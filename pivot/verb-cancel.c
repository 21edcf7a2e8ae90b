// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <signal.h>
#include <stdio.h>

#include "options.h"
#include "pivot/base/acts.h"
#include "pivot/base/clock.h"
#include "pivot/base/log.h"
#include "pivot/kexec/load.h"
#include "pivot/takeover/step.h"
#include "pivot/takeover/takeover.h"

/* An undo that has unloaded the target may take some more; a takeover lasts. */
enum { UNLOAD_TIMEOUT_MS = 10000, UNDO_TIMEOUT_MS = 120000, LOOK_EVERY_MS = 50 };

static bool wait_gone(const char *root, pid_t waiter)
{
	const uint64_t start = clock_ms();

	while (waiter_find(root) == waiter) {
		const uint64_t waited = clock_ms() - start;

		if (waited >= UNDO_TIMEOUT_MS ||
		    (waited >= UNLOAD_TIMEOUT_MS && kexec_is_loaded(root) == 1))
			return false;
		clock_sleep_ms(LOOK_EVERY_MS);
	}
	return true;
}

/* Somebody killed the waiter, which could undo nothing any more. */
static int undo_for_it(const struct options *options)
{
	const char *root = options->root;
	/* nobody knows any more whether the directory was there before: it stays */
	const struct stage stage = {
		.root = root,
		.is_begun = true,
		.had_directory = true,
		.fd = -1,
	};

	step_hold_signals();
	if (takeover_undo(&stage, true) < 0)
		return EXIT_UNCHANGED;
	if (!options->quiet)
		(void)printf("cancelled: what a killed pivot-kexec left is undone\n");
	return EXIT_DONE;
}

int verb_cancel(const struct options *options)
{
	const char *root = options->root;
	pid_t waiter = waiter_find(root);
	int r;

	if (waiter == 0)
		return stage_is_left(root)
			       ? undo_for_it(options)
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
	if (stage_is_left(root) || kexec_is_loaded(root) == 1)
		return log_refuse(
			EXIT_UNCHANGED,
			"the jump was cancelled, but something of it is left: see "
			"'dmesg'");
	if (!options->quiet)
		(void)printf("cancelled: nothing was changed\n");
	return EXIT_DONE;
}
