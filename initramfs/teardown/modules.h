/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Unloads a module, and before it those that use it. 0 or negative errno. */
int modules_unload(const char *root, const char *module);
