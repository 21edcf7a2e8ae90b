/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Every device that can write to memory by itself: PCI functions, and what there is on
 * other buses (platform, VMBus, Xen) with a disk, a network interface, a USB controller
 * or the like on it.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pci.h"

enum { DEVICES_MAX = 1024 };

struct device {
	char bus[12];	 /* "pci", "platform", "vmbus", "xen": below /sys/bus */
	char name[64];	 /* "0000:00:1f.2" */
	char driver[40]; /* "" where none is bound */
	char holds[96];	 /* what people know it by: "eth0", "sda sdb"; "" */
	char lane[64];	 /* the bridge it is below, else its slot: devices of one lane are
			    put to rest one after another */
	uint16_t vendor, device; /* 0 where not on PCI */
	uint16_t class;		 /* base and subclass; of a device elsewhere what it would
				    be on PCI */
	uint8_t depth;	 /* functions above it on its way to the root, itself included */
	uint8_t resets;	 /* 1 << enum pci_reset for each that the kernel offers */
	int iommu_group; /* -1: none */
	unsigned int n_vfs; /* that it has enabled */
	bool has_children;  /* functions below it */
	bool is_virtual;    /* a VF of SR-IOV */
	bool is_console;    /* a tty of /proc/consoles hangs on it */
	bool is_bridge;	    /* by class or by header type */
	struct pci_state state;
};

struct devices {
	size_t n;
	bool has_more;
	bool has_virtio_console; /* a hvc is among the kernel's consoles */
	struct device device[DEVICES_MAX];
};

/* Below a root, in no order. 0 or negative errno. */
int devices_read(const char *root, struct devices *ret);

/* "network, e1000e, 8086:10d3, eth0", into text, which is returned. */
const char *device_describe(const struct device *device, char *text, size_t size);

/* "storage": what the class is to people. */
const char *device_class_name(uint16_t class);
