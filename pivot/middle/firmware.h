/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Firmware, where the kernel looks for it. Source: drivers/base/firmware_loader/main.c;
 * Documentation/driver-api/firmware/fw_search_path.rst. */

#include "modules.h"

/*
 * What a driver asks for by this name, which may be a pattern of glob(7), below a root
 * and for a kernel release: appended to ret. What is not there is not, and what does not
 * fit counts as left out. 0 or -ENOMEM; a file that cannot be read is logged.
 */
int firmware_add(const char *root, const char *release, const char *name,
		 struct middle_modules *ret);
