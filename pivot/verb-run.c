// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "confirm.h"
#include "details.h"
#include "journey.h"
#include "loading.h"
#include "pivot/base/acts.h"
#include "pivot/base/child.h"
#include "pivot/base/log.h"
#include "pivot/base/pages.h"
#include "pivot/kexec/load.h"
#include "pivot/takeover/step.h"
#include "pivot/takeover/takeover.h"
#include "pivot/tree/spool.h"
#include "run-json.h"
#include "summary.h"

/* For systemd to stop its services; then PID 1 is seized. */
enum { SYSTEMD_TIMEOUT_MS = 5 * 60 * 1000 };

enum {
	STAGE_TIMEOUT_MS = 60 * 1000,
	KEEP_TIMEOUT_MS = 5 * 60 * 1000,
	HOLD_S = 5 * 60,
};

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
	struct loading *loading;
	struct run_result *result;
	pid_t holder; /* of an initrd that is outside the stage: the waiter */
};

static int probe(const void *argument)
{
	(void)argument;
	return takeover_probe();
}

static int mount_stage(const void *argument)
{
	const struct run *run = argument;
	const struct tree *tree = journey_first(run->journey);

	return stage_mount(run->stage, &run->journey->image,
			   tree->kernel_bytes + tree_initrd_bytes(tree));
}

static int unload_crash_kernel(const void *argument)
{
	int r = act_kexec_unload_crash();

	(void)argument;
	return r < 0 ? log_warn(r, "cannot unload the crash kernel") : 0;
}

static int give_back_crash_memory(const void *argument)
{
	int r = act_write("/sys/kernel/kexec_crash_size", "0");

	(void)argument;
	return r < 0 ? log_warn(r, "cannot give the crash kernel's memory back") : 0;
}

/*
 * A crash kernel that is loaded holds its memory. What fails shows in what is free; the
 * load has the last word about that.
 */
static void give_up_crash_kernel(struct journey *journey)
{
	int r = step_run("unloading the crash kernel", unload_crash_kernel, NULL,
			 STEP_TIMEOUT_MS);

	journey->gave_up_crash_kernel = r == 0 || child_is_in_doubt(r);
	if (r == 0)
		(void)step_run("giving back the crash kernel's memory",
			       give_back_crash_memory, NULL, STEP_TIMEOUT_MS);
}

static int drop_caches(const void *argument)
{
	(void)argument;
	return act_write("/proc/sys/vm/drop_caches", "1");
}

/* What is not free the kernel has to free piece by piece, while it is asked for more. */
static void free_memory(struct journey *journey)
{
	if (journey->wants_crash_memory)
		give_up_crash_kernel(journey);
	if (journey->is_short_of_free)
		(void)step_run("dropping caches", drop_caches, NULL, STEP_TIMEOUT_MS);
}

/* What cannot be undone. */
static void say_what_stays_changed(bool has_lost_image, bool has_lost_crash_kernel)
{
	if (!has_lost_image && !has_lost_crash_kernel)
		log_notice("nothing was changed");
	else
		(void)log_warn(0, "nothing else was changed, but%s%s%s",
			       has_lost_image ? " an image that was loaded before is not "
						"loaded any more"
					      : "",
			       has_lost_image && has_lost_crash_kernel ? ", and" : "",
			       has_lost_crash_kernel
				       ? " there is no crash kernel any more, until the "
					 "next boot"
				       : "");
}

/* The exit code, and a last word that is true. */
static int undo(const struct run *run)
{
	const struct journey *journey = run->journey;
	const bool may_be_loaded = loading_has_begun(run->loading);
	int r = takeover_undo(run->stage, may_be_loaded);

	if (r < 0)
		(void)log_warn(0, "not everything could be undone: %s",
			       stage_is_left(journey->options->root)
				       ? "'pivot-kexec cancel' tries again"
				       : "'kexec -u' unloads the target");
	else
		say_what_stays_changed(journey->replaces_image && may_be_loaded,
				       journey->gave_up_crash_kernel);
	return EXIT_UNCHANGED;
}

static int link_initrd(const void *argument)
{
	const struct run *run = argument;

	return stage_link_initrd(run->stage, run->holder,
				 journey_first(run->journey)->initrd_fd);
}

/* An open file would hold its filesystem, unless it is what the target is made of. */
static int close_tree(const struct run *run)
{
	struct journey *journey = run->journey;
	struct tree *first = journey->has_middle ? &journey->middle.tree : &journey->tree;

	if (journey->has_middle)
		tree_done(&journey->tree);
	middle_kernel_done(&journey->middle.kernel);
	keep_done(&journey->keep); /* it is where the target is, and nowhere else */
	if (!run->stage->has_initrd_outside) {
		tree_done(first);
		return 0;
	}
	close_fdp(&first->kernel_fd);
	first->kernel_fd = -1;
	close_fdp(&first->appended_fd);
	first->appended_fd = -1;
	return step_run("linking the initrd", link_initrd, run, STEP_TIMEOUT_MS);
}

/* In the waiter, until our init keeps them in memory. */
static void keep_secrets_in_memory(const struct run *run)
{
	const struct tree *first = journey_first(run->journey);

	stage_keep_extra(run->stage);
	if (run->journey->has_middle && run->stage->has_initrd_outside)
		pages_keep_file(first->initrd_fd, first->initrd_bytes);
}

/* What our init is to load is in the stage. */
static bool is_still_loaded(const struct run *run)
{
	return run->loading->loader == LOADER_GATHER ||
	       kexec_is_loaded(run->journey->options->root) == 1;
}

/* In the waiter. It ends with the machine, or with everything undone. */
static int wait_and_go(void *data)
{
	struct run *run = data;
	struct journey *journey = run->journey;
	int r;

	run->holder = getpid();
	keep_secrets_in_memory(run);
	r = close_tree(run);
	if (r == 0)
		r = waiter_delay(journey->options->delay_s);
	if (r == -ECANCELED)
		log_notice("cancelled before the takeover");
	else if (r == 0 && !is_still_loaded(run))
		r = log_refuse(-ENOENT, "somebody unloaded the target");
	if (r == 0) {
		log_notice("taking over (%s)", takeover_name(journey->handover.takeover));
		r = takeover_start(journey->handover.takeover, run->stage,
				   SYSTEMD_TIMEOUT_MS);
	}
	if (r < 0)
		return undo(run);
	/* our init opens it by way of this process, and then ends it */
	if (run->stage->has_initrd_outside)
		(void)waiter_delay(HOLD_S);
	return EXIT_TOO_LATE;
}

static int write_keep(const void *argument)
{
	const struct journey *journey = argument;

	(void)act_write("/proc/self/oom_score_adj", "1000");
	(void)mlockall(MCL_CURRENT | MCL_FUTURE); /* private keys pass through it */
	return keep_write(&journey->keep, journey->tree.appended_fd);
}

/* Into memory only, and none of it that is swapped out: there are private keys in it. */
static int make_keep(struct journey *journey)
{
	struct tree *tree = &journey->tree;
	int r;

	if (tree->appended_bytes == 0)
		return 0;
	tree->appended_fd = spool_create_in_memory();
	if (tree->appended_fd < 0)
		return tree->appended_fd;
	if (ftruncate(tree->appended_fd, (off_t)tree->appended_bytes) == 0)
		pages_keep_file(tree->appended_fd, tree->appended_bytes);
	r = step_run("gathering what travels to the target", write_keep, journey,
		     KEEP_TIMEOUT_MS);
	tree->appended_fd = spool_finish(tree->appended_fd);
	return r < 0 || tree->appended_fd >= 0 ? r : tree->appended_fd;
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
	*ret_is_begun = true;
	free_memory(journey);
	r = make_keep(journey);
	if (r == 0 && journey->has_middle)
		r = middle_make(&journey->middle_plan, &journey->middle);
	if (r < 0)
		return r;
	r = step_run("mounting the stage", mount_stage, run, STAGE_TIMEOUT_MS);
	if (r == 0)
		r = stage_open(run->stage);
	return r < 0 ? r : loading_run(run->loading, journey->loaders);
}

static void tell_what_comes(const struct run *run)
{
	const struct journey *journey = run->journey;

	(void)printf("pivot-kexec: %s %s (loader: %s)\n",
		     run->loading->loader == LOADER_GATHER ? "holds" : "loaded",
		     journey->handover.target, loader_name(run->loading->loader));
	(void)printf("pivot-kexec: in %u s this machine goes over (takeover: %s); "
		     "this session will end\n",
		     journey->options->delay_s,
		     takeover_name(journey->handover.takeover));
	(void)printf("pivot-kexec: to cancel before then: %s cancel (or kill %d)\n",
		     journey->options->program, run->result->waiter);
	(void)printf(
		"pivot-kexec: a jump that cannot be made ends in a reboot into this system\n");
}

/* Who waits for a line of his own would else take the jump for failed. */
static void say_what_comes(const struct run *run)
{
	const struct options *options = run->journey->options;

	if (!options->quiet && !options->json)
		tell_what_comes(run);
	if (options->announce)
		(void)fprintf(options->json ? stderr : stdout, "%s\n", options->announce);
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
	*run->result = (struct run_result){
		.verdict = RUN_WAITING,
		.loader = run->loading->loader,
		.waiter = waiter.pid,
	};
	say_what_comes(run);
	return EXIT_DONE;
}

static int change_machine(struct journey *journey, struct run_result *result)
{
	struct run run = {
		.journey = journey,
		.result = result,
		.stage = stage_new(journey->options->root),
	};
	bool is_begun = false;

	if (run.stage)
		run.loading = loading_new(run.stage, journey_first(journey),
					  journey_first_kernel(journey));
	if (run.loading && prepare_machine(&run, &is_begun) == 0)
		return go(&run);
	return is_begun ? undo(&run) : log_refuse(EXIT_UNCHANGED, "nothing was changed");
}

/* What was found and decided, before anything is changed: for who is asked where it is
 * asked. */
static void say_what_is_decided(const struct journey *journey, bool asks)
{
	const struct options *options = journey->options;
	const bool is_told = !options->quiet && !options->json;

	findings_log(&journey->findings, is_told);
	if (journey->findings.refusals > 0)
		return;
	if (is_told && options->verbose)
		details_print(journey);
	if (is_told || asks)
		summary_print(asks ? stderr : stdout, journey);
}

static int jump(struct journey *journey, struct run_result *result)
{
	const bool asks = !journey->options->yes && confirm_can_ask();

	say_what_is_decided(journey, asks);
	result->verdict = RUN_REFUSED;
	if (journey->findings.refusals > 0)
		return log_refuse(EXIT_UNCHANGED, "nothing was changed");
	result->verdict = RUN_DECLINED;
	if (asks && !confirm())
		return log_refuse(EXIT_UNCHANGED, "nothing was changed");
	result->verdict = RUN_FAILED;
	step_hold_signals();
	return change_machine(journey, result);
}

int verb_run(const struct options *options)
{
	auto_journey struct journey journey = JOURNEY_INIT;
	struct run_result result = { 0 };
	int code;

	(void)journey_prepare(options, &journey); /* all of it is in the findings */
	journey_check(&journey);
	code = jump(&journey, &result);
	if (options->json)
		(void)run_print_json(&journey,
				     &result); /* the jump does not wait for it */
	return code;
}
