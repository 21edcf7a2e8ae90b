/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What a device needs drivers for: itself; what is below it where the driver of that does
 * the DMA (virtio); and above it what it would not be there without (VMD, Hyper-V's PCI).
 */

#include <stdbool.h>
#include <stddef.h>

#include "initramfs/inventory/devices.h"

enum { NEEDS_MAX = 16 };

struct need {
	char alias[512]; /* "pci:v00008086d000010D3...": its modalias */
	char bound[64];	 /* the module of the driver it has now; "" */
	bool is_above;
};

struct needs {
	size_t n;
	struct need need[NEEDS_MAX]; /* from the top down */
};

/* Below a root. What cannot be read is not there. */
void needs_read(const char *root, const struct device *device, struct needs *ret);
