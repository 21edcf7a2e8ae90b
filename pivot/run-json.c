// SPDX-License-Identifier: GPL-2.0-or-later
#include "run-json.h"

#include <stdio.h>

#include "check-json.h"
#include "json-text.h"
#include "pivot/base/log.h"

int run_print_json(const struct journey *journey, const struct run_result *result)
{
	static const char *const verdicts[] = {
		[RUN_REFUSED] = "refused",
		[RUN_DECLINED] = "declined",
		[RUN_FAILED] = "failed",
		[RUN_WAITING] = "waiting",
	};
	const bool is_waiting = result->verdict == RUN_WAITING;
	const struct findings *findings = &journey->findings;
	json_t *all = json_pack(
		"{so so so so si sI so so so sI}", "verdict",
		json_text(verdicts[result->verdict]), "target",
		journey->has_kernel ? json_text(journey->handover.target) : json_null(),
		"loader",
		is_waiting ? json_text(loader_name(result->loader)) : json_null(),
		"takeover", json_text(takeover_name(journey->handover.takeover)),
		"stages", journey->has_middle ? 2 : 1, "delay_s",
		(json_int_t)journey->options->delay_s, "pid",
		is_waiting ? json_integer(result->waiter) : json_null(), "command_line",
		journey->tree.command_line ? json_text(journey->tree.command_line)
					   : json_null(),
		"findings", check_findings_json(findings), "dropped",
		(json_int_t)findings->n_dropped);
	int r = json_print(all);

	(void)fflush(stdout); /* who does not listen misses it */
	return r < 0 ? log_err(r, "cannot print what became of the jump") : 0;
}
