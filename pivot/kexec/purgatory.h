/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdint.h>

/* Pages to move, by the numbers of their 4 KiB frames. to == from: they are only checked.
 */
struct move {
	uint64_t to, from;
	uint32_t pages;
	uint32_t crc; /* crc32c of the pages */
};
