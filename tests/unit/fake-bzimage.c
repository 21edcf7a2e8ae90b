// SPDX-License-Identifier: GPL-2.0-or-later
#include "fake-bzimage.h"

#include <string.h>

/* Offsets: Documentation/arch/x86/boot.rst. */
static void put(uint8_t *image, size_t at, uint32_t value)
{
	memcpy(image + at, &value, sizeof(value));
}

void fake_bzimage(uint8_t *image, size_t n)
{
	const uint32_t body = (uint32_t)(n - BZIMAGE_SETUP_BYTES);

	memset(image, 0, BZIMAGE_SETUP_BYTES);
	memcpy(image, "MZ", 2);
	image[0x1f1] = BZIMAGE_SETUP_BYTES / 512 - 1;
	put(image, 0x1f4, body / 16); /* syssize */
	image[0x1fe] = 0x55;
	image[0x1ff] = 0xaa;
	memcpy(image + 0x200, "\xeb\x6a", 2); /* over the header */
	memcpy(image + 0x202, "HdrS\x0f\x02", 6);
	image[0x20f] = 0x01;	    /* the release, at 0x300 */
	image[0x211] = 1;	    /* LOADED_HIGH */
	put(image, 0x230, 2 << 20); /* alignment */
	image[0x234] = 1;	    /* relocatable */
	image[0x236] = 0x7f;	    /* xloadflags */
	put(image, 0x238, BZIMAGE_COMMAND_LINE_MAX);
	put(image, 0x258, 16 << 20);			/* pref_address */
	put(image, 0x260, (body + 4095) / 4096 * 4096); /* init_size */
	memcpy(image + 0x300, "6.1.0-56-amd64 (a@b) #1 SMP", 28);
}
