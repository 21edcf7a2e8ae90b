// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A driver that does not come back from its .remove, for QEMU's device `edu`, which no
 * other driver wants.
 *
 *	insmod hung.ko                      the driver `hung`: never
 *	insmod hung.ko remove_seconds=5     the driver `slow`: after five seconds
 *	insmod hung.ko hangs_in_probe=1     does not even come back from its .probe
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

static bool hangs_in_probe;
module_param(hangs_in_probe, bool, 0444);
MODULE_PARM_DESC(hangs_in_probe, "whether .probe hangs, too");

/* as drivers hang in the field: for an answer that does not come, deaf to SIGKILL */
static void hang(void)
{
	DECLARE_COMPLETION_ONSTACK(answer);

	wait_for_completion(&answer);
}

static int hung_probe(struct pci_dev *device, const struct pci_device_id *id)
{
	int r = pcim_enable_device(device);

	if (r)
		return r;
	if (hangs_in_probe)
		hang();
	pci_set_master(device);
	return 0;
}

static void hung_remove(struct pci_dev *device)
{
	if (remove_seconds)
		ssleep(remove_seconds);
	else
		hang();
	pci_clear_master(device);
}

static const struct pci_device_id hung_ids[] = {
	{ PCI_DEVICE(0x1234, 0x11e8) },
	{},
};
MODULE_DEVICE_TABLE(pci, hung_ids);

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
MODULE_DESCRIPTION("a driver whose .remove or .probe hangs, or is slow");
