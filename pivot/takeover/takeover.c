// SPDX-License-Identifier: GPL-2.0-or-later
#include "takeover.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "pivot/base/acts.h"
#include "pivot/base/clock.h"
#include "pivot/base/log.h"
#include "pivot/base/read.h"

enum { SYSTEMD_TIMEOUT_MS = 15 * 60 * 1000, LOOK_EVERY_MS = 10 };

bool takeover_has_systemd(const char *root)
{
	char name[32];

	return read_exists(root, "/run/systemd/system") &&
	       read_text(name, sizeof(name), root, "/proc/1/comm") > 0 &&
	       strcmp(name, "systemd") == 0;
}

/*
 * systemd starts kexec.target on this signal, as "systemctl kexec" would, without the
 * systemctl that may ask questions; see systemd(1). Others may mount over the stage while
 * services stop (dracut, mkinitcpio, NixOS, finalrd unpack their own there): it is kept
 * on top until systemd-shutdown, having become PID 1, enters it and the init ends us.
 */
static int by_systemd(const struct stage *stage)
{
	const uint64_t end = clock_ms() + SYSTEMD_TIMEOUT_MS;
	int r = act_kill(1, SIGRTMIN + 6);

	if (r < 0)
		return log_err(r, "cannot ask systemd to start kexec.target");
	while (clock_ms() < end) {
		(void)stage_keep_on_top(stage); /* tried again in a moment */
		clock_sleep_ms(LOOK_EVERY_MS);
	}
	return log_refuse(-ETIMEDOUT, "systemd did not finish within 15 minutes: see "
				   "'systemctl list-jobs' for what holds it");
}

static int by_seizing(void)
{
	const char *const argv[] = { STAGE_PATH "/init", "seize", STAGE_PATH, NULL };
	int r = act_make_exec(1, argv[0], argv);

	return r < 0 ? log_err(r, "cannot take PID 1 over") : 0;
}

int takeover_start(enum takeover takeover, const struct stage *stage)
{
	return takeover == TAKEOVER_SYSTEMD ? by_systemd(stage) : by_seizing();
}
