// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>

#include "journey.h"

int verb_check(const struct options *options)
{
	auto_journey struct journey journey = JOURNEY_INIT;
	unsigned int reasons = journey_prepare(options, &journey);

	reasons += journey_check(&journey);
	if (reasons > 0) {
		(void)printf(
			"the jump is refused, for what is said above; nothing was changed\n");
		return EXIT_UNCHANGED;
	}
	(void)printf("nothing stands against the jump into %s\n",
		     journey.handover.target);
	return EXIT_DONE;
}
