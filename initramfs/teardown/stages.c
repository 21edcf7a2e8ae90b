// SPDX-License-Identifier: GPL-2.0-or-later
#include "stages.h"

#include <errno.h>

#include "deadline.h"
#include "initramfs/plan.h"
#include "pivot/base/clock.h"
#include "pivot/base/log.h"

static int (*const stages[])(struct teardown *teardown) = {
	[TEARDOWN_PROCESSES] = processes_end,
	[TEARDOWN_WATCHDOGS] = watchdogs_quiet,
	[TEARDOWN_ROOT] = root_enter,
	[TEARDOWN_FIRST_HOOKS] = hooks_run_first,
	[TEARDOWN_STORAGE] = storage_release,
	[TEARDOWN_NETWORK] = network_take_apart,
	[TEARDOWN_DISKS] = disks_keep_spinning,
	[TEARDOWN_DEVICES] = devices_unbind,
	[TEARDOWN_BUS_MASTERS] = bus_masters_clear,
	[TEARDOWN_RESETS] = devices_reset,
	[TEARDOWN_VERIFY] = devices_verify,
	[TEARDOWN_LAST_HOOKS] = hooks_run_last,
};

/* The disks are clean: from here on what overruns is left undone. */
static void go_on_within(struct teardown *teardown)
{
	if (deadline_left_ms(teardown) == 0 && !teardown->is_overdue) {
		teardown->is_overdue = true;
		(void)log_warn(0,
			       "the time is up after %u s: what is left is left undone",
			       teardown->handover.deadline_ms / 1000);
	}
	deadline_allow(teardown, teardown->handover.unbind_ms);
}

static int run_up_to(struct teardown *teardown, enum teardown_stage last)
{
	for (enum teardown_stage stage = 0; stage <= last; stage++) {
		uint64_t start = clock_ms();
		int r;

		if (!teardown_has_stage(&teardown->handover, stage))
			continue;
		log_notice("%s %s", teardown_stage_number(&teardown->handover, stage),
			   teardown_stage_title(stage));
		r = stages[stage](teardown);
		if (r < 0)
			return r;
		if (stage >= TEARDOWN_STORAGE)
			go_on_within(teardown);
		teardown->stage_ms[stage] = (unsigned int)(clock_ms() - start);
		log_info("      done in %u ms", teardown->stage_ms[stage]);
	}
	return 0;
}

int teardown_run(struct teardown *teardown)
{
	int r = run_up_to(teardown, TEARDOWN_STAGES - 1);

	if (r == 0 && teardown->handover.extent == EXTENT_ABRUPT)
		devices_leave(teardown);
	if (r == 0)
		watchdogs_let_go(teardown); /* last: from then on its time runs */
	return r;
}

int teardown_storage(struct teardown *teardown)
{
	return run_up_to(teardown, TEARDOWN_STORAGE);
}
