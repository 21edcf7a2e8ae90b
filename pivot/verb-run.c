// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

#include "journey.h"
#include "pivot/base/acts.h"
#include "pivot/base/log.h"
#include "pivot/kexec/load.h"
#include "pivot/takeover/takeover.h"

/* For systemd to stop its services; then PID 1 is seized. */
enum { SYSTEMD_TIMEOUT_MS = 5 * 60 * 1000 };

/* Nothing may end this process and leave half of it behind: no Ctrl-C, no lost pipe. */
static void signals_block(void)
{
	sigset_t set;

	(void)sigfillset(&set);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
}

static bool is_interrupted(void)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigpending(&set);
	return sigismember(&set, SIGINT) || sigismember(&set, SIGTERM) ||
	       sigismember(&set, SIGHUP) || sigismember(&set, SIGQUIT);
}

static void undo(const struct journey *journey, struct stage *stage)
{
	stage_unmount(stage);
	kexec_unload();
	if (journey->replaces_image)
		log_notice("an image that was loaded before is not loaded any more");
}

/* In the waiter. It ends with the machine, or with everything undone. */
static int wait_and_go(struct journey *journey, struct stage *stage)
{
	int r;

	tree_done(&journey->tree); /* an open file would hold its filesystem */
	r = waiter_delay(journey->options->delay_s);
	if (r < 0)
		log_notice("cancelled before the takeover");
	else if (kexec_is_loaded(journey->options->root) != 1)
		r = log_refuse(-ENOENT, "somebody unloaded the target");
	if (r == 0) {
		log_notice("taking over (%s)", takeover_name(journey->handover.takeover));
		r = takeover_start(journey->handover.takeover, stage, SYSTEMD_TIMEOUT_MS);
	}
	if (r == 0)
		return EXIT_TOO_LATE; /* PID 1 is our init, and about to end this process
				       */
	undo(journey, stage);
	log_notice("nothing was changed");
	return EXIT_UNCHANGED;
}

static int prepare_machine(struct journey *journey, struct stage *stage)
{
	const struct tree *tree = &journey->tree;
	int r = takeover_probe(journey->handover.takeover);

	journey->replaces_image = kexec_is_loaded(journey->options->root) == 1;
	if (r == 0)
		r = kexec_load(tree->kernel_fd, tree->initrd_fd, tree->command_line,
			       tree->kernel_name);
	if (r < 0)
		return r;
	r = stage_mount(journey->options->root, &journey->image, stage);
	if (r < 0)
		undo(journey, stage);
	return r;
}

static void say_what_comes(const struct journey *journey, pid_t waiter)
{
	(void)printf("pivot-kexec: loaded %s\n", journey->handover.target);
	(void)printf("pivot-kexec: in %u s this machine goes over (takeover: %s); "
		     "this session will end\n",
		     journey->options->delay_s,
		     takeover_name(journey->handover.takeover));
	(void)printf("pivot-kexec: to cancel before then: %s cancel (or kill %d)\n",
		     journey->options->program, waiter);
	(void)printf(
		"pivot-kexec: if anything fails before the jump, it reboots into this system\n");
	(void)fflush(stdout); /* who does not listen misses it */
}

static int go(struct journey *journey, struct stage *stage)
{
	const struct options *options = journey->options;
	pid_t waiter = waiter_start(options->root, options->program);

	if (waiter == 0)
		return wait_and_go(journey, stage);
	if (waiter < 0) {
		undo(journey, stage);
		return log_refuse(EXIT_UNCHANGED, "nothing was changed");
	}
	if (is_interrupted()) {
		(void)act_kill(waiter, SIGTERM);
		(void)waitpid(waiter, NULL, 0); /* it undoes everything */
		return log_refuse(EXIT_UNCHANGED, "interrupted: nothing was changed");
	}
	say_what_comes(journey, waiter);
	return EXIT_DONE;
}

int verb_run(const struct options *options)
{
	auto_journey struct journey journey = JOURNEY_INIT;
	struct stage stage = STAGE_INIT;
	bool is_refused;

	(void)journey_prepare(options, &journey); /* all of it is in the findings */
	journey_check(&journey);
	findings_print(&journey.findings);
	is_refused = journey.findings.refusals > 0;
	if (!is_refused) {
		signals_block();
		is_refused = prepare_machine(&journey, &stage) < 0;
	}
	if (is_refused)
		return log_refuse(EXIT_UNCHANGED, "nothing was changed");
	return go(&journey, &stage);
}
