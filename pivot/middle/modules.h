/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The modules that drive this machine's devices in the middle kernel, and the firmware
 * these ask for. Only devices that are to be put to rest are given a driver: what is kept
 * as it is (displays, bridges) is nobody's business there either.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel.h"
#include "pivot/hardware.h"

struct middle_module {
	char *name;    /* "snd_hda_intel": as the kernel calls it */
	char *path;    /* below the modules' folder, without what it is compressed by:
			  "kernel/drivers/net/ethernet/intel/e1000/e1000.ko" */
	char *options; /* "a=1 b=2", as the running system gives it; "": none */
	void *data;    /* not compressed, with its signature */
	size_t size;
	bool is_out_of_tree;
};

struct middle_firmware {
	char *name; /* "bnx2x/bnx2x-e2-7.13.21.0.fw": as a driver asks for it */
	void *data; /* not compressed */
	size_t size;
};

enum middle_driver {
	MIDDLE_MODULE,	    /* at least one of its drivers is a module to carry */
	MIDDLE_BUILT_IN,    /* all of them are in the kernel */
	MIDDLE_BLACKLISTED, /* the running system forbids each that there is */
	MIDDLE_NONE,	    /* nothing there drives it */
};

/* One that is to be put to rest; no virtual function, which comes with its card. */
struct middle_device {
	const struct device *device; /* of the hardware given */
	enum middle_driver driver;
	char names[128]; /* of the drivers' modules, "virtio_pci virtio_net"; those that
			    are blacklisted where all are; "" where there is none */
};

struct middle_modules {
	size_t n;
	struct middle_module *module; /* in the order to load them: no one before what it
					 needs */
	size_t n_firmware;
	struct middle_firmware *firmware;
	size_t n_devices;
	struct middle_device *device;
	uint64_t module_bytes, firmware_bytes; /* of all data */
	size_t n_firmware_left_out;	       /* did not fit */
};

enum {
	/* all there is of it lies in memory twice; no machine's devices need as much,
	   unless for a wireless card that lists all it ever had */
	MIDDLE_FIRMWARE_BYTES = 64 << 20,
};

/*
 * Chooses and reads them. A kernel without modules gives no module, and each device
 * MIDDLE_NONE. The same machine gives the same, in the same order. 0 or negative errno,
 * logged; *ret needs middle_modules_done() either way.
 */
int middle_modules_read(const char *root, const struct middle_kernel *kernel,
			const struct hardware *hardware, const struct handover *handover,
			struct middle_modules *ret);

void middle_modules_done(struct middle_modules *modules);
