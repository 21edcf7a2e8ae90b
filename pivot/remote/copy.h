/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Has the items over there, each under its name and whole, and no others than these. */

#include <stdbool.h>

#include "items.h"
#include "ssh.h"
#include "there.h"

/*
 * Copies what is not there, and goes on where a copy broke off. Files of earlier jumps
 * are removed where these are a tree's. 0 or negative errno, logged.
 */
int copy_items(const struct ssh *ssh, struct items *items, bool has_tree,
	       struct there *ret);

/* there.sh and a call behind it: for free(3). NULL without memory. */
char *copy_script(const char *call);
