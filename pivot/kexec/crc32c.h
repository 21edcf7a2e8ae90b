/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * CRC-32C (Castagnoli; RFC 3720, 12.1), to see whether memory is still what it was. Needs
 * no library: the purgatory compiles it too.
 */

#include <stddef.h>
#include <stdint.h>

/*
 * The checksum of n bytes behind data whose checksum is crc, 0 at the beginning:
 * crc32c(crc32c(0, a), b) is that of a and b. By the processor's instruction (SSE4.2), or
 * by tables that the first call makes: that one not in two threads at once.
 */
uint32_t crc32c(uint32_t crc, const void *data, size_t n);

/* The same by the tables, whatever the processor has. */
uint32_t crc32c_by_tables(uint32_t crc, const void *data, size_t n);
