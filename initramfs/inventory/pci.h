/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* PCI functions. Source: Documentation/ABI/testing/sysfs-bus-pci, the PCI specification.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PCI_MAX = 1024 };

enum pci_class { /* base class << 8 | subclass */
		 PCI_BASE_STORAGE = 0x01,
		 PCI_BASE_NETWORK = 0x02,
		 PCI_BASE_DISPLAY = 0x03,
		 PCI_BASE_MULTIMEDIA = 0x04,
		 PCI_BASE_BRIDGE = 0x06,
		 PCI_BASE_COMMUNICATION = 0x07,
		 PCI_CLASS_COMMUNICATION_OTHER = 0x0780,
		 PCI_CLASS_USB = 0x0c03,
};

struct pci_function {
	char address[24]; /* "0000:00:1f.2" */
	char driver[40];  /* "" where none is bound */
	uint16_t vendor, device;
	uint16_t class; /* base and subclass */
	uint8_t depth;	/* functions above it on its way to the root, itself included */
	bool has_children;
	bool is_virtual;    /* a VF of SR-IOV */
	bool is_console;    /* a tty of /proc/consoles hangs on it */
	bool is_bridge;	    /* by class or by header type */
	bool is_readable;   /* its config space answers */
	bool is_bus_master; /* Command register, bit 2 */
};

struct pci {
	size_t n;
	bool has_more;
	bool has_virtio_console; /* a hvc is among the kernel's consoles */
	struct pci_function function[PCI_MAX];
};

/* <root>/sys/bus/pci/devices, in no order. A machine without PCI has none: 0. */
int pci_read(const char *root, struct pci *ret);

/* Is bus mastering on? 1, 0, or negative errno; -ENODEV where the device does not answer.
 */
int pci_read_bus_master(const char *root, const char *address);

/* "storage": what the class is to people. */
const char *pci_class_name(uint16_t class);
