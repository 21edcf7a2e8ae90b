// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Makes working devices such that kexec does not stop.
 *
 *	insmod flaky.ko devices=0000:00:11.0,0000:00:12.0
 *
 * At a kexec, pci_device_shutdown() has two means against a device that moves memory:
 * the driver's .shutdown, and clearing the device's bus mastering. The module takes both
 * away, and touches neither the device nor any other code of its driver. Both are missing
 * in the field, too:
 *
 * - Most drivers have no .shutdown: 79 of the 145 for Ethernet in Linux 7.3.
 * - Bus mastering is cleared only where the kernel believes the device to be powered
 *   (current_state <= PCI_D3hot). It does not where the state is PCI_UNKNOWN: after a
 *   failed transition, or, up to Linux 6.15, where no driver has enabled the device and
 *   the firmware has. Devices that are not on PCI have no such bit at all, and some that
 *   have it must keep it, or they hang (NVMe of some clouds).
 *
 * What is left is .remove, as the driver's authors wrote it. So the machine shows what is
 * left running by a kexec, which relies on .shutdown, and by a teardown that unbinds.
 */
#include <linux/module.h>
#include <linux/pci.h>

enum { DEVICES_MAX = 8 };

static char *devices[DEVICES_MAX];
static unsigned int n_devices;
module_param_array(devices, charp, &n_devices, 0444);
MODULE_PARM_DESC(devices, "addresses of PCI functions, as 0000:00:11.0");

static struct pci_dev *flaky_find(const char *address)
{
	unsigned int domain, bus, slot, function;

	if (sscanf(address, "%x:%x:%x.%x", &domain, &bus, &slot, &function) != 4)
		return NULL;
	return pci_get_domain_bus_and_slot(domain, bus, PCI_DEVFN(slot, function));
}

static int flaky_make(const char *address)
{
	struct pci_dev *device = flaky_find(address);
	int r = -ENODEV;

	if (!device)
		return r;
	device_lock(&device->dev); /* the driver does not change meanwhile */
	if (device->dev.driver) {
		to_pci_driver(device->dev.driver)->shutdown = NULL;
		device->current_state = PCI_UNKNOWN;
		pci_info(device, "kexec does not stop it any more\n");
		r = 0;
	}
	device_unlock(&device->dev);
	pci_dev_put(device);
	return r;
}

static int __init flaky_init(void)
{
	int r = n_devices ? 0 : -EINVAL;

	for (unsigned int i = 0; r == 0 && i < n_devices; i++)
		r = flaky_make(devices[i]);
	return r;
}

/* no module_exit(): there is no way back */
module_init(flaky_init);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("takes from PCI devices what would stop them at a kexec");
