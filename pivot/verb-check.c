// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <unistd.h>

#include "check-json.h"
#include "details.h"
#include "journey.h"
#include "pivot/base/terminal.h"

static void print_verdict(const struct journey *journey)
{
	const bool is_refused = journey->findings.refusals > 0;
	const char *end = terminal_style(STDOUT_FILENO, STYLE_PLAIN);

	(void)printf("%s", terminal_style(STDOUT_FILENO,
					  is_refused ? STYLE_ERROR : STYLE_GOOD));
	if (is_refused)
		(void)printf(
			"the jump is refused, for what is said above; nothing was changed");
	else
		(void)printf("nothing stands against the jump into %s%s",
			     journey->handover.target,
			     findings_count(&journey->findings, FINDING_WARN)
				     ? ", but for the warnings above"
				     : "");
	(void)printf("%s\n", end);
}

static void print(const struct journey *journey)
{
	findings_print(&journey->findings, !journey->options->quiet);
	if (journey->options->verbose)
		details_print(journey);
	if (!journey->options->quiet)
		print_verdict(journey);
}

int verb_check(const struct options *options)
{
	auto_journey struct journey journey = JOURNEY_INIT;

	(void)journey_prepare(options, &journey); /* all of it is in the findings */
	journey_check(&journey);
	if (options->json && check_print_json(&journey) < 0)
		return EXIT_UNCHANGED;
	if (!options->json)
		print(&journey);
	return journey.findings.refusals > 0 ? EXIT_UNCHANGED : EXIT_DONE;
}
