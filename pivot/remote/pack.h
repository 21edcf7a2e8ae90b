/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * A folder as a tarball in an unnamed file, as GNU tar writes it and busybox reads it.
 * shown is its name for people. A descriptor, read-only, or negative errno, logged.
 */
int pack_folder(const char *folder, const char *shown);
