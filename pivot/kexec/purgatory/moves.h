/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What the purgatory does with pages. An address is a pointer here. */

#include "pivot/kexec/purgatory.h"

/* The first move whose pages are not what they were, or NULL; changes nothing. */
const struct move *purgatory_check(const struct purgatory_job *job);

/* Makes the moves, in their order. */
void purgatory_move(const struct purgatory_job *job);
