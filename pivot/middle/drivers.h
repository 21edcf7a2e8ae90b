/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Which modules drive what, as libkmod finds it among the middle kernel's. */

#include "load-order.h"
#include "modules.h"
#include "needs.h"

struct kmod_ctx; /* libkmod.h */

struct drivers {
	enum middle_driver driver;
	struct module_set modules; /* those by which it is that */
};

/*
 * The module of the driver bound now, where that is among those that claim it; else all
 * that do, as udev loads them. 0 or negative errno; *ret needs drivers_done() either way.
 */
int drivers_find(struct kmod_ctx *kmod, const struct need *need, struct drivers *ret);

void drivers_done(struct drivers *drivers);
