// SPDX-License-Identifier: GPL-2.0-or-later
#include "stages.h"

#include <errno.h>
#include <stdio.h>

#include "deadline.h"
#include "pivot/base/acts.h"
#include "pivot/base/child.h"
#include "pivot/base/clock.h"
#include "pivot/base/log.h"

struct hook {
	const char *name;
	char path[32];
	const char *point;
};

/* Says itself how it went: nobody outside knows a hook's exit code. */
static int run(const void *argument)
{
	const struct hook *hook = argument;
	int r = act_run_script(hook->path, hook->point);

	if (r < 0)
		return log_warn(r, "cannot run the hook '%s'", hook->name);
	if (r > 0)
		return log_warn(-EIO, "the hook '%s' ended with exit code %d", hook->name,
				r);
	return 0;
}

static void run_all(struct teardown *teardown, const char *point)
{
	const struct handover *handover = &teardown->handover;

	deadline_allow(teardown, (unsigned int)handover->n_hooks * handover->hook_ms);
	for (size_t i = 0; i < handover->n_hooks; i++) {
		struct hook hook = { .name = handover->hook[i], .point = point };
		int r;

		(void)snprintf(hook.path, sizeof(hook.path), "/hooks/%zu", i);
		log_info("      hook '%s'", hook.name);
		r = child_run(run, &hook, handover->hook_ms);
		if (child_is_in_doubt(r))
			(void)log_warn(r, "the hook '%s' did not come to its end",
				       hook.name);
		teardown->has_failed_hook |= r < 0;
	}
	processes_kill(teardown); /* what hangs, and what they left running */
}

int hooks_run_first(struct teardown *teardown)
{
	uint64_t start = clock_ms();

	run_all(teardown, "teardown");
	deadline_extend(teardown, clock_ms() - start);
	return 0;
}

int hooks_run_last(struct teardown *teardown)
{
	run_all(teardown, "jump");
	return 0;
}
