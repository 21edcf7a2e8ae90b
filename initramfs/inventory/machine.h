/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What the machine calls itself. */

struct machine {
	/* "Dell Inc. PowerEdge R710 00W9X3": vendor, product and board as DMI has them;
	 * "" where there is none. Source: Documentation/ABI/testing/sysfs-class-dmi. */
	char dmi[192];
	/* the running kernel: 6.1.192 is 0x0601c0, a part beyond 255 is 255; 0 where it
	 * is not known */
	unsigned int kernel;
};

/* Never fails: what cannot be read is empty. */
void machine_read(const char *root, struct machine *ret);

/* "5.14", "6.1.192-amd64" as a number to compare; -EINVAL where it begins otherwise. */
int machine_parse_kernel(const char *release, unsigned int *ret);
