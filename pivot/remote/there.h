/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What there.sh has found on the other machine. */

#include <stdbool.h>

#include "items.h"

struct there {
	bool is_root;
	char become[16];  /* a command that gives root; "": it has it */
	char folder[256]; /* no word of it needs quotes in any shell */
};

/*
 * Takes in the lines of its prepare, for the items too; changes said. What a login shell
 * has printed among them is passed over. 0; or negative errno, logged: among others why
 * that machine will not do.
 */
int there_parse(char *said, const char *host, struct items *items, struct there *ret);

/* How many files its finish has found to be other than their names say. Changes said. */
int there_count_bad(char *said);
