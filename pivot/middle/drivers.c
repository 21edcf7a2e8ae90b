// SPDX-License-Identifier: GPL-2.0-or-later
#include "drivers.h"

#include <errno.h>
#include <fnmatch.h>
#include <libkmod.h>
#include <string.h>

#include "pivot/base/cleanup.h"
#include "pivot/base/macros.h"

static void unref_listp(struct kmod_list **list)
{
	(void)kmod_module_unref_list(*list);
}

static void info_freep(struct kmod_list **list)
{
	kmod_module_info_free_list(*list);
}

static bool is_built_in(struct kmod_module *module)
{
	return !kmod_module_get_path(module);
}

static bool is_named(struct kmod_module *module, const char *name)
{
	return strcmp(kmod_module_get_name(module), name) == 0;
}

/* The better kind counts. A module is listed for each pattern of its that matches. */
static int take(struct drivers *drivers, struct kmod_module *module,
		enum middle_driver kind)
{
	if (kind > drivers->driver)
		return 0;
	if (kind < drivers->driver)
		module_set_done(&drivers->modules);
	drivers->driver = kind;
	if (module_set_has(&drivers->modules, module))
		return 0;
	return module_set_add(&drivers->modules, module);
}

/* "install pcspkr /bin/true" is how people forbid a module for good. */
static bool has_no_install(struct kmod_module *module)
{
	static const char *const programs[] = { "/bin/true", "/usr/bin/true",
						"/bin/false", "/usr/bin/false" };
	const char *command = kmod_module_get_install_commands(module);
	size_t n;

	if (!command)
		return false;
	command += strspn(command, " \t");
	n = strcspn(command, " \t;");
	for (size_t i = 0; i < array_size(programs); i++)
		if (n == strlen(programs[i]) && strncmp(command, programs[i], n) == 0)
			return true;
	return false;
}

static bool is_listed(struct kmod_list *list, struct kmod_module *module)
{
	struct kmod_list *at;

	kmod_list_foreach (at, list) {
		struct kmod_module *other = kmod_module_get_module(at);
		bool is_it = is_named(other, kmod_module_get_name(module));

		(void)kmod_module_unref(other);
		if (is_it)
			return true;
	}
	return false;
}

static int take_all(struct kmod_ctx *kmod, struct kmod_list *list,
		    struct drivers *drivers)
{
	auto_release(unref_listp) struct kmod_list *allowed = NULL;
	struct kmod_list *at;
	int r = kmod_module_apply_filter(kmod, KMOD_FILTER_BLACKLIST, list, &allowed);

	kmod_list_foreach (at, list) {
		struct kmod_module *module = kmod_module_get_module(at);
		enum middle_driver kind = MIDDLE_MODULE;

		if (is_built_in(module))
			kind = MIDDLE_BUILT_IN;
		else if (!is_listed(allowed, module) || has_no_install(module))
			kind = MIDDLE_BLACKLISTED;
		if (r >= 0)
			r = take(drivers, module, kind);
		(void)kmod_module_unref(module);
	}
	return r;
}

/* One that drives it now is no surprise to this machine, whatever the blacklist says. */
static int take_bound(struct kmod_list *list, const char *bound, struct drivers *drivers)
{
	struct kmod_list *at;
	int r = 0;

	kmod_list_foreach (at, list) {
		struct kmod_module *module = kmod_module_get_module(at);

		if (r == 0 && is_named(module, bound))
			r = take(drivers, module,
				 is_built_in(module) ? MIDDLE_BUILT_IN : MIDDLE_MODULE);
		(void)kmod_module_unref(module);
	}
	return r;
}

/* Kernels before 5.2 do not say what is built in claims: then it does. */
static bool claims(struct kmod_module *module, const char *alias)
{
	auto_release(info_freep) struct kmod_list *info = NULL;
	struct kmod_list *at;

	if (kmod_module_get_info(module, &info) < 0)
		return true;
	kmod_list_foreach (at, info) {
		if (strcmp(kmod_module_info_get_key(at), "alias") == 0 &&
		    fnmatch(kmod_module_info_get_value(at), alias, 0) == 0)
			return true;
	}
	return false;
}

/* libkmod asks about what is built in only where no module claims a device. */
static int take_bound_built_in(struct kmod_ctx *kmod, const struct need *need,
			       struct drivers *drivers)
{
	auto_release(unref_listp) struct kmod_list *list = NULL;
	struct kmod_module *module;
	int r = kmod_module_new_from_lookup(kmod, need->bound, &list);

	if (r < 0 || !list)
		return r;
	module = kmod_module_get_module(list);
	if (is_built_in(module) && is_named(module, need->bound) &&
	    claims(module, need->alias))
		r = take(drivers, module, MIDDLE_BUILT_IN);
	(void)kmod_module_unref(module);
	return r;
}

int drivers_find(struct kmod_ctx *kmod, const struct need *need, struct drivers *ret)
{
	auto_release(unref_listp) struct kmod_list *list = NULL;
	int r;

	*ret = (struct drivers){ .driver = MIDDLE_NONE };
	r = kmod_module_new_from_lookup(kmod, need->alias, &list);
	if (r == -EINVAL)
		return 0; /* an alias with a lone bracket: nobody claims that */
	if (r >= 0 && need->bound[0])
		r = take_bound(list, need->bound, ret);
	if (r >= 0 && need->bound[0] && ret->driver == MIDDLE_NONE)
		r = take_bound_built_in(kmod, need, ret);
	if (r >= 0 && ret->driver == MIDDLE_NONE)
		r = take_all(kmod, list, ret);
	return r < 0 ? r : 0;
}

void drivers_done(struct drivers *drivers)
{
	module_set_done(&drivers->modules);
}
