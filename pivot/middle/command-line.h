/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The middle kernel's command line: of the running system's the consoles and the words
 * by which this hardware is known to work. Pure.
 */

#include <stddef.h>

/*
 * running: what /proc/cmdline says. append: put behind it as it stands; NULL: nothing.
 * The consoles come first, then what each middle kernel gets, then the words for the
 * hardware, each in the order it has there. 0; or -E2BIG where it does not fit into size
 * bytes with its NUL.
 */
int middle_command_line(const char *running, const char *append, char *ret, size_t size);
