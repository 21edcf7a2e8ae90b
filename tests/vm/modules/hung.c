// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A driver that does not come back from its .remove, for QEMU's device `edu`, which no
 * other driver wants.
 *
 *	insmod hung.ko                      the driver `hung`: never
 *	insmod hung.ko remove_seconds=5     the driver `slow`: after five seconds
 *
 * Either way it keeps the device's lock meanwhile, as the driver core has it.
 */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/module.h>
#include <linux/pci.h>

static unsigned int remove_seconds;
module_param(remove_seconds, uint, 0444);
MODULE_PARM_DESC(remove_seconds, "how long .remove takes; 0: for ever");

static int hung_probe(struct pci_dev *device, const struct pci_device_id *id)
{
	int r = pcim_enable_device(device);

	if (r)
		return r;
	pci_set_master(device);
	return 0;
}

static void hung_remove(struct pci_dev *device)
{
	DECLARE_COMPLETION_ONSTACK(answer);

	if (remove_seconds)
		ssleep(remove_seconds);
	else
		/* as drivers hang in the field: for an answer that does not come, deaf to
		 * SIGKILL */
		wait_for_completion(&answer);
	pci_clear_master(device);
}

static const struct pci_device_id hung_ids[] = {
	{ PCI_DEVICE(0x1234, 0x11e8) },
	{},
};

static struct pci_driver hung_driver = {
	.name = "hung",
	.id_table = hung_ids,
	.probe = hung_probe,
	.remove = hung_remove,
};

static int __init hung_init(void)
{
	if (remove_seconds)
		hung_driver.name = "slow";
	return pci_register_driver(&hung_driver);
}

/* no module_exit(): the module stays, as long as its .remove may run */
module_init(hung_init);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("a driver whose .remove hangs, or is slow");
