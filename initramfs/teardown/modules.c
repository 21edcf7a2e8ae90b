// SPDX-License-Identifier: GPL-2.0-or-later
#include "modules.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "pivot/base/acts.h"
#include "pivot/base/read.h"

enum { DEPTH_MAX = 8 };

static int unload(const char *root, const char *module, int depth)
{
	char path[128], holder[64];
	struct dir dir;

	if (depth == DEPTH_MAX)
		return -ELOOP;
	(void)snprintf(path, sizeof(path), "/sys/module/%.63s/holders", module);
	dir_for_each (&dir, name, root, path) {
		int r;

		(void)snprintf(holder, sizeof(holder), "%.63s", name);
		r = unload(root, holder, depth + 1);
		if (r < 0 && r != -ENOENT) {
			dir_done(&dir);
			return r;
		}
	}
	return act_unload_module(module);
}

int modules_unload(const char *root, const char *module)
{
	return unload(root, module, 0);
}
