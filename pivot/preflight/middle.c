// SPDX-License-Identifier: GPL-2.0-or-later

/* What a jump in two stages depends on, and what it costs. */

#include <stdio.h>
#include <string.h>

#include "checks.h"
#include "pivot/base/human.h"
#include "pivot/kexec/load.h"

/* The target is left where it is in memory, and only our own loader can enter it there.
 */
static void check_may_gather(const struct preflight *p, struct findings *findings)
{
	if (!(p->loaders & (1U << LOADER_GATHER | 1U << LOADER_LOAD)))
		find_refusal(findings, "middle-loader",
			     "a middle kernel loads the target by kexec_load, which this "
			     "machine does not let it (lockdown, as with Secure Boot, or "
			     "encrypted memory): use --stages=1");
}

/* The length of what carries it has 32 bits; the rest is room for the report. */
static void check_size(const struct preflight *p, struct findings *findings)
{
	char size[HUMAN_BYTES];
	uint64_t bytes = p->tree->kernel_bytes + tree_initrd_bytes(p->tree);

	if (bytes > UINT32_MAX - (4U << 20))
		find_refusal(
			findings, "middle-size",
			"kernel and initrd are %s, too much to go by way of a middle "
			"kernel, which takes 4 GiB: use --stages=1",
			human_bytes(bytes, size));
}

/* Its driver is not among those that put devices to rest. */
static void check_watchdog(const struct preflight *p, struct findings *findings)
{
	if (p->options->handover.watchdog_s)
		find_warning(
			findings, "middle-watchdog",
			"nobody feeds the watchdog in the middle kernel, unless its "
			"driver is built in: its %u s have to be enough for that hop "
			"and for the target to take it over",
			p->options->handover.watchdog_s);
}

static void note_modules(const struct middle *middle, struct findings *findings)
{
	char modules[HUMAN_BYTES], firmware[HUMAN_BYTES];

	find_note(
		findings, "middle",
		"in two stages, by way of '%s' (Linux %s): %zu modules, %s; firmware, %s",
		middle->kernel.name, middle->kernel.release, middle->modules.n,
		human_bytes(middle->modules.module_bytes, modules),
		human_bytes(middle->modules.firmware_bytes, firmware));
	if (!middle->kernel.modules)
		find_warning(
			findings, "middle-built-in",
			"for the middle kernel there are no modules: it puts to rest "
			"what its built-in drivers know; of all else only bus "
			"mastering is cleared (--middle-modules names a folder)");
}

/* "0000:00:03.0, 0000:00:04.0" */
static size_t name_devices(const struct middle_modules *modules,
			   enum middle_driver driver, char *text, size_t size)
{
	size_t n = 0, used = 0;

	for (size_t i = 0; i < modules->n_devices; i++) {
		const struct middle_device *d = &modules->device[i];

		if (d->driver != driver)
			continue;
		n++;
		if (used < size)
			used += (size_t)snprintf(text + used, size - used, "%s%s",
						 used ? ", " : "", d->device->name);
	}
	return n;
}

static void check_drivers(const struct middle *middle, struct findings *findings)
{
	char names[FINDING_BYTES / 2];

	if (!middle->kernel.modules)
		return;
	if (name_devices(&middle->modules, MIDDLE_NONE, names, sizeof(names)) > 0)
		find_note(findings, "middle-no-driver",
			  "in the middle kernel there is no driver for %s: of these only "
			  "bus mastering is cleared",
			  names);
	if (name_devices(&middle->modules, MIDDLE_BLACKLISTED, names, sizeof(names)) > 0)
		find_note(findings, "middle-blacklisted",
			  "this system's modprobe.d forbids the drivers of %s: of these "
			  "only bus mastering is cleared",
			  names);
	for (size_t i = 0; i < middle->modules.n; i++)
		if (middle->modules.module[i].is_out_of_tree)
			find_note(findings, "middle-out-of-tree",
				  "the module '%s' is not of the kernel itself, and may "
				  "hang there as here",
				  middle->modules.module[i].name);
}

static void check_abrupt(const struct handover *handover, struct findings *findings)
{
	if (handover->extent == EXTENT_ABRUPT)
		find_warning(
			findings, "abrupt",
			"filesystems are written out and made read-only, and not "
			"unmounted (--two-stage=abrupt): one that cannot be made "
			"read-only in an orderly way is as after a power cut, and its "
			"journal is replayed when it is mounted next");
}

void check_middle(const struct preflight *p, struct findings *findings)
{
	if (!p->middle)
		return;
	note_modules(p->middle, findings);
	if (p->asks_for_two)
		find_note(findings, "two-stages",
			  "two stages because of %s: what is known of it asks for that "
			  "(--stages=1 overrides)",
			  p->asks_for_two->name);
	check_may_gather(p, findings);
	check_size(p, findings);
	check_watchdog(p, findings);
	check_drivers(p->middle, findings);
	check_abrupt(&p->options->handover, findings);
}
