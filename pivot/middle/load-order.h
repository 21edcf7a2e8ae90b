/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Modules in the order to load them, with what each needs before and behind it. */

#include <stdbool.h>
#include <stddef.h>

struct kmod_module; /* libkmod.h */

struct module_set {
	size_t n;
	struct kmod_module **module; /* a reference each */
};

bool module_set_has(const struct module_set *set, struct kmod_module *module);
/* At its end. 0 or -ENOMEM. */
int module_set_add(struct module_set *set, struct kmod_module *module);
void module_set_done(struct module_set *set);

struct load_order {
	struct module_set modules; /* none that is built in */
	struct module_set seen;	   /* a module's soft dependencies may lead back to it */
};

/*
 * A module, behind its dependencies and between its soft ones. What is there already
 * stays where it is. 0 or negative errno.
 */
int load_order_add(struct load_order *order, struct kmod_module *module);

void load_order_done(struct load_order *order);
