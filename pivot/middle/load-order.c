// SPDX-License-Identifier: GPL-2.0-or-later
#include "load-order.h"

#include <errno.h>
#include <libkmod.h>
#include <stdlib.h>
#include <string.h>

bool module_set_has(const struct module_set *set, struct kmod_module *module)
{
	const char *name = kmod_module_get_name(module);

	for (size_t i = 0; i < set->n; i++)
		if (strcmp(kmod_module_get_name(set->module[i]), name) == 0)
			return true;
	return false;
}

int module_set_add(struct module_set *set, struct kmod_module *module)
{
	struct kmod_module **more =
		reallocarray(set->module, set->n + 1, sizeof(struct kmod_module *));

	if (!more)
		return -ENOMEM;
	set->module = more;
	more[set->n++] = kmod_module_ref(module);
	return 0;
}

void module_set_done(struct module_set *set)
{
	for (size_t i = 0; i < set->n; i++)
		(void)kmod_module_unref(set->module[i]);
	free(set->module);
	*set = (struct module_set){ 0 };
}

static int add_each(struct load_order *order, struct kmod_list *list)
{
	struct kmod_list *at;
	int r = 0;

	kmod_list_foreach (at, list) {
		struct kmod_module *module = kmod_module_get_module(at);

		if (r == 0)
			r = load_order_add(order, module);
		(void)kmod_module_unref(module);
	}
	return r;
}

static int append(struct load_order *order, struct kmod_module *module)
{
	/* no file: it is built in */
	if (!kmod_module_get_path(module) || module_set_has(&order->modules, module))
		return 0;
	return module_set_add(&order->modules, module);
}

/*
 * libkmod's own order, which only modprobe gets to see. It lists a module's dependencies
 * with theirs, each behind what it needs itself.
 */
int load_order_add(struct load_order *order, struct kmod_module *module)
{
	struct kmod_list *needed, *pre = NULL, *post = NULL;
	int r;

	if (module_set_has(&order->seen, module))
		return 0;
	r = module_set_add(&order->seen, module);
	if (r < 0)
		return r;
	needed = kmod_module_get_dependencies(module);
	r = kmod_module_get_softdeps(module, &pre, &post);
	if (r >= 0)
		r = add_each(order, needed);
	if (r >= 0)
		r = add_each(order, pre);
	if (r >= 0)
		r = append(order, module);
	if (r >= 0)
		r = add_each(order, post);
	(void)kmod_module_unref_list(needed);
	(void)kmod_module_unref_list(pre);
	(void)kmod_module_unref_list(post);
	return r;
}

void load_order_done(struct load_order *order)
{
	module_set_done(&order->modules);
	module_set_done(&order->seen);
}
