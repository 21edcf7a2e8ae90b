/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "pack.h"

/*
 * A folder of a kernel's modules, or one with lib/modules/RELEASE in it. Of such a one
 * the release is known where it runs: all that there are come along, but no more of the
 * folder, which may be a root. 0 or negative errno, logged.
 */
int modules_pack(struct pack *pack, const char *option, const char *folder,
		 const char *path);
