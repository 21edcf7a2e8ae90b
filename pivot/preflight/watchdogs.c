// SPDX-License-Identifier: GPL-2.0-or-later

/* Watchdogs that run already: their time does not stop for a jump. */

#include "initramfs/inventory/watchdogs.h"

#include "checks.h"

void check_watchdogs(const struct preflight *p, struct findings *findings)
{
	struct watchdogs watchdogs;
	char time[WATCHDOG_TIME_BYTES];

	if (watchdogs_read(p->root, &watchdogs) < 0)
		return;
	if (p->options->handover.watchdog_s && !watchdogs_switch(&watchdogs))
		find_refusal(findings, "no-watchdog",
			     "--watchdog, but there is no hardware watchdog: load its "
			     "driver (iTCO_wdt, sp5100_tco, ipmi_watchdog), or leave the "
			     "option out");
	for (size_t i = 0; i < watchdogs.n; i++) {
		const struct watchdog *w = &watchdogs.watchdog[i];

		if (w->is_active != ANSWER_YES)
			continue;
		if (w->is_nowayout == ANSWER_YES)
			find_warning(findings, "watchdog-nowayout",
				     "%s (%s) runs and cannot be stopped (nowayout): "
				     "unless its driver stops it at the jump, the target "
				     "must feed it within %s or the machine resets",
				     w->name, w->identity, watchdog_time(w, time));
		else
			find_note(findings, "watchdog",
				  "%s (%s) runs: who feeds it now ends before the jump",
				  w->name, w->identity);
	}
}
