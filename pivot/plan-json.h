/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "initramfs/plan.h"
#include "journey.h"

/*
 * The plan as one JSON object on standard output, its members in the order of the text;
 * pivot-kexec(8) describes it. 0 or negative errno; logged.
 */
int plan_print_json(const struct journey *journey, const struct plan *plan);
