// SPDX-License-Identifier: GPL-2.0-or-later
#include "check-json.h"

#include "json-text.h"
#include "pivot/base/log.h"

json_t *check_findings_json(const struct findings *findings)
{
	json_t *list = json_array();

	for (size_t i = 0; i < findings->n; i++) {
		const struct finding *f = &findings->finding[i];

		(void)json_array_append_new(
			list, json_pack("{so so so}", "severity",
					json_text(severity_name(f->severity)), "id",
					json_text(f->id), "text", json_text(f->text)));
	}
	return list;
}

int check_print_json(const struct journey *journey)
{
	const struct findings *findings = &journey->findings;
	json_t *all = json_pack(
		"{so so so so sI}", "verdict",
		json_text(findings->refusals > 0 ? "refused" : "clear"), "target",
		journey->has_kernel ? json_text(journey->handover.target) : json_null(),
		"takeover", json_text(takeover_name(journey->handover.takeover)),
		"findings", check_findings_json(findings), "dropped",
		(json_int_t)findings->n_dropped);
	int r = json_print(all);

	return r < 0 ? log_err(r, "cannot print what was found") : 0;
}
