/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <jansson.h>

/* A JSON string of any text. Names of the kernel need not be UTF-8, which JSON must be:
 * there what is not ASCII becomes "?". */
json_t *json_text(const char *text);
