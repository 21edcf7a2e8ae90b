// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <signal.h>
#include <stdio.h>

#include "journey.h"
#include "pivot/base/child.h"
#include "pivot/base/log.h"
#include "pivot/kexec/load.h"
#include "pivot/takeover/step.h"
#include "pivot/takeover/takeover.h"

/* For systemd to stop its services; then PID 1 is seized. */
enum { SYSTEMD_TIMEOUT_MS = 5 * 60 * 1000 };

/* The kernel reads the whole tree, from a disk or over a network, and checks it. */
enum { LOAD_TIMEOUT_MS = 5 * 60 * 1000, STAGE_TIMEOUT_MS = 60 * 1000 };

static bool is_interrupted(void)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigpending(&set);
	return sigismember(&set, SIGINT) || sigismember(&set, SIGTERM) ||
	       sigismember(&set, SIGHUP) || sigismember(&set, SIGQUIT);
}

/* One jump of the tool's, as its steps and the waiter know it. */
struct run {
	struct journey *journey;
	struct stage *stage;
};

static int probe(const void *argument)
{
	(void)argument;
	return takeover_probe();
}

static int load_target(const void *argument)
{
	const struct tree *tree = &((const struct run *)argument)->journey->tree;

	return kexec_load(tree->kernel_fd, tree->initrd_fd, tree->command_line,
			  tree->kernel_name);
}

static int mount_stage(const void *argument)
{
	const struct run *run = argument;

	return stage_mount(run->stage, &run->journey->image);
}

/* The exit code, and a last word that is true. */
static int undo(const struct run *run)
{
	int r = takeover_undo(run->stage);

	if (r < 0)
		log_notice("not everything could be undone: %s",
			   stage_is_left(run->journey->options->root)
				   ? "'pivot-kexec cancel' tries again"
				   : "'kexec -u' unloads the target");
	else if (run->journey->replaces_image)
		log_notice("nothing else was changed, but an image that was loaded "
			   "before is not loaded any more");
	else
		log_notice("nothing was changed");
	return EXIT_UNCHANGED;
}

/* In the waiter. It ends with the machine, or with everything undone. */
static int wait_and_go(void *data)
{
	const struct run *run = data;
	struct journey *journey = run->journey;
	int r;

	tree_done(&journey->tree); /* an open file would hold its filesystem */
	r = waiter_delay(journey->options->delay_s);
	if (r < 0)
		log_notice("cancelled before the takeover");
	else if (kexec_is_loaded(journey->options->root) != 1)
		r = log_refuse(-ENOENT, "somebody unloaded the target");
	if (r == 0) {
		log_notice("taking over (%s)", takeover_name(journey->handover.takeover));
		r = takeover_start(journey->handover.takeover, run->stage,
				   SYSTEMD_TIMEOUT_MS);
	}
	/* where there is no error this process ends with the machine */
	return r < 0 ? undo(run) : EXIT_TOO_LATE;
}

static int prepare_machine(const struct run *run, bool *ret_is_begun)
{
	struct journey *journey = run->journey;
	int r = 0;

	if (journey->handover.takeover == TAKEOVER_SEIZE)
		r = step_run("tracing PID 1", probe, NULL, STEP_TIMEOUT_MS);
	if (r < 0)
		return r;
	journey->replaces_image = kexec_is_loaded(journey->options->root) == 1;
	r = step_run("loading the target", load_target, run, LOAD_TIMEOUT_MS);
	*ret_is_begun = r == 0 || child_is_in_doubt(r);
	if (r == 0)
		r = step_run("mounting the stage", mount_stage, run, STAGE_TIMEOUT_MS);
	return r < 0 ? r : stage_open(run->stage);
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
		"pivot-kexec: a jump that cannot be made ends in a reboot into this system\n");
	(void)fflush(stdout); /* who does not listen misses it */
}

static int go(struct run *run)
{
	const struct options *options = run->journey->options;
	struct waiter waiter;

	if (is_interrupted()) {
		log_notice("interrupted");
		return undo(run);
	}
	if (waiter_start(options->root, options->program, wait_and_go, run, &waiter) < 0)
		return undo(run);
	if (is_interrupted())
		return waiter_cancel(&waiter) < 0
			       ? log_refuse(EXIT_TOO_LATE,
					    "too late: the takeover has begun")
			       : log_refuse(EXIT_UNCHANGED, "interrupted: it was undone");
	say_what_comes(run->journey, waiter.pid);
	return EXIT_DONE;
}

static int change_machine(struct journey *journey)
{
	struct run run = {
		.journey = journey,
		.stage = stage_new(journey->options->root),
	};
	bool is_begun = false;

	if (run.stage && prepare_machine(&run, &is_begun) == 0)
		return go(&run);
	return is_begun ? undo(&run) : log_refuse(EXIT_UNCHANGED, "nothing was changed");
}

int verb_run(const struct options *options)
{
	auto_journey struct journey journey = JOURNEY_INIT;

	(void)journey_prepare(options, &journey); /* all of it is in the findings */
	journey_check(&journey);
	findings_print(&journey.findings);
	if (journey.findings.refusals > 0)
		return log_refuse(EXIT_UNCHANGED, "nothing was changed");
	step_hold_signals();
	return change_machine(&journey);
}
