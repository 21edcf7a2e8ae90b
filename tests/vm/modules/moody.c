// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A network card that keeps a session with its driver, and does not work for the next one
 * before that has ended. QEMU's device `edu` is the card: what is in its register
 * SESSION and in its buffer is in the device, and nothing in a kexec changes it. Its
 * frames come back to it, by DMA both ways.
 *
 *	insmod moody.ko                   gives up where a session is open: it did not
 *	                                  begin it, and does not know in which state it is
 *	insmod moody.ko ends_foreign=1    ends it, as it would its own
 *
 * So cards behave whose firmware talks to its driver (RAID controllers that are still
 * OPERATIONAL, NICs whose command queues have a position), and so their drivers differ,
 * from one kernel to another. The driver ends its session in .remove; it has no
 * .shutdown, as most have none.
 */
#include <linux/delay.h>
#include <linux/etherdevice.h>
#include <linux/module.h>
#include <linux/pci.h>

/* docs/specs/edu.rst of QEMU */
enum {
	IDENTITY = 0x00,
	IS_EDU = 0x010000ed,
	SESSION = 0x04, /* gives back the complement of what was written */
	DMA_FROM = 0x80,
	DMA_TO = 0x88,
	DMA_BYTES = 0x90,
	DMA_COMMAND = 0x98,
	DMA_RUN = 1, /* until it is done */
	DMA_TO_MEMORY = 2,
	BUFFER = 0x40000,
	BUFFER_BYTES = 4096,
	DMA_BITS = 28,
};

enum { DMA_LOOKS = 100, DMA_LOOK_MS = 10 };

static bool ends_foreign;
module_param(ends_foreign, bool, 0444);
MODULE_PARM_DESC(ends_foreign, "end a session that another driver has begun");

struct moody {
	void __iomem *registers;
	struct net_device *net;
	struct work_struct send;
	struct sk_buff *skb; /* on its way */
	void *memory;
	dma_addr_t bus;
};

static void moody_set_session(struct moody *card, u32 session)
{
	writel(~session, card->registers + SESSION);
}

static int moody_move(struct moody *card, u32 from, u32 to, u32 bytes, u32 direction)
{
	writel(from, card->registers + DMA_FROM);
	writel(to, card->registers + DMA_TO);
	writel(bytes, card->registers + DMA_BYTES);
	writel(DMA_RUN | direction, card->registers + DMA_COMMAND);
	for (int i = 0; i < DMA_LOOKS; i++) {
		if (!(readl(card->registers + DMA_COMMAND) & DMA_RUN))
			return 0;
		msleep(DMA_LOOK_MS);
	}
	return -ETIMEDOUT;
}

static void moody_receive(struct moody *card, u32 bytes)
{
	struct sk_buff *skb = netdev_alloc_skb_ip_align(card->net, bytes);

	if (!skb)
		return;
	skb_put_data(skb, card->memory, bytes);
	skb->protocol = eth_type_trans(skb, card->net);
	dev_sw_netstats_rx_add(card->net, bytes);
	netif_rx(skb);
}

static void moody_send(struct work_struct *work)
{
	struct moody *card = container_of(work, struct moody, send);
	u32 bytes = card->skb->len;
	int r;

	skb_copy_from_linear_data(card->skb, card->memory, bytes);
	r = moody_move(card, card->bus, BUFFER, bytes, 0);
	memset(card->memory, 0, bytes);
	if (r == 0)
		r = moody_move(card, BUFFER, card->bus, bytes, DMA_TO_MEMORY);
	/* only what has been in the card has come in */
	if (r == 0 && memcmp(card->memory, card->skb->data, bytes) == 0)
		moody_receive(card, bytes);
	dev_kfree_skb(card->skb);
	netif_wake_queue(card->net);
}

static netdev_tx_t moody_transmit(struct sk_buff *skb, struct net_device *net)
{
	struct moody *card = netdev_priv(net);

	netif_stop_queue(net); /* one at a time */
	card->skb = skb;
	schedule_work(&card->send);
	return NETDEV_TX_OK;
}

static int moody_open(struct net_device *net)
{
	netif_start_queue(net);
	return 0;
}

static int moody_stop(struct net_device *net)
{
	struct moody *card = netdev_priv(net);

	netif_stop_queue(net);
	flush_work(&card->send);
	return 0;
}

static const struct net_device_ops moody_operations = {
	.ndo_open = moody_open,
	.ndo_stop = moody_stop,
	.ndo_start_xmit = moody_transmit,
	.ndo_get_stats64 = dev_get_tstats64,
};

static int moody_begin(struct moody *card, struct pci_dev *device)
{
	if (readl(card->registers + IDENTITY) != IS_EDU)
		return -ENODEV; /* it does not answer */
	if (readl(card->registers + SESSION) != 0) {
		if (!ends_foreign) {
			pci_err(device, "the card is in a session of another driver\n");
			return -EBUSY;
		}
		pci_info(device, "ending a session of another driver\n");
		moody_set_session(card, 0);
	}
	moody_set_session(card, 1);
	return 0;
}

static int moody_set_up(struct pci_dev *device, struct moody *card)
{
	int r = pcim_enable_device(device);

	if (r == 0)
		r = pcim_iomap_regions(device, 1, "moody");
	if (r == 0)
		r = dma_set_mask_and_coherent(&device->dev, DMA_BIT_MASK(DMA_BITS));
	if (r)
		return r;
	card->registers = pcim_iomap_table(device)[0];
	card->memory =
		dmam_alloc_coherent(&device->dev, BUFFER_BYTES, &card->bus, GFP_KERNEL);
	card->net->tstats =
		devm_netdev_alloc_pcpu_stats(&device->dev, struct pcpu_sw_netstats);
	if (!card->memory || !card->net->tstats)
		return -ENOMEM;
	pci_set_master(device);
	return moody_begin(card, device);
}

static int moody_probe(struct pci_dev *device, const struct pci_device_id *id)
{
	struct net_device *net = devm_alloc_etherdev(&device->dev, sizeof(struct moody));
	struct moody *card;
	int r;

	if (!net)
		return -ENOMEM;
	card = netdev_priv(net);
	card->net = net;
	INIT_WORK(&card->send, moody_send);
	r = moody_set_up(device, card);
	if (r)
		return r;
	strscpy(net->name, "moody%d", sizeof(net->name));
	net->netdev_ops = &moody_operations;
	eth_hw_addr_random(net);
	SET_NETDEV_DEV(net, &device->dev);
	pci_set_drvdata(device, card);
	return register_netdev(net);
}

static void moody_remove(struct pci_dev *device)
{
	struct moody *card = pci_get_drvdata(device);

	unregister_netdev(card->net);
	moody_set_session(card, 0);
	pci_clear_master(device);
}

static const struct pci_device_id moody_ids[] = {
	{ PCI_DEVICE(0x1234, 0x11e8) },
	{},
};
MODULE_DEVICE_TABLE(pci, moody_ids);

static struct pci_driver moody_driver = {
	.name = "moody",
	.id_table = moody_ids,
	.probe = moody_probe,
	.remove = moody_remove,
};

module_pci_driver(moody_driver);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("a network card that keeps a session with its driver");
