/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What a file is that is no bzImage, or no initrd, from its first bytes.
 * Sources: Documentation/arch/arm64/booting.rst; the PE/COFF specification; the
 * UAPI group's UAPI.5 (unified kernel images); lib/decompress.c.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "head.h"

/*
 * What a file that should be a kernel is instead, as the end of a sentence with its way
 * out: "is gzip data: ...".
 */
void kernel_kind_describe(const struct head *head, char *why_not, size_t size);

/* A kernel in another format, or another program: kernel_kind_describe() says which. */
bool kernel_kind_is_program(const struct head *head);

/* What a file that should be an initrd is instead, or NULL: nothing speaks against it. */
const char *kernel_why_no_initrd(const uint8_t *head, size_t n);
