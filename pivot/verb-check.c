// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>

#include "check-json.h"
#include "journey.h"

static bool has_warnings(const struct findings *findings)
{
	for (size_t i = 0; i < findings->n; i++)
		if (findings->finding[i].severity == FINDING_WARN)
			return true;
	return false;
}

static void print_verdict(const struct journey *journey)
{
	findings_print(&journey->findings);
	if (journey->findings.refusals > 0)
		(void)printf(
			"the jump is refused, for what is said above; nothing was changed\n");
	else
		(void)printf("nothing stands against the jump into %s%s\n",
			     journey->handover.target,
			     has_warnings(&journey->findings)
				     ? ", but for the warnings above"
				     : "");
}

int verb_check(const struct options *options)
{
	auto_journey struct journey journey = JOURNEY_INIT;

	(void)journey_prepare(options, &journey); /* all of it is in the findings */
	journey_check(&journey);
	if (!options->json)
		print_verdict(&journey);
	else if (check_print_json(&journey) < 0)
		return EXIT_UNCHANGED;
	return journey.findings.refusals > 0 ? EXIT_UNCHANGED : EXIT_DONE;
}
