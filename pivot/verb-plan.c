// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "initramfs/plan.h"
#include "details.h"
#include "journey.h"
#include "pivot/base/human.h"
#include "pivot/base/log.h"
#include "pivot/base/pages.h"
#include "pivot/base/printable.h"
#include "pivot/base/terminal.h"
#include "pivot/takeover/takeover.h"
#include "plan-json.h"

/* A text of somebody else's, behind what it is, with what else there is to say of it. */
static void print_text(const char *title, const char *text, const char *rest)
{
	char *copy = strdup(text);

	(void)printf("%-13s %s%s%s\n", title, printable_make(copy) ?: "",
		     rest[0] ? ", " : "", rest);
	free(copy);
}

static void print_tree(const struct journey *journey)
{
	const struct tree *tree = &journey->tree;
	char size[HUMAN_BYTES], loaders[DETAILS_LOADERS_BYTES];

	print_text("tree", tree->form, "");
	print_text("kernel", tree->kernel_name, human_bytes(tree->kernel_bytes, size));
	(void)printf("              Linux %s\n", journey->kernel.release);
	if (tree->initrd_name)
		print_text("initrd", tree->initrd_name,
			   human_bytes(tree->initrd_bytes, size));
	else
		print_text("initrd", "none", "");
	print_text("command line", tree->command_line, "");
	(void)printf("loader        %s\n", details_loaders(journey->loaders, loaders));
}

static void print_kept(const struct keep_file *file)
{
	char size[HUMAN_BYTES] = "", *path = strdup(file->path);
	char *source = strdup(file->source ?: "");

	if (S_ISREG(file->mode))
		(void)human_bytes(file->bytes, size);
	(void)printf("  %04o     /%-23s %s%s%s%s\n", file->mode & 07777,
		     printable_make(path), size, size[0] ? ", " : "",
		     printable_make(source),
		     S_ISDIR(file->mode)   ? " (folder)"
		     : S_ISLNK(file->mode) ? " (link)"
					   : "");
	free(path);
	free(source);
}

static void print_count(size_t n, const char *what)
{
	if (n > 0)
		(void)printf(", %zu %s", n, what);
}

static void print_searched(const struct keep_source *source)
{
	const struct key_counts *counts = &source->counts;
	char *name = strdup(source->name);

	(void)printf("  %-8s %-24s ", "search", printable_make(name));
	free(name);
	if (source->error) {
		(void)printf("cannot be read: %s\n", strerror(-source->error));
		return;
	}
	(void)printf("%zu key%s", counts->n_keys, counts->n_keys == 1 ? "" : "s");
	print_count(counts->n_keys - counts->n_new, "known already");
	print_count(counts->n_stripped, "without options");
	print_count(counts->n_no_keys, "of the lines no keys");
	(void)printf("\n");
}

static void print_keep(const struct journey *journey)
{
	const struct keep *keep = &journey->keep;
	char size[HUMAN_BYTES];

	if (keep->bytes == 0) {
		(void)printf("appended      nothing\n");
		return;
	}
	(void)printf("appended      to the initrd, %s:\n",
		     human_bytes(keep->bytes, size));
	for (size_t i = 0; i < keep->n_sources; i++)
		print_searched(&keep->source[i]);
	for (size_t i = 0; i < keep->n; i++)
		print_kept(&keep->file[i]);
}

static void print_takeover(const struct journey *journey)
{
	char size[HUMAN_BYTES];

	(void)printf("takeover      after %u s, by %s\n", journey->options->delay_s,
		     journey->handover.takeover == TAKEOVER_SYSTEMD
			     ? "systemd: services stop in order, then our init is PID 1"
			     : "seizing PID 1: it becomes our init at once");
	(void)printf("stage         %s in a tmpfs on %s\n",
		     human_bytes(journey->image.size, size), STAGE_PATH);
}

static void print_middle_device(const struct middle_device *d, bool has_modules)
{
	static const char *const drivers[] = {
		[MIDDLE_MODULE] = "",
		[MIDDLE_BUILT_IN] = " (built in)",
		[MIDDLE_BLACKLISTED] = " (blacklisted here)",
		[MIDDLE_NONE] = "no driver there: its bus mastering is cleared",
	};

	(void)printf(
		"  %-8s %-24s %s%s\n", "device", d->device->name, d->names,
		d->driver == MIDDLE_NONE && !has_modules
			? "no modules were found: its bus mastering is cleared, unless "
			  "a driver is built in"
			: drivers[d->driver]);
}

static void print_middle(const struct middle *middle)
{
	const struct middle_modules *modules = &middle->modules;
	char size[HUMAN_BYTES];

	(void)printf("\n");
	print_text("middle kernel", middle->kernel.name, "");
	(void)printf("              Linux %s\n", middle->kernel.release);
	print_text("command line", middle->tree.command_line, "");
	for (size_t i = 0; i < modules->n; i++)
		(void)printf("  %-8s %-24s %s%s\n", "module", modules->module[i].name,
			     human_bytes(modules->module[i].size, size),
			     modules->module[i].is_out_of_tree ? ", out of tree" : "");
	for (size_t i = 0; i < modules->n_firmware; i++)
		(void)printf("  %-8s %-24s %s\n", "firmware", modules->firmware[i].name,
			     human_bytes(modules->firmware[i].size, size));
	for (size_t i = 0; i < modules->n_devices; i++)
		print_middle_device(&modules->device[i], middle->kernel.modules);
	(void)printf("there the same is done as here, from %s on\n",
		     teardown_stage_number(&middle->handover, 0));
}

static void print_advice(const struct hardware *hardware)
{
	if (hardware->n_advice > 0)
		(void)printf("\nknown about this hardware\n");
	for (size_t i = 0; i < hardware->n_advice; i++) {
		const struct advice *a = &hardware->advice[i];

		(void)printf("  %-8s %-24s %s%s%s\n", a->append[0] ? "append" : "warn",
			     a->device->name, a->append,
			     a->append[0] && a->quirk ? ": " : "",
			     a->quirk ? a->quirk->why : "");
		if (a->quirk)
			(void)printf("  %-8s %-24s %s\n", "", "", a->quirk->source);
	}
}

static void print_op(struct op op)
{
	(void)printf("  %-8s %-24s %s\n", op_name(op.kind), printable_make(op.object),
		     printable_make(op.reason));
}

static void print_stage(const struct plan *plan, const struct handover *handover,
			enum teardown_stage stage)
{
	size_t n = 0;

	(void)printf("\n%s%s %s%s\n", terminal_style(STDOUT_FILENO, STYLE_TITLE),
		     teardown_stage_number(handover, stage), teardown_stage_title(stage),
		     terminal_style(STDOUT_FILENO, STYLE_PLAIN));
	for (size_t i = 0; i < plan->n; i++) {
		if (plan->op[i].stage != stage)
			continue;
		n++;
		print_op(plan->op[i]);
	}
	if (n == 0)
		(void)printf("  nothing at present\n");
}

static void print_plan(const struct plan *plan, const struct handover *handover)
{
	for (enum teardown_stage stage = 0; stage < TEARDOWN_STAGES; stage++)
		if (teardown_has_stage(handover, stage))
			print_stage(plan, handover, stage);
	if (handover->extent == EXTENT_ABRUPT)
		(void)printf("\nwhat else there is, is left to the middle kernel\n");
	if (plan->n_dropped > 0)
		(void)printf("  and %zu more\n", plan->n_dropped);
	(void)printf(
		"\nthen: report, jump%s; where that cannot be done, reboot into this system\n",
		handover->on_hang == ON_HANG_JUMP ? " (tried even where a driver hangs)"
						  : "");
}

static void print_all(const struct journey *journey, const struct plan *plan)
{
	if (journey->has_kernel)
		print_tree(journey);
	if (journey->has_keep)
		print_keep(journey);
	if (!journey->options->root[0])
		print_takeover(journey);
	if (journey->has_kernel && journey->options->verbose)
		details_print(journey);
	print_advice(journey->hardware);
	if (journey->has_middle)
		print_middle(&journey->middle);
	print_plan(plan, &journey->handover);
}

/* Who is not root is told so by check and by run; here it changes what can be seen. */
static unsigned int count_reasons(const struct findings *findings)
{
	unsigned int n = findings->refusals;

	for (size_t i = 0; i < findings->n; i++)
		n -= strcmp(findings->finding[i].id, "not-root") == 0;
	return n;
}

/* A plan of a jump that would not be made is of little use. */
static void print_reasons(struct journey *journey)
{
	unsigned int n;

	if (journey->options->root[0] || !journey->has_kernel)
		return;
	journey_check(journey);
	n = count_reasons(&journey->findings);
	if (n > 0)
		(void)printf("but at present this is refused, for %u reason%s: see "
			     "'pivot-kexec check'\n",
			     n, n == 1 ? "" : "s");
}

int verb_plan(const struct options *options)
{
	auto_journey struct journey journey = JOURNEY_INIT;
	static struct plan plan;
	int r;

	(void)journey_prepare(options, &journey);
	findings_log(&journey.findings, !options->quiet);
	if (journey.findings.refusals > 0)
		return EXIT_UNCHANGED;
	r = plan_build(options->root, &journey.hardware->devices,
		       &journey.hardware->machine, &journey.handover, &plan);
	if (r < 0) {
		(void)log_err(r, "cannot read what the machine is made of");
		return EXIT_UNCHANGED;
	}
	if (options->json)
		return plan_print_json(&journey, &plan) < 0 ? EXIT_UNCHANGED : EXIT_DONE;
	print_all(&journey, &plan);
	print_reasons(&journey);
	return EXIT_DONE;
}
