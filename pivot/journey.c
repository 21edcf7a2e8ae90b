// SPDX-License-Identifier: GPL-2.0-or-later
#include "journey.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pivot/base/log.h"
#include "pivot/base/parameter.h"
#include "pivot/preflight/preflight.h"
#include "pivot/takeover/takeover.h"

#define PANIC_TIMEOUT "panic=30" /* in seconds: time to read why */
#define RAMFS	      "rootfstype=ramfs"

enum { DEADLINE_REST_S = 215 }; /* for all that is not the slowest device */

static enum takeover choose_takeover(const struct options *options)
{
	if (options->takeover == CHOOSE_SYSTEMD)
		return TAKEOVER_SYSTEMD;
	if (options->takeover == CHOOSE_SEIZE)
		return TAKEOVER_SEIZE;
	return takeover_has_systemd(options->root) ? TAKEOVER_SYSTEMD : TAKEOVER_SEIZE;
}

static void identify_kernel(struct journey *journey)
{
	char why_not[256], text[FINDING_BYTES];
	int r = kernel_read(journey->tree.kernel_fd, journey->tree.kernel_bytes,
			    &journey->kernel, why_not, sizeof(why_not));

	if (r < 0) {
		if (r != -ENOEXEC) /* of that it says nothing itself */
			(void)snprintf(why_not, sizeof(why_not), "cannot be read: %s",
				       strerror(-r));
		(void)snprintf(text, sizeof(text), "'%s' %s", journey->tree.kernel_name,
			       why_not);
		find_refusal(&journey->findings, "kernel", "%s", text);
		return;
	}
	journey->has_kernel = true;
}

/* Who built it, and when, is of no interest here. */
static void describe(const struct kernel_image *kernel, const char *form,
		     char target[sizeof(((struct handover *)0)->target)])
{
	const char *release = kernel->release;
	int n = (int)strcspn(release, " ");

	(void)snprintf(target, sizeof(((struct handover *)0)->target), "Linux %.*s (%s)",
		       n ?: 7, n ? release : "unknown", form);
}

static int join_command_line(struct tree *tree, const char *before, const char *after)
{
	char *line;

	if (asprintf(&line, "%s%s%s", before, before[0] && after[0] ? " " : "", after) <
	    0)
		return log_err(-ENOMEM, "cannot make the command line");
	free(tree->command_line);
	tree->command_line = line;
	return 0;
}

/* What is known about the hardware may have a word for the target's kernel. */
static int append_advice(struct journey *journey)
{
	const struct hardware *hardware = journey->hardware;
	int r = 0;

	for (size_t i = 0; r == 0 && i < hardware->n_advice; i++)
		if (hardware->advice[i].append[0])
			r = join_command_line(&journey->tree, journey->tree.command_line,
					      hardware->advice[i].append);
	return r;
}

int journey_prepend(struct journey *journey, const char *word)
{
	const char *line = journey->tree.command_line;
	int r;

	if (journey->has_kernel &&
	    strlen(word) + 1 + strlen(line) > kernel_command_line_room(&journey->kernel))
		return 0;
	r = join_command_line(&journey->tree, word, line);
	return r < 0 ? r : 1;
}

/* A kernel that panics stays so for ever, unless it is told otherwise. */
static int add_panic_timeout(struct journey *journey)
{
	size_t n;
	int r;

	if (journey->options->has_no_panic_timeout ||
	    parameter_find(journey->tree.command_line, "panic", &n))
		return 0;
	r = journey_prepend(journey, PANIC_TIMEOUT);
	if (r >= 0)
		journey->panic_timeout = r ? PANIC_TIMEOUT_ADDED : PANIC_TIMEOUT_TOO_LONG;
	return r;
}

/* --- the middle kernel --- */

const struct tree *journey_first(const struct journey *journey)
{
	return journey->has_middle ? &journey->middle.tree : &journey->tree;
}

const struct kernel_image *journey_first_kernel(const struct journey *journey)
{
	return journey->has_middle ? &journey->middle.kernel.image : &journey->kernel;
}

static bool wants_middle(const struct journey *journey)
{
	if (journey->options->stages == STAGES_AUTO)
		return journey->hardware->asks_for_two;
	return journey->options->stages == STAGES_TWO;
}

/* The init of each hop is told which one it is, and where it goes. */
static int prepare_middle(struct journey *journey)
{
	struct handover *handover = &journey->handover;
	int r;

	if (!wants_middle(journey))
		return 0;
	journey->middle_plan = (struct middle_plan){
		.root = journey->options->root,
		.choice = journey->options->middle,
		.is_target = journey->options->has_target_in_middle,
		.hardware = journey->hardware,
		.handover = handover,
		.files = journey->hooks.file,
		.n_files = journey->hooks.n,
		.target = &journey->tree,
		.target_kernel = &journey->kernel,
	};
	if (journey->middle_plan.is_target && !journey->has_kernel)
		return log_refuse(-EINVAL, "--middle-kernel=target needs a tree");
	r = middle_prepare(&journey->middle_plan, &journey->middle);
	if (r < 0)
		return r;
	journey->has_middle = true;
	handover->hop = HOP_FIRST;
	describe(&journey->middle.kernel.image, "the middle kernel", handover->target);
	return 0;
}

/* What preflight looks at. */
static struct preflight preflight_of(const struct journey *journey)
{
	return (struct preflight){
		.root = journey->options->root,
		.options = journey->options,
		.tree = &journey->tree,
		.kernel = journey->has_kernel ? &journey->kernel : NULL,
		.first = journey_first(journey),
		.first_kernel =
			journey->has_kernel ? journey_first_kernel(journey) : NULL,
		.middle = journey->has_middle ? &journey->middle : NULL,
		.asks_for_two =
			journey->options->stages == STAGES_AUTO && journey->hardware
				? journey->hardware->asks_for_two
				: NULL,
		.keep = journey->has_keep ? &journey->keep : NULL,
		.takeover = journey->handover.takeover,
		.image_bytes = journey->image.size,
		.loaders = journey->loaders,
	};
}

/* A tmpfs for the unpacked initrd takes half of the memory at most, a ramfs all of it. */
static int tune(struct journey *journey)
{
	const struct preflight preflight = preflight_of(journey);
	int r = 0;

	if (!journey->options->has_no_tune && preflight_wants_ramfs(&preflight))
		r = journey_prepend(journey, RAMFS);
	journey->is_tuned = r > 0;
	return r;
}

static int read_hardware(struct journey *journey)
{
	const struct options *options = journey->options;
	struct hardware *hardware = calloc(1, sizeof(*hardware));
	int r;

	if (!hardware)
		return log_err(-ENOMEM, "cannot read what devices there are");
	journey->hardware = hardware;
	r = hardware_read(options->root, hardware);
	for (size_t i = 0; r == 0 && i < options->n_skips; i++)
		r = hardware_skip(hardware, options->skips[i], &journey->handover.rules);
	if (r < 0)
		return r;
	hardware_warn_of_rules(hardware, &journey->handover.rules);
	hardware_advise(hardware, &journey->handover);
	return 0;
}

static void read_tree(struct journey *journey)
{
	const struct options *options = journey->options;
	int r;

	if (!options->tree && !options->tree_options.kernel)
		return; /* only the machine is asked for */
	r = tree_open(options->tree, &options->tree_options, &journey->tree);
	if (journey->tree.kernel_fd >= 0)
		identify_kernel(journey);
	if (r == 0)
		journey_read_keep(journey);
	if (r < 0 || append_advice(journey) < 0 || tune(journey) < 0 ||
	    add_panic_timeout(journey) < 0)
		findings_add_said(
			&journey->findings, "tree",
			"the tree cannot be used, for what standard error says of it");
}

unsigned int journey_prepare(const struct options *options, struct journey *ret)
{
	*ret = (struct journey)JOURNEY_INIT;
	ret->options = options;
	ret->handover = options->handover;
	ret->handover.takeover = choose_takeover(options);
	ret->loaders =
		preflight_loaders(options->root, options->loader, &ret->loaders_why);
	if (read_hardware(ret) < 0) {
		findings_add_said(
			&ret->findings, "devices",
			"the machine's devices, or what the options say of them, cannot "
			"be made out: standard error says why");
		return ret->findings.refusals;
	}
	if (hooks_read(options->hooks, options->n_hooks, &ret->handover, &ret->hooks) < 0)
		findings_add_said(&ret->findings, "hooks",
				  "a hook cannot be taken along, for what standard error "
				  "says of it");
	read_tree(ret);
	if (ret->has_kernel)
		describe(&ret->kernel, ret->tree.form, ret->handover.target);
	if (prepare_middle(ret) < 0)
		findings_add_said(
			&ret->findings, "middle",
			"there is no middle kernel for a jump in two stages, for what "
			"standard error says");
	if (image_build(&ret->handover, ret->hooks.file, ret->hooks.n, &ret->image) < 0)
		findings_add_said(
			&ret->findings, "image",
			"the stage's image cannot be built: standard error says "
			"why");
	return ret->findings.refusals;
}

static void find_advice(const struct hardware *hardware, struct findings *findings)
{
	for (size_t i = 0; i < hardware->n_advice; i++) {
		const struct advice *a = &hardware->advice[i];

		if (a->append[0])
			find_note(findings, "appended",
				  "appended to the command line for %s: %s",
				  a->device->name, a->append);
		else
			find_warning(findings, "hardware", "%s (%s): %s; source: %s",
				     a->device->name, a->device->driver, a->quirk->why,
				     a->quirk->source);
	}
}

/* What it has no time for any more it leaves to the drivers. */
static void find_deadline(struct journey *journey)
{
	const struct hardware *hardware = journey->hardware;
	const unsigned int all_s = journey->handover.deadline_ms / 1000;
	const unsigned int one_s = hardware->slowest_ms / 1000;

	if (hardware->slowest && one_s >= all_s)
		find_warning(&journey->findings, "deadline",
			     "%s (%s) may take %u s to let go, and --deadline gives %u s "
			     "for everything: what is not begun by then is left to its "
			     "driver; give it more, as --deadline=%u",
			     hardware->slowest->name, hardware->slowest->driver, one_s,
			     all_s, one_s + DEADLINE_REST_S);
}

static void find_panic_timeout(struct journey *journey)
{
	if (journey->panic_timeout == PANIC_TIMEOUT_ADDED)
		find_note(&journey->findings, "panic-timeout",
			  "put before the command line: %s, so that a target that panics "
			  "leads back (--no-panic-timeout leaves it out)",
			  PANIC_TIMEOUT);
	if (journey->panic_timeout == PANIC_TIMEOUT_TOO_LONG)
		find_note(&journey->findings, "panic-timeout",
			  "not put before the command line: %s, with which it would be "
			  "too long for the kernel; a target that panics does not lead "
			  "back",
			  PANIC_TIMEOUT);
}

void journey_check(struct journey *journey)
{
	const struct preflight preflight = preflight_of(journey);

	if (journey->hardware) {
		find_advice(journey->hardware, &journey->findings);
		find_deadline(journey);
	}
	find_panic_timeout(journey);
	if (journey->is_tuned)
		find_note(&journey->findings, "tuned",
			  "put before the command line: %s, since the target will be "
			  "short of memory (--no-tune leaves it out)",
			  RAMFS);
	preflight_check(&preflight, &journey->findings);
	journey->wants_crash_memory = preflight_wants_crash_memory(&preflight);
	journey->is_short_of_free = preflight_wants_free_memory(&preflight);
}

void journey_done(struct journey *journey)
{
	tree_done(&journey->tree);
	middle_done(&journey->middle);
	keep_done(&journey->keep);
	image_done(&journey->image);
	hooks_done(&journey->hooks);
	free(journey->hardware);
}
