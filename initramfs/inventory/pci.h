/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The config space of a PCI function. Source: linux/pci_regs.h, the PCI specifications.
 */

#include <stdbool.h>
#include <stdint.h>

enum { /* base class */
       PCI_BASE_STORAGE = 0x01,
       PCI_BASE_NETWORK = 0x02,
       PCI_BASE_DISPLAY = 0x03,
       PCI_BASE_MULTIMEDIA = 0x04,
       PCI_BASE_MEMORY = 0x05,
       PCI_BASE_BRIDGE = 0x06,
       PCI_BASE_COMMUNICATION = 0x07,
};

enum { /* base class << 8 | subclass */
       PCI_CLASS_STORAGE_OTHER = 0x0180,
       PCI_CLASS_NVME = 0x0108,
       PCI_CLASS_ETHERNET = 0x0200,
       PCI_CLASS_DISPLAY_OTHER = 0x0380,
       PCI_CLASS_MULTIMEDIA_OTHER = 0x0480,
       PCI_CLASS_COMMUNICATION_OTHER = 0x0780,
       PCI_CLASS_BRIDGE_OTHER = 0x0680, /* or anything: Ethernet of an nForce */
       PCI_CLASS_INTERRUPTS = 0x0800,	/* an I/O APIC among them */
       PCI_CLASS_IOMMU = 0x0806,
       PCI_CLASS_USB = 0x0c03,
       PCI_CLASS_INFINIBAND = 0x0c06,
};

/* The methods that are safe without knowing the device, and the bus. Source:
 * Documentation/ABI/testing/sysfs-bus-pci, reset_method. */
enum pci_reset { /* the best first */
		 PCI_RESET_DEVICE_SPECIFIC,
		 PCI_RESET_FLR,
		 PCI_RESET_AF_FLR,
		 PCI_RESET_PM,
		 PCI_RESET_BUS,
		 PCI_RESETS,
};

/* "flr": as reset_method has it. */
const char *pci_reset_name(enum pci_reset reset);

struct pci_state {
	bool is_readable;   /* false: it does not answer, and nothing below is known */
	bool is_bus_master; /* Command, bit 2 */
	bool has_msi;	    /* MSI enabled: Message Control, bit 0 */
	bool has_msix;	    /* MSI-X enabled: Message Control, bit 15 */
	bool is_pending;    /* transactions pending: PCIe Device Status, bit 5 */
	uint8_t power;	    /* D0 to D3: 0 to 3 */
	uint8_t header_type;
	uint16_t command; /* the whole register */
};

/* Waits until it has no transactions pending, for a second at most. 0, -ETIMEDOUT, or
 * another negative errno. */
int pci_wait_idle(const char *root, const char *address);

/* 0; -ENODEV where the device does not answer; another negative errno. */
int pci_read_state(const char *root, const char *address, struct pci_state *ret);
