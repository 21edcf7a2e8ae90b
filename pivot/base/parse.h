/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The one strict parser for numbers from outside. */

#include <stdint.h>

/*
 * The whole string must be digits of the base (10 or 16; 16 also takes a leading 0x) and
 * the value at most max. 0, or -EINVAL / -ERANGE; *ret only on success.
 */
int parse_u64(const char *text, int base, uint64_t max, uint64_t *ret);
