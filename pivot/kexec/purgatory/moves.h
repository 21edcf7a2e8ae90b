/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What the purgatory does with pages. An address is a pointer here. */

#include <stdbool.h>

#include "pivot/kexec/purgatory.h"

/*
 * Is everything what it was? If not, *changed is the first move whose pages are not, or
 * NULL where it is the array itself. Changes nothing.
 */
bool purgatory_check(const struct purgatory_job *job, const struct move **changed);

/* Makes the moves, in their order. */
void purgatory_move(const struct purgatory_job *job);
