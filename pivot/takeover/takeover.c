// SPDX-License-Identifier: GPL-2.0-or-later
#include "takeover.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "pivot/base/acts.h"
#include "pivot/base/log.h"
#include "pivot/base/read.h"
#include "pivot/base/restart.h"
#include "pivot/base/thaw.h"
#include "step.h"

enum { THAW_AFTER_MS = 10000 };

bool takeover_has_systemd(const char *root)
{
	char name[32];

	return read_exists(root, "/run/systemd/system") &&
	       read_text(name, sizeof(name), root, "/proc/1/comm") > 0 &&
	       strcmp(name, "systemd") == 0;
}

static int seize(const void *argument)
{
	const char *const argv[] = { STAGE_PATH "/init", "seize", STAGE_PATH, NULL };
	int r = act_make_exec(1, argv[0], argv);

	(void)argument;
	return r < 0 ? log_err(r, "cannot take PID 1 over") : 0;
}

static int take_pid_1(void)
{
	return step_run("taking PID 1 over", seize, NULL, STEP_TIMEOUT_MS);
}

/*
 * systemd starts kexec.target on this signal, as "systemctl kexec" would, without the
 * systemctl that may ask questions; see systemd(1).
 */
static int ask(const void *argument)
{
	int r = act_kill(1, SIGRTMIN + 6);

	(void)argument;
	return r < 0 ? log_err(r, "cannot ask systemd to start kexec.target") : 0;
}

struct watch {
	const struct stage *stage;
	unsigned int timeout_ms;
};

/*
 * Others mount over the stage, or unpack their own there, while services stop (dracut,
 * mkinitcpio, NixOS, finalrd). It is kept on top until systemd-shutdown, by then PID 1,
 * enters it. Then the init kills this process, which all other signals leave alone:
 * nobody can stop half way what systemd was asked for.
 */
static int watch(const void *argument)
{
	const struct watch *watch = argument;

	return stage_keep_on_top(watch->stage, watch->timeout_ms);
}

/* Where even PID 1 cannot be had, the machine is half way, and home is a restart. */
static int restart(const void *argument)
{
	(void)argument;
	(void)log_err(0, "restarting into the old system");
	return restart_machine(act_sysrq_open());
}

static int thaw(const void *root)
{
	thaw_all(root);
	return 0;
}

/* What is frozen after a while stays so, and would hold up services, or systemd itself.
 */
static void watch_and_thaw(const struct stage *stage, unsigned int timeout_ms)
{
	const unsigned int first_ms =
		timeout_ms < THAW_AFTER_MS ? timeout_ms : THAW_AFTER_MS;
	const struct watch first = { stage, first_ms };
	const struct watch rest = { stage, timeout_ms - first_ms };
	static const char what[] = "keeping the stage on top";

	(void)step_insist(what, watch, &first, first.timeout_ms + STEP_TIMEOUT_MS);
	(void)step_run("thawing", thaw, stage->root, STEP_TIMEOUT_MS);
	if (rest.timeout_ms > 0)
		(void)step_insist(what, watch, &rest, rest.timeout_ms + STEP_TIMEOUT_MS);
}

/*
 * There is no way back once systemd was asked: where it does not get to its end it is
 * seized, and where that fails the machine restarts.
 */
static int go_by_systemd(const struct stage *stage, unsigned int timeout_ms)
{
	int r = step_run("asking systemd", ask, NULL, STEP_TIMEOUT_MS);

	if (r < 0)
		return r;
	watch_and_thaw(stage, timeout_ms);
	(void)log_warn(0, "systemd did not stop its services within %u s: seizing PID 1",
		       timeout_ms / 1000);
	if (take_pid_1() < 0)
		(void)step_insist("restarting", restart, NULL, STEP_TIMEOUT_MS);
	return 0; /* never an error: nothing can be undone any more */
}

int takeover_probe(void)
{
	int r = act_can_make_exec(1);

	return r < 0 ? log_err(r,
			       "cannot trace PID 1, as --takeover=seize must: see 'dmesg' "
			       "for the security policy that forbids it")
		     : 0;
}

#define PANIC_PATH "/proc/sys/kernel/panic"

/* A kernel that stays as it is when it panics. A negative number restarts at once. */
static bool stays_after_panic(const char *root)
{
	uint64_t seconds;

	return read_u64(&seconds, 10, root, PANIC_PATH) == 0 && seconds == 0;
}

static int write_panic(const void *seconds)
{
	int r = act_write(PANIC_PATH, seconds);

	return r < 0 ? log_warn(r, "cannot write '%s'", PANIC_PATH) : 0;
}

static void set_panic(const char *seconds)
{
	(void)step_insist("writing '" PANIC_PATH "'", write_panic, seconds,
			  STEP_TIMEOUT_MS);
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
	const bool stays = stays_after_panic(stage->root);
	int r;

	if (is_going_down(stage->root))
		return log_refuse(-EALREADY, "the machine is shutting down already");
	if (stays) /* should PID 1 die on the way, home is a restart away */
		set_panic("10");
	r = takeover == TAKEOVER_SYSTEMD ? go_by_systemd(stage, timeout_ms)
					 : take_pid_1();
	if (r < 0 && stays)
		set_panic("0");
	return r;
}
