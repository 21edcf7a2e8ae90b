// SPDX-License-Identifier: GPL-2.0-or-later
#include "crc32c-pages.h"

#include "crc32c.h"
#include "pivot/base/pages.h"

/*
 * A checksum is linear in the one before it: what each bit of that becomes behind a page
 * does not depend on the page, nor on the other bits.
 */
static uint32_t become[32];

static void find_out(void)
{
	static uint8_t page[PAGE_BYTES]; /* const it would make the init a page longer */

	for (int bit = 0; bit < 32; bit++)
		become[bit] = crc32c(1U << bit, page, sizeof(page)) ^
			      crc32c(0, page, sizeof(page));
}

uint32_t crc32c_add_page(uint32_t crc, uint32_t page_crc)
{
	if (!become[0])
		find_out();
	for (int bit = 0; bit < 32; bit++)
		if (crc & 1U << bit)
			page_crc ^= become[bit];
	return page_crc;
}
