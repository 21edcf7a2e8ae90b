// SPDX-License-Identifier: GPL-2.0-or-later
#include "deadline.h"

#include "initramfs/guardian.h"
#include "pivot/base/clock.h"

enum { MARGIN_MS = 10000 };

int deadline_start(struct teardown *teardown)
{
	teardown->end_ms = clock_ms() + teardown->handover.deadline_ms;
	return guardian_start(&teardown->guardian, teardown->handover.deadline_ms);
}

unsigned int deadline_left_ms(const struct teardown *teardown)
{
	uint64_t now = clock_ms();

	return now < teardown->end_ms ? (unsigned int)(teardown->end_ms - now) : 0;
}

void deadline_extend(struct teardown *teardown, uint64_t spent_ms)
{
	teardown->end_ms += spent_ms;
	(void)guardian_start(&teardown->guardian, deadline_left_ms(teardown));
}

void deadline_allow(struct teardown *teardown, unsigned int step_ms)
{
	(void)guardian_start(&teardown->guardian,
			     deadline_left_ms(teardown) + step_ms + MARGIN_MS);
}
