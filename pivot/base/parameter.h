/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stddef.h>

/*
 * The value, *n bytes, of the last "name=value" on a kernel's command line, whose
 * parameters have blanks between; or NULL.
 */
const char *parameter_find(const char *line, const char *name, size_t *n);
