// SPDX-License-Identifier: GPL-2.0-or-later
#include "modules.h"

#include <errno.h>
#include <libkmod.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contents.h"
#include "drivers.h"
#include "firmware.h"
#include "initramfs/plan.h"
#include "load-order.h"
#include "needs.h"
#include "pivot/base/cleanup.h"
#include "pivot/base/log.h"
#include "pivot/base/macros.h"
#include "pivot/base/read.h"

enum { MODULE_MAX_BYTES = 256 << 20 };

struct work {
	const char *root;
	const struct middle_kernel *kernel;
	struct kmod_ctx *kmod;
	struct load_order order;
	struct middle_modules *ret;
};

static void work_done(struct work *work)
{
	load_order_done(&work->order); /* before the context that they are from */
	(void)kmod_unref(work->kmod);
}

static void info_freep(struct kmod_list **list)
{
	kmod_module_info_free_list(*list);
}

/*
 * What modprobe.d says below the root; of a file in two of them the first counts. libkmod
 * adds what the running kernel's command line says of modules.
 */
static int open_kmod(struct work *work)
{
	static const char *const folders[] = { "/etc/modprobe.d", "/run/modprobe.d",
					       "/usr/local/lib/modprobe.d",
					       "/usr/lib/modprobe.d", "/lib/modprobe.d" };
	char paths[array_size(folders)][PATH_MAX];
	const char *list[array_size(folders) + 1] = { 0 };

	for (size_t i = 0; i < array_size(folders); i++) {
		if (read_path(paths[i], PATH_MAX, work->root, "%s", folders[i]) < 0)
			return -ENAMETOOLONG;
		list[i] = paths[i];
	}
	work->kmod = kmod_new(work->kernel->modules, list);
	if (!work->kmod)
		return -ENOMEM;
	/* an index that is missing would be none to it, and find nothing */
	return kmod_load_resources(work->kmod);
}

/* Left as it is here, left in peace there; and virtual functions come with their card. */
static bool needs_driver(const struct outlook *outlook, const struct device *d)
{
	struct fate fate;

	if (d->is_virtual || (!d->driver[0] && !d->state.is_bus_master && d->n_vfs == 0))
		return false;
	plan_fate(outlook, d, &fate);
	return !fate.keep_reason;
}

/* Theirs is the order of the directory, which says nothing. */
static int compare(const void *a, const void *b)
{
	const struct device *x = ((const struct middle_device *)a)->device;
	const struct device *y = ((const struct middle_device *)b)->device;
	int r = strcmp(x->bus, y->bus);

	if (x->depth != y->depth)
		return x->depth - y->depth;
	return r ? r : strcmp(x->name, y->name);
}

static int list_devices(const struct hardware *hardware, const struct handover *handover,
			struct middle_modules *ret)
{
	const struct outlook outlook = { &hardware->devices, &hardware->machine,
					 handover };

	if (hardware->devices.n == 0)
		return 0;
	ret->device = calloc(hardware->devices.n, sizeof(*ret->device));
	if (!ret->device)
		return -ENOMEM;
	for (size_t i = 0; i < hardware->devices.n; i++)
		if (needs_driver(&outlook, &hardware->devices.device[i]))
			ret->device[ret->n_devices++] = (struct middle_device){
				.device = &hardware->devices.device[i],
				.driver = MIDDLE_NONE,
			};
	qsort(ret->device, ret->n_devices, sizeof(*ret->device), compare);
	return 0;
}

static void name(struct middle_device *device, const struct drivers *drivers)
{
	char *names = device->names;

	if (drivers->driver > device->driver)
		return;
	if (drivers->driver < device->driver)
		names[0] = '\0';
	device->driver = drivers->driver;
	for (size_t i = 0; i < drivers->modules.n; i++) {
		size_t n = strlen(names);

		(void)snprintf(names + n, sizeof(device->names) - n, "%s%s",
			       n > 0 ? " " : "",
			       kmod_module_get_name(drivers->modules.module[i]));
	}
}

static int serve(struct work *work, const struct need *need, struct middle_device *device)
{
	auto_release(drivers_done) struct drivers drivers = { 0 };
	int r = drivers_find(work->kmod, need, &drivers);

	if (r < 0)
		return r;
	if (!need->is_above)
		name(device, &drivers);
	for (size_t i = 0;
	     drivers.driver == MIDDLE_MODULE && i < drivers.modules.n && r == 0; i++)
		r = load_order_add(&work->order, drivers.modules.module[i]);
	return r < 0 ? r : 0;
}

static int choose(struct work *work)
{
	for (size_t i = 0; i < work->ret->n_devices; i++) {
		struct middle_device *device = &work->ret->device[i];
		struct needs needs;

		needs_read(work->root, device->device, &needs);
		for (size_t j = 0; j < needs.n; j++) {
			int r = serve(work, &needs.need[j], device);

			if (r < 0)
				return log_err(
					r, "cannot look up what drives '%s' in '%s'",
					device->device->name, work->kernel->modules);
		}
	}
	return 0;
}

static int read_info(struct work *work, struct kmod_module *kmod_module,
		     struct middle_module *module)
{
	auto_release(info_freep) struct kmod_list *info = NULL;
	struct kmod_list *at;
	int r = kmod_module_get_info(kmod_module, &info);

	if (r < 0)
		return r;
	module->is_out_of_tree = true;
	kmod_list_foreach (at, info) {
		const char *key = kmod_module_info_get_key(at);

		if (strcmp(key, "intree") == 0)
			module->is_out_of_tree = false;
		if (strcmp(key, "firmware") != 0)
			continue;
		r = firmware_add(work->root, work->kernel->release,
				 kmod_module_info_get_value(at), work->ret);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Modules are compressed by their names' ends. */
static size_t plain_length(const char *path)
{
	const char *end = strstr(path, ".ko.");

	return end ? (size_t)(end + strlen(".ko") - path) : strlen(path);
}

static int read_module(struct work *work, struct kmod_module *kmod_module,
		       struct middle_module *ret)
{
	const char *path = kmod_module_get_path(kmod_module);
	const char *folder = kmod_get_dirname(work->kmod);
	size_t n = strlen(folder), end = plain_length(path);
	struct contents contents = { 0 };
	int r = contents_read(path, path + end, MODULE_MAX_BYTES, &contents);

	ret->data = contents.data;
	ret->size = contents.size;
	/* depmod names what lies elsewhere by its whole path */
	n = strncmp(path, folder, n) == 0 ? n + 1 : 1;
	ret->name = strdup(kmod_module_get_name(kmod_module));
	ret->path = strndup(path + n, end - n);
	ret->options = strdup(kmod_module_get_options(kmod_module) ?: "");
	if (r == 0 && (!ret->name || !ret->path || !ret->options))
		r = -ENOMEM;
	if (r == 0)
		r = read_info(work, kmod_module, ret);
	return r < 0 ? log_err(r, "cannot read the module '%s'", path) : 0;
}

static int read_modules(struct work *work)
{
	const struct module_set *set = &work->order.modules;
	struct middle_modules *ret = work->ret;

	if (set->n == 0)
		return 0;
	ret->module = calloc(set->n, sizeof(*ret->module));
	if (!ret->module)
		return log_err(-ENOMEM, "cannot read the middle kernel's modules");
	for (; ret->n < set->n; ret->n++) {
		struct middle_module *module = &ret->module[ret->n];
		int r = read_module(work, set->module[ret->n], module);

		if (r < 0) {
			ret->n++; /* to be freed */
			return r;
		}
		ret->module_bytes += module->size;
	}
	return 0;
}

int middle_modules_read(const char *root, const struct middle_kernel *kernel,
			const struct hardware *hardware, const struct handover *handover,
			struct middle_modules *ret)
{
	auto_release(work_done) struct work work = { .root = root,
						     .kernel = kernel,
						     .ret = ret };
	int r;

	*ret = (struct middle_modules){ 0 };
	r = list_devices(hardware, handover, ret);
	if (r < 0)
		return log_err(r, "cannot look for the middle kernel's modules");
	if (!kernel->modules)
		return 0;
	r = open_kmod(&work);
	if (r < 0)
		return log_err(r,
			       "cannot read the indexes of the modules in '%s', which "
			       "'depmod %s' makes",
			       kernel->modules, kernel->release);
	r = choose(&work);
	return r < 0 ? r : read_modules(&work);
}

void middle_modules_done(struct middle_modules *modules)
{
	for (size_t i = 0; i < modules->n; i++) {
		free(modules->module[i].name);
		free(modules->module[i].path);
		free(modules->module[i].options);
		free(modules->module[i].data);
	}
	for (size_t i = 0; i < modules->n_firmware; i++) {
		free(modules->firmware[i].name);
		free(modules->firmware[i].data);
	}
	free(modules->module);
	free(modules->firmware);
	free(modules->device);
	*modules = (struct middle_modules){ 0 };
}
