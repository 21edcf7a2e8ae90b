// SPDX-License-Identifier: GPL-2.0-or-later
#include "guardian.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <unistd.h>

#include "pivot/base/acts.h"
#include "pivot/base/clock.h"
#include "pivot/base/log.h"
#include "pivot/base/restart.h"

enum { AGAIN_MS = 1000, WAY_HOME = -1 };

static void sleep_until(uint64_t end)
{
	uint64_t now;

	while ((now = clock_ms()) < end)
		clock_sleep_ms((unsigned int)(end - now));
}

/*
 * Who has the word hands it on, or begins the way home: one or the other. Else a guardian
 * could stop the one that takes its place, and be killed by it: a machine that hangs then
 * would hang for ever.
 */
static bool turn_pass(const struct guardian *guardian, int from, int to)
{
	return !guardian->turn ||
	       atomic_compare_exchange_strong(guardian->turn, &from, to);
}

__attribute__((noreturn)) static void guard(const struct guardian *guardian,
					    unsigned int timeout_ms)
{
	const uint64_t end = clock_ms() + timeout_ms;
	int sysrq = act_sysrq_open();

	for (int signal = 1; signal < NSIG; signal++)
		(void)sigaction(signal, &(struct sigaction){ .sa_handler = SIG_IGN },
				NULL);
	(void)mlockall(MCL_CURRENT | MCL_FUTURE); /* without it, it may wait for a disk */
	(void)act_write("/proc/self/oom_score_adj", "-1000");
	sleep_until(end);
	if (!turn_pass(guardian, guardian->number, WAY_HOME))
		_exit(0);
	(void)log_err(0, "the time is up after %u s: restarting into the old system",
		      timeout_ms / 1000);
	for (;;) {
		(void)restart_machine(sysrq);
		clock_sleep_ms(AGAIN_MS);
	}
}

/* Without memory to share there is one guardian after another all the same. */
static void turn_make(struct guardian *guardian)
{
	void *turn = mmap(NULL, sizeof(*guardian->turn), PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (turn == MAP_FAILED)
		return;
	guardian->turn = turn;
	atomic_init(guardian->turn, guardian->number);
}

int guardian_start(struct guardian *guardian, unsigned int timeout_ms)
{
	const pid_t before = guardian->pid;
	struct guardian new;

	if (!guardian->turn)
		turn_make(guardian);
	new = (struct guardian){ .number = guardian->number + 1, .turn = guardian->turn };
	new.pid = fork();
	if (new.pid == 0)
		guard(&new, timeout_ms);
	if (new.pid < 0)
		return log_err(-errno, "cannot start the guardian");
	/* what was stopped stays so, and filesystems are read-only: no jump any more */
	while (!turn_pass(guardian, guardian->number, new.number))
		(void)pause();
	*guardian = new;
	if (before > 0)
		(void)act_kill(before, SIGKILL); /* it may be gone already */
	return 0;
}
