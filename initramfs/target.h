/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The target, where the tool has left it in the stage to be loaded at the very end. Else
 * it is loaded already.
 */

#include "teardown/teardown.h"

/*
 * Opens it, before whoever holds its files open ends. 0, also where there is none; or
 * negative errno, logged.
 */
int target_open(const char *stage_path);

/* Is it in the stage? */
bool target_is_here(void);

/*
 * Loads it, with the report where the handover wants that. 0 or negative errno, logged.
 */
int target_load(struct teardown *teardown);

/* For the last moment: do its pages lie where they lay? Where not it is loaded anew. 0 or
 * negative errno, logged. */
int target_look_again(void);
