/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Checksums of pages that cannot be read, joined. */

#include <stdint.h>

/* crc32c(crc, page, PAGE_BYTES), of a page of which only crc32c(0, page, PAGE_BYTES) is
 * known. */
uint32_t crc32c_add_page(uint32_t crc, uint32_t page_crc);
