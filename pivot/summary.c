// SPDX-License-Identifier: GPL-2.0-or-later
#include "summary.h"

#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "details.h"
#include "initramfs/plan.h"
#include "pivot/base/human.h"
#include "pivot/base/parameter.h"
#include "pivot/base/printable.h"
#include "pivot/base/read.h"
#include "pivot/base/terminal.h"

enum { TEXT_BYTES = 512, NAMED_MAX = 6 };

/* One line is made at a time. */
struct line {
	char text[TEXT_BYTES];
	size_t used;
};

/* What does not fit is left out. */
printf_like(2, 3) static void add(struct line *line, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(line->text + line->used, TEXT_BYTES - line->used, format, args);
	va_end(args);
	if (n > 0)
		line->used += (size_t)n;
	if (line->used >= TEXT_BYTES)
		line->used = TEXT_BYTES - 1;
}

static void put(FILE *to, const char *title, struct line *line)
{
	const int fd = fileno(to);

	(void)fprintf(to, "%s%-14s%s%s\n", terminal_style(fd, STYLE_TITLE), title,
		      terminal_style(fd, STYLE_PLAIN), printable_make(line->text));
	*line = (struct line){ 0 };
}

static const char *plural(size_t n)
{
	return n == 1 ? "" : "s";
}

static void add_machine(struct line *line, const char *root)
{
	char name[65], release[65]; /* struct new_utsname */

	if (read_text(name, sizeof(name), root, "/proc/sys/kernel/hostname") > 0)
		add(line, "%s", name);
	if (read_text(release, sizeof(release), root, "/proc/sys/kernel/osrelease") > 0)
		add(line, "%sLinux %s", line->used ? ", " : "", release);
}

/* Of a jump in two stages the handover names the first. */
static void add_target(struct line *line, const struct journey *journey)
{
	const struct tree *tree = &journey->tree;
	char bytes[HUMAN_BYTES];

	add(line, "Linux %.*s (%s), kernel %s",
	    (int)strcspn(journey->kernel.release, " "), journey->kernel.release,
	    tree->form, human_bytes(tree->kernel_bytes, bytes));
	if (tree->initrd_name)
		add(line, ", initrd %s", human_bytes(tree->initrd_bytes, bytes));
}

static void add_way(struct line *line, const struct journey *journey)
{
	const struct handover *handover = &journey->handover;

	add(line, "after %u s %s, ", journey->options->delay_s,
	    handover->takeover == TAKEOVER_SYSTEMD ? "systemd stops the services"
						   : "PID 1 is seized");
	if (!journey->has_middle)
		add(line, "one stage");
	else
		add(line, "two stages%s, by way of Linux %s",
		    handover->extent == EXTENT_ABRUPT ? " (abrupt)" : "",
		    journey->middle.kernel.release);
	if (journey->options->n_hooks)
		add(line, ", %zu hook%s", journey->options->n_hooks,
		    plural(journey->options->n_hooks));
}

static void add_travels(struct line *line, const struct journey *journey)
{
	const struct keep *keep = &journey->keep;

	if (keep->keys.n)
		add(line, ", %zu ssh key%s", keep->keys.n, plural(keep->keys.n));
	if (keep->n_host_keys)
		add(line, ", %zu file%s of host keys", keep->n_host_keys,
		    plural(keep->n_host_keys));
	if (keep->n_own > keep->n_ssh)
		add(line, ", what the network knows this machine by");
	if (keep->n > keep->n_own)
		add(line, ", %zu files and folders of yours", keep->n - keep->n_own);
	if (line->used)
		memmove(line->text, line->text + 2, line->used - 1);
	else
		add(line, "nothing");
}

static void add_way_back(struct line *line, const struct journey *journey)
{
	const struct handover *handover = &journey->handover;
	size_t n;
	const char *panic = parameter_find(journey->tree.command_line, "panic", &n);

	if (panic)
		add(line, "panic=%.*s", (int)n, panic);
	else
		add(line, "nothing where the target panics");
	if (handover->watchdog_s)
		add(line, "; a watchdog after %u s", handover->watchdog_s);
	else
		add(line, "; no watchdog");
	add(line, "; where a driver hangs here, %s",
	    handover->on_hang == ON_HANG_REBOOT ? "a reboot"
						: "the jump is tried, then a reboot");
}

static void add_kept(struct line *line, const struct plan *plan)
{
	size_t bridges = 0, named = 0, more = 0;

	for (size_t i = 0; i < plan->n; i++) {
		const struct op *op = &plan->op[i];

		if (op->kind != OP_KEEP || !op->device || !op->device->driver[0])
			continue;
		if (op->device->is_bridge)
			bridges++;
		else if (named == NAMED_MAX)
			more++;
		else
			add(line, "%s%s (%s)", named++ ? ", " : "", op->object,
			    op->device->driver);
	}
	if (more)
		add(line, ", and %zu more", more);
	if (bridges)
		add(line, "%s%zu bridge%s", named ? ", " : "", bridges, plural(bridges));
	if (!line->used)
		add(line, "none");
}

/* Left out where what the machine is made of cannot be read. */
static void put_kept(FILE *to, const struct journey *journey, struct line *line)
{
	static struct plan plan; /* too large for a stack */

	if (plan_build(journey->options->root, &journey->hardware->devices,
		       &journey->hardware->machine, &journey->handover, &plan) < 0)
		return;
	add_kept(line, &plan);
	put(to, "keep drivers", line);
}

void summary_print(FILE *to, const struct journey *journey)
{
	const size_t warnings = findings_count(&journey->findings, FINDING_WARN);
	char loaders[DETAILS_LOADERS_BYTES];
	struct line line = { 0 };

	add_machine(&line, journey->options->root);
	put(to, "this machine", &line);
	add_target(&line, journey);
	put(to, "goes into", &line);
	add_way(&line, journey);
	put(to, "how", &line);
	add(&line, "%s", details_loaders(journey->loaders, loaders));
	put(to, "loaded by", &line);
	add_travels(&line, journey);
	put(to, "travels", &line);
	add_way_back(&line, journey);
	put(to, "leads back", &line);
	put_kept(to, journey, &line);
	if (warnings)
		add(&line, "%zu, above", warnings);
	else
		add(&line, "none");
	put(to, "warnings", &line);
	(void)fflush(to);
}
