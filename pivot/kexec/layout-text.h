/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "pivot/kexec/layout.h"

enum { LAYOUT_TEXT_BYTES = 512 };

/*
 * The layout for people, in order of its addresses, a line of up to 90 columns for each
 *of what is there:
 *
 *	control  0x000000100000-0x000000180000  512 KiB
 *	kernel   0x000001000000-0x000001c00000  12 MiB, unpacks to 0x000003e00000
 *	initrd   0x00006d400000-0x000080000000  300 MiB
 *
 * Returns buf.
 */
const char *layout_text(const struct layout_request *request, const struct layout *layout,
			char buf[LAYOUT_TEXT_BYTES]);

/* "no free stretch of 300 MiB for the initrd". Returns buf. */
const char *layout_lack_text(const struct layout_request *request, enum layout_lack lack,
			     char buf[LAYOUT_TEXT_BYTES]);
