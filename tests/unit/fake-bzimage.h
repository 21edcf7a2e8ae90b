/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The least that is a kernel to the parser; see tests/unit/test-kernel.c. */

#include <stddef.h>
#include <stdint.h>

enum { BZIMAGE_SETUP_BYTES = 4096, BZIMAGE_COMMAND_LINE_MAX = 1792 };

/*
 * The header, into the first bytes of an image of n: relocatable, from 16 MiB on, aligned
 * to 2 MiB, and unpacked in no more than it has.
 */
void fake_bzimage(uint8_t *image, size_t n);
