// SPDX-License-Identifier: GPL-2.0-or-later
#include "takeover.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "pivot/base/acts.h"
#include "pivot/base/child.h"
#include "pivot/base/clock.h"
#include "pivot/base/log.h"
#include "pivot/base/read.h"
#include "pivot/base/restart.h"
#include "pivot/base/thaw.h"
#include "pivot/kexec/load.h"
#include "step.h"

enum { THAW_AFTER_MS = 10000, AGAIN_MS = 1000, SETTLE_MS = 3000 };

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
	uint64_t end_ms;
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

	return stage_keep_on_top(watch->stage, watch->end_ms);
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

/* Whatever becomes of who watches, systemd has its time. */
static void watch_until(const struct stage *stage, uint64_t end_ms)
{
	const struct watch whole = { .stage = stage, .end_ms = end_ms };
	uint64_t now;

	while ((now = clock_ms()) < end_ms) {
		unsigned int left_ms = (unsigned int)(end_ms - now);

		if (step_run("keeping the stage on top", watch, &whole,
			     left_ms + STEP_TIMEOUT_MS) < 0)
			clock_sleep_ms(left_ms < AGAIN_MS ? left_ms : AGAIN_MS);
	}
}

/* Until PID 1 is our init, and ends this process, or the machine restarts. */
static void seize_or_restart(void)
{
	if (step_run("taking PID 1 over", seize, NULL, STEP_TIMEOUT_MS) == 0)
		return;
	clock_sleep_ms(SETTLE_MS); /* where it is in doubt, PID 1 may be ours */
	(void)step_insist("restarting", restart, NULL, STEP_TIMEOUT_MS);
}

/*
 * There is no way back once systemd was asked, or may have been: where it does not get to
 * its end it is seized, and where that fails the machine restarts. What is frozen after a
 * while stays so, and would hold up services, or systemd itself.
 */
static int go_by_systemd(const struct stage *stage, unsigned int timeout_ms)
{
	const uint64_t start = clock_ms(), end = start + timeout_ms;
	int r = step_insist("asking systemd", ask, NULL, STEP_TIMEOUT_MS);

	if (r < 0 && !child_is_in_doubt(r))
		return r;
	watch_until(stage, timeout_ms < THAW_AFTER_MS ? end : start + THAW_AFTER_MS);
	(void)step_run("thawing", thaw, stage->root, STEP_TIMEOUT_MS);
	watch_until(stage, end);
	(void)log_warn(0, "systemd did not stop its services within %u s: seizing PID 1",
		       timeout_ms / 1000);
	seize_or_restart();
	return 0; /* never an error: nothing can be undone any more */
}

/* What PID 1 executes. */
static void read_exe(const char *root, char *ret, size_t size)
{
	char path[PATH_MAX];
	ssize_t n = read_path(path, sizeof(path), root, "/proc/1/exe") < 0
			    ? -1
			    : readlink(path, ret, size - 1);

	ret[n < 0 ? 0 : n] = '\0';
}

/* Does it run, and not wait in the kernel, or for somebody who traces it? */
static bool is_pid_1_well(const char *root)
{
	char stat[512];
	const char *at;
	ssize_t n = read_text(stat, sizeof(stat), root, "/proc/1/stat");

	at = n >= 0 || n == -EFBIG ? strrchr(stat, ')') : NULL;
	return at && (strncmp(at, ") S", 3) == 0 || strncmp(at, ") R", 3) == 0);
}

/*
 * Half of an execve cannot be taken back. Where it is not known how far it came, PID 1
 * shows it in a moment: it is our init, which ends this process; or dead, and the kernel
 * panics; or goes on as it was. If it cannot show it, the machine restarts.
 */
static int go_by_seizing(const struct stage *stage)
{
	char before[PATH_MAX], after[PATH_MAX];
	int r;

	read_exe(stage->root, before, sizeof(before));
	r = step_run("taking PID 1 over", seize, NULL, STEP_TIMEOUT_MS);
	if (!child_is_in_doubt(r))
		return r;
	clock_sleep_ms(SETTLE_MS);
	read_exe(stage->root, after, sizeof(after));
	if (strcmp(before, after) == 0 && is_pid_1_well(stage->root))
		return r;
	(void)step_insist("restarting", restart, NULL, STEP_TIMEOUT_MS);
	return 0;
}

int takeover_probe(void)
{
	int r = act_can_make_exec(1);

	return r < 0 ? log_err(r,
			       "cannot trace PID 1, as --takeover=seize must: see 'dmesg' "
			       "for the security policy that forbids it")
		     : 0;
}

static int unload(const void *argument)
{
	(void)argument;
	return kexec_unload();
}

static int remove_stage(const void *stage)
{
	return stage_unmount(stage);
}

int takeover_undo(const struct stage *stage, bool may_be_loaded)
{
	int r = may_be_loaded ? step_insist("unloading the target", unload, NULL,
					    STEP_TIMEOUT_MS)
			      : 0;

	return r < 0 ? r
		     : step_insist("removing the stage", remove_stage, stage,
				   STEP_TIMEOUT_MS);
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
					 : go_by_seizing(stage);
	if (r < 0 && stays)
		set_panic("0");
	return r;
}
