// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <signal.h>
#include <stdio.h>

#include "journey.h"
#include "pivot/base/log.h"
#include "pivot/kexec/load.h"
#include "pivot/takeover/takeover.h"

/* From here on Ctrl-C, a hangup or SIGTERM must not leave half of it behind. */
static void signals_block(void)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGHUP);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
}

static bool signal_came(void)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigpending(&set);
	return sigismember(&set, SIGINT) || sigismember(&set, SIGTERM) ||
	       sigismember(&set, SIGHUP);
}

static void undo(struct stage *stage)
{
	stage_unmount(stage);
	kexec_unload();
}

/* In the waiter. It ends with the machine, or with everything undone. */
static int wait_and_go(struct journey *journey, struct stage *stage)
{
	int r;

	tree_done(&journey->tree); /* an open file would hold its filesystem */
	r = waiter_delay(journey->options->delay_s);
	if (r < 0)
		(void)log_warn(0, "cancelled before the takeover: nothing was changed");
	else if (kexec_is_loaded("") != 1)
		r = log_refuse(-ENOENT,
			       "somebody unloaded the target: nothing was changed");
	if (r == 0) {
		log_notice("taking over (%s)", takeover_name(journey->handover.takeover));
		r = takeover_start(journey->handover.takeover, stage);
		if (r == 0)
			return EXIT_DONE; /* PID 1 is our init; it ends this process */
	}
	undo(stage);
	return EXIT_UNCHANGED;
}

static int prepare_machine(struct journey *journey, struct stage *stage)
{
	int r = kexec_load(&journey->tree);

	if (r < 0)
		return r;
	r = stage_mount(&journey->image, stage);
	if (r < 0)
		kexec_unload();
	return r;
}

static void say_what_comes(const struct journey *journey)
{
	(void)printf("pivot-kexec: loaded %s\n", journey->handover.target);
	(void)printf("pivot-kexec: in %u s this machine goes over (takeover: %s); "
		     "this session will end\n",
		     journey->options->delay_s,
		     takeover_name(journey->handover.takeover));
	(void)printf(
		"pivot-kexec: if anything fails, it reboots into the present system\n");
	(void)fflush(stdout);
}

int verb_run(const struct options *options)
{
	auto_journey struct journey journey = JOURNEY_INIT;
	struct stage stage = STAGE_INIT;
	unsigned int reasons = journey_prepare(options, &journey);
	int r;

	reasons += journey_check(&journey);
	if (reasons > 0)
		return log_refuse(EXIT_UNCHANGED, "nothing was changed");
	signals_block();
	if (prepare_machine(&journey, &stage) < 0)
		return log_refuse(EXIT_UNCHANGED, "nothing was changed");
	if (signal_came()) {
		undo(&stage);
		return log_refuse(EXIT_UNCHANGED, "interrupted: nothing was changed");
	}
	say_what_comes(&journey);
	r = waiter_start(options->program);
	if (r == 0)
		return wait_and_go(&journey, &stage);
	if (r < 0) {
		undo(&stage);
		return EXIT_UNCHANGED;
	}
	return EXIT_DONE;
}
