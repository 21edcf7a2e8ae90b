/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <jansson.h>

#include "journey.h"

/* A list of objects of severity, id and text. */
json_t *check_findings_json(const struct findings *findings);

/* Prints what was found as one JSON object; pivot-kexec(8) describes it. 0 or negative
 * errno, logged. */
int check_print_json(const struct journey *journey);
