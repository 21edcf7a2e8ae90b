// SPDX-License-Identifier: GPL-2.0-or-later
#include "stages.h"

#include <signal.h>

#include "initramfs/child.h"
#include "initramfs/guardian.h"
#include "initramfs/inventory/processes.h"
#include "pivot/base/acts.h"
#include "pivot/base/clock.h"
#include "pivot/base/log.h"

enum { KILL_WAIT_MS = 5000, LOOK_EVERY_MS = 20 };

/* Waits until nobody runs or the time is up. How many still run; their names. */
static size_t wait_gone(const struct teardown *teardown, unsigned int timeout_ms,
			char *names, size_t names_size)
{
	const uint64_t end = clock_ms() + timeout_ms;
	size_t n;

	for (;;) {
		child_reap();
		n = processes_count(teardown->root, guardian_pid(), names, names_size);
		if (n == 0 || clock_ms() >= end)
			return n;
		clock_sleep_ms(LOOK_EVERY_MS);
	}
}

int processes_end(struct teardown *teardown)
{
	char names[512];
	size_t n = wait_gone(teardown, 0, names, sizeof(names));

	if (n == 0)
		return 0;
	log_info("      running: %zu (%s)", n, names);
	(void)act_kill(-1, SIGTERM); /* ESRCH: they are gone */
	(void)act_kill(-1, SIGHUP);  /* interactive shells ignore SIGTERM */
	(void)act_kill(-1, SIGCONT); /* a stopped process must run to end */
	n = wait_gone(teardown, teardown->handover.grace_ms, names, sizeof(names));
	if (n == 0)
		return 0;
	log_info("      not ended by SIGTERM in %u s: %zu (%s)",
		 teardown->handover.grace_ms / 1000, n, names);
	/* one call, so that nothing that forks escapes it; the guardian dies with the
	 * rest */
	(void)act_kill(-1, SIGKILL);
	(void)guardian_start(teardown->handover.deadline_ms);
	n = wait_gone(teardown, KILL_WAIT_MS, names, sizeof(names));
	if (n > 0)
		(void)log_warn(0, "cannot be killed: %zu (%s)", n, names);
	return 0;
}
