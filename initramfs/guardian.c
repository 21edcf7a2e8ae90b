// SPDX-License-Identifier: GPL-2.0-or-later
#include "guardian.h"

#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include "pivot/base/acts.h"
#include "pivot/base/clock.h"
#include "pivot/base/log.h"
#include "pivot/base/restart.h"

enum { AGAIN_MS = 1000 };

static void sleep_until(uint64_t end)
{
	uint64_t now;

	while ((now = clock_ms()) < end)
		clock_sleep_ms((unsigned int)(end - now));
}

__attribute__((noreturn)) static void guard(unsigned int timeout_ms)
{
	const uint64_t end = clock_ms() + timeout_ms;
	int sysrq = act_sysrq_open();

	for (int signal = 1; signal < NSIG; signal++)
		(void)sigaction(signal, &(struct sigaction){ .sa_handler = SIG_IGN },
				NULL);
	(void)mlockall(MCL_CURRENT | MCL_FUTURE); /* without it, it may wait for a disk */
	(void)act_write("/proc/self/oom_score_adj", "-1000");
	sleep_until(end);
	(void)log_err(0, "the time is up after %u s: restarting into the old system",
		      timeout_ms / 1000);
	for (;;) {
		(void)restart_machine(sysrq);
		clock_sleep_ms(AGAIN_MS);
	}
}

int guardian_start(pid_t *guardian, unsigned int timeout_ms)
{
	pid_t pid = fork();

	if (pid == 0)
		guard(timeout_ms);
	if (pid < 0)
		return log_err(-errno, "cannot start the guardian");
	if (*guardian > 0)
		(void)act_kill(*guardian, SIGKILL); /* it may be gone already */
	*guardian = pid;
	return 0;
}
