// SPDX-License-Identifier: GPL-2.0-or-later
#include "plan-json.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "json-text.h"
#include "pivot/base/log.h"
#include "pivot/kexec/load.h"

static json_t *tree_json(const struct journey *journey)
{
	const struct tree *tree = &journey->tree;

	if (!journey->has_kernel)
		return json_null();
	return json_pack("{so so sI so so sI so}", "form", json_text(tree->form),
			 "kernel", json_text(tree->kernel_name), "kernel_bytes",
			 (json_int_t)tree->kernel_bytes, "release",
			 json_text(journey->kernel.release), "initrd",
			 tree->initrd_name ? json_text(tree->initrd_name) : json_null(),
			 "initrd_bytes", (json_int_t)tree->initrd_bytes, "command_line",
			 json_text(tree->command_line));
}

static json_t *searched_json(const struct keep *keep)
{
	json_t *list = json_array();

	for (size_t i = 0; i < keep->n_sources; i++) {
		const struct keep_source *s = &keep->source[i];

		(void)json_array_append_new(
			list,
			json_pack("{so so sI sI sI sI}", "file", json_text(s->name),
				  "error",
				  s->error ? json_text(strerror(-s->error)) : json_null(),
				  "keys", (json_int_t)s->counts.n_keys, "new",
				  (json_int_t)s->counts.n_new, "without_options",
				  (json_int_t)s->counts.n_stripped, "no_keys",
				  (json_int_t)s->counts.n_no_keys));
	}
	return list;
}

static json_t *kept_json(const struct keep_file *file)
{
	char mode[8];

	(void)snprintf(mode, sizeof(mode), "%04o", file->mode & 07777);
	return json_pack("{so so so sI so so}", "path", json_text(file->path), "kind",
			 json_text(S_ISDIR(file->mode)	 ? "folder"
				   : S_ISLNK(file->mode) ? "link"
							 : "file"),
			 "mode", json_text(mode), "bytes", (json_int_t)file->bytes,
			 "source", file->source ? json_text(file->source) : json_null(),
			 "target", file->target ? json_text(file->target) : json_null());
}

static json_t *appended_json(const struct journey *journey)
{
	const struct keep *keep = &journey->keep;
	json_t *files = json_array();

	for (size_t i = 0; i < keep->n; i++)
		(void)json_array_append_new(files, kept_json(&keep->file[i]));
	return json_pack("{sI so so}", "bytes", (json_int_t)keep->bytes, "searched",
			 searched_json(keep), "files", files);
}

static json_t *resets_json(const struct device *d)
{
	json_t *resets = json_array();

	for (int i = 0; i < PCI_RESETS; i++)
		if (d->resets & 1U << i)
			(void)json_array_append_new(resets, json_text(pci_reset_name(i)));
	return resets;
}

static json_t *state_json(const struct pci_state *state)
{
	return json_pack("{sb sb sb sb sb si}", "readable", state->is_readable,
			 "bus_master", state->is_bus_master, "msi", state->has_msi,
			 "msix", state->has_msix, "pending", state->is_pending, "power",
			 (int)state->power);
}

static json_t *device_json(const struct device *d)
{
	char ids[16] = "", class[8] = "";
	bool is_pci = strcmp(d->bus, "pci") == 0;

	if (is_pci)
		(void)snprintf(ids, sizeof(ids), "%04x:%04x", d->vendor, d->device);
	(void)snprintf(class, sizeof(class), "%04x", d->class);
	return json_pack("{so so so so so so so so si sb sb sb so so}", "bus",
			 json_text(d->bus), "name", json_text(d->name), "driver",
			 d->driver[0] ? json_text(d->driver) : json_null(), "ids",
			 is_pci ? json_text(ids) : json_null(), "class", json_text(class),
			 "kind", json_text(device_class_name(d->class)), "holds",
			 json_text(d->holds), "lane", json_text(d->lane), "vfs",
			 (int)d->n_vfs, "virtual", d->is_virtual, "bridge", d->is_bridge,
			 "console", d->is_console, "iommu_group",
			 d->iommu_group < 0 ? json_null() : json_integer(d->iommu_group),
			 "resets", resets_json(d));
}

static json_t *devices_json(const struct devices *devices)
{
	json_t *list = json_array();

	for (size_t i = 0; i < devices->n; i++) {
		const struct device *d = &devices->device[i];
		json_t *value = device_json(d);

		if (strcmp(d->bus, "pci") == 0)
			(void)json_object_set_new(value, "state", state_json(&d->state));
		(void)json_array_append_new(list, value);
	}
	return list;
}

static json_t *advice_json(const struct hardware *hardware)
{
	json_t *list = json_array();

	for (size_t i = 0; i < hardware->n_advice; i++) {
		const struct advice *a = &hardware->advice[i];

		(void)json_array_append_new(
			list,
			json_pack("{so so so so}", "device", json_text(a->device->name),
				  "append",
				  a->append[0] ? json_text(a->append) : json_null(),
				  "why", json_text(a->quirk ? a->quirk->why : ""),
				  "source", json_text(a->quirk ? a->quirk->source : "")));
	}
	return list;
}

/* How long it may take where the init waits for it in a child of its own; else null. */
static json_t *deadline_json(const struct op *op)
{
	if (!op->device || op->kind == OP_KEEP)
		return json_null();
	return json_integer(op->timeout_ms / 1000);
}

static json_t *stage_json(const struct plan *plan, enum teardown_stage stage)
{
	json_t *list = json_array();

	for (size_t i = 0; i < plan->n; i++) {
		const struct op *op = &plan->op[i];

		if (op->stage != stage)
			continue;
		(void)json_array_append_new(list,
					    json_pack("{so so so so}", "operation",
						      json_text(op_name(op->kind)),
						      "object", json_text(op->object),
						      "reason", json_text(op->reason),
						      "deadline_s", deadline_json(op)));
	}
	return json_pack("{so so}", "title", json_text(teardown_stage_title(stage)),
			 "operations", list);
}

static json_t *stages_json(const struct plan *plan, const struct handover *handover)
{
	json_t *list = json_array();

	for (enum teardown_stage stage = 0; stage < TEARDOWN_STAGES; stage++)
		if (teardown_has_stage(handover, stage))
			(void)json_array_append_new(list, stage_json(plan, stage));
	return list;
}

static json_t *loaders_json(unsigned int loaders)
{
	json_t *list = json_array();

	for (enum loader i = 0; i < LOADERS; i++)
		if (loaders & 1U << i)
			(void)json_array_append_new(list, json_text(loader_name(i)));
	return list;
}

static json_t *modules_json(const struct middle_modules *modules)
{
	json_t *list = json_array();

	for (size_t i = 0; i < modules->n; i++) {
		const struct middle_module *m = &modules->module[i];

		(void)json_array_append_new(
			list,
			json_pack("{so sI so sb}", "name", json_text(m->name), "bytes",
				  (json_int_t)m->size, "options", json_text(m->options),
				  "out_of_tree", m->is_out_of_tree));
	}
	return list;
}

static json_t *firmware_json(const struct middle_modules *modules)
{
	json_t *list = json_array();

	for (size_t i = 0; i < modules->n_firmware; i++)
		(void)json_array_append_new(
			list,
			json_pack("{so sI}", "name", json_text(modules->firmware[i].name),
				  "bytes", (json_int_t)modules->firmware[i].size));
	return list;
}

static json_t *drivers_json(const struct middle_modules *modules)
{
	static const char *const names[] = {
		[MIDDLE_MODULE] = "module",
		[MIDDLE_BUILT_IN] = "built-in",
		[MIDDLE_BLACKLISTED] = "blacklisted",
		[MIDDLE_NONE] = "none",
	};
	json_t *list = json_array();

	for (size_t i = 0; i < modules->n_devices; i++) {
		const struct middle_device *d = &modules->device[i];

		(void)json_array_append_new(
			list, json_pack("{so so so}", "name", json_text(d->device->name),
					"driver", json_text(names[d->driver]), "modules",
					json_text(d->names)));
	}
	return list;
}

static json_t *middle_json(const struct journey *journey)
{
	const struct middle *middle = &journey->middle;

	if (!journey->has_middle)
		return json_null();
	return json_pack("{so so so so so so}", "kernel", json_text(middle->kernel.name),
			 "release", json_text(middle->kernel.release), "command_line",
			 json_text(middle->tree.command_line), "modules",
			 modules_json(&middle->modules), "firmware",
			 firmware_json(&middle->modules), "devices",
			 drivers_json(&middle->modules));
}

int plan_print_json(const struct journey *journey, const struct plan *plan)
{
	json_t *all = json_pack(
		"{so so so so so so so so sI}", "tree", tree_json(journey), "appended",
		journey->has_keep ? appended_json(journey) : json_null(), "loaders",
		loaders_json(journey->loaders), "takeover",
		json_text(takeover_name(journey->handover.takeover)), "devices",
		devices_json(&journey->hardware->devices), "advice",
		advice_json(journey->hardware), "middle", middle_json(journey), "stages",
		stages_json(plan, &journey->handover), "dropped",
		(json_int_t)plan->n_dropped);
	int r = json_print(all);

	return r < 0 ? log_err(r, "cannot print the plan") : 0;
}
