// SPDX-License-Identifier: GPL-2.0-or-later
#include "takeover.h"

#include <errno.h>
#include <linux/reboot.h>
#include <signal.h>
#include <string.h>

#include "initramfs/thaw.h"
#include "pivot/base/acts.h"
#include "pivot/base/clock.h"
#include "pivot/base/log.h"
#include "pivot/base/read.h"

enum { LOOK_EVERY_MS = 10, SETTLE_MS = 2000, THAW_AFTER_MS = 10000 };

bool takeover_has_systemd(const char *root)
{
	char name[32];

	return read_exists(root, "/run/systemd/system") &&
	       read_text(name, sizeof(name), root, "/proc/1/comm") > 0 &&
	       strcmp(name, "systemd") == 0;
}

static int seize(void)
{
	const char *const argv[] = { STAGE_PATH "/init", "seize", STAGE_PATH, NULL };
	int r = act_make_exec(1, argv[0], argv);

	return r < 0 ? log_err(r, "cannot take PID 1 over") : 0;
}

/*
 * Others mount over the stage, or unpack their own there, while services stop (dracut,
 * mkinitcpio, NixOS, finalrd). It is kept on top until systemd-shutdown, by then PID 1,
 * enters it. Then the init kills this process, which all other signals leave alone:
 * nobody can stop half way what systemd was asked for.
 */
static void watch(const struct stage *stage, uint64_t end_ms)
{
	while (clock_ms() < end_ms) {
		(void)stage_keep_on_top(stage); /* tried again in a moment */
		clock_sleep_ms(LOOK_EVERY_MS);
	}
}

/*
 * Where even PID 1 cannot be had, the machine is half way, and home is a restart. sync(2)
 * may wait for ever for what hangs there; sysrq only asks.
 */
static void restart(void)
{
	int sysrq = act_sysrq_open();

	(void)log_err(0, "restarting into the old system");
	act_sysrq(sysrq, 's');
	act_sysrq(sysrq, 'u');
	clock_sleep_ms(SETTLE_MS);
	act_sysrq(sysrq, 'b');
	/* still here: a kernel without sysrq */
	(void)act_reboot(LINUX_REBOOT_CMD_RESTART);
}

/*
 * systemd starts kexec.target on this signal, as "systemctl kexec" would, without the
 * systemctl that may ask questions; see systemd(1). There is no way back from here: where
 * systemd does not get to its end it is seized, and where that fails the machine
 * restarts. What is frozen after a while stays so, and would hold up services, or
 * systemd itself.
 */
static int ask_systemd(const struct stage *stage, unsigned int timeout_ms)
{
	const uint64_t start = clock_ms(), end = start + timeout_ms;
	int r = act_kill(1, SIGRTMIN + 6);

	if (r < 0)
		return log_err(r, "cannot ask systemd to start kexec.target");
	watch(stage, timeout_ms < THAW_AFTER_MS ? end : start + THAW_AFTER_MS);
	thaw_all(stage->root);
	watch(stage, end);
	(void)log_warn(0, "systemd did not stop its services within %u s: seizing PID 1",
		       timeout_ms / 1000);
	if (seize() < 0)
		restart();
	return 0; /* never an error: nothing can be undone any more */
}

int takeover_probe(enum takeover takeover)
{
	int r = takeover == TAKEOVER_SEIZE ? act_can_make_exec(1) : 0;

	return r < 0 ? log_err(r,
			       "cannot trace PID 1, as --takeover=seize must: see 'dmesg' "
			       "for the security policy that forbids it")
		     : 0;
}

/* The machine goes down by somebody else's will: nobody may change its way. */
static bool is_going_down(const char *root)
{
	char name[32];

	return read_text(name, sizeof(name), root, "/proc/1/comm") > 0 &&
	       strncmp(name, "systemd-shutdow", 15) == 0;
}

int takeover_start(enum takeover takeover, const struct stage *stage,
		   unsigned int timeout_ms)
{
	if (is_going_down(stage->root))
		return log_refuse(-EALREADY, "the machine is shutting down already");
	return takeover == TAKEOVER_SYSTEMD ? ask_systemd(stage, timeout_ms) : seize();
}
