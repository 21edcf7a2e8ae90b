// SPDX-License-Identifier: GPL-2.0-or-later
#include "pci.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/pci_regs.h>
#include <unistd.h>

#include "pivot/base/cleanup.h"
#include "pivot/base/clock.h"
#include "pivot/base/file.h"
#include "pivot/base/read.h"

enum {
	CONFIG_BYTES = 256,
	CAPABILITIES_MAX = (CONFIG_BYTES - PCI_STD_HEADER_SIZEOF) / 4
};

enum { IDLE_TIMEOUT_MS = 1000 };

static const char *const reset_names[] = {
	[PCI_RESET_DEVICE_SPECIFIC] = "device_specific",
	[PCI_RESET_FLR] = "flr",
	[PCI_RESET_AF_FLR] = "af_flr",
	[PCI_RESET_PM] = "pm",
	[PCI_RESET_BUS] = "bus",
};

const char *pci_reset_name(enum pci_reset reset)
{
	return reset_names[reset];
}

/* Its header at least; what the kernel does not show (to a user) stays 0. */
static int read_config(const char *root, const char *address, uint8_t *config)
{
	char path[PATH_MAX];
	auto_close int fd = -1;
	ssize_t n;
	int r = read_path(path, sizeof(path), root, "/sys/bus/pci/devices/%s/config",
			  address);

	if (r < 0)
		return r;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = file_read_at(fd, config, CONFIG_BYTES, 0);
	if (n < 0)
		return (int)n;
	return n < PCI_STD_HEADER_SIZEOF ? -EIO : 0;
}

static unsigned int word_at(const uint8_t *config, unsigned int at)
{
	return at + 1 < CONFIG_BYTES ? config[at] | (unsigned int)config[at + 1] << 8 : 0;
}

static void read_capability(const uint8_t *config, unsigned int at, struct pci_state *ret)
{
	switch (config[at]) {
	case PCI_CAP_ID_PM:
		ret->power = word_at(config, at + PCI_PM_CTRL) & PCI_PM_CTRL_STATE_MASK;
		break;
	case PCI_CAP_ID_MSI:
		ret->has_msi = word_at(config, at + PCI_MSI_FLAGS) & PCI_MSI_FLAGS_ENABLE;
		break;
	case PCI_CAP_ID_MSIX:
		ret->has_msix =
			word_at(config, at + PCI_MSIX_FLAGS) & PCI_MSIX_FLAGS_ENABLE;
		break;
	case PCI_CAP_ID_EXP:
		ret->is_pending =
			word_at(config, at + PCI_EXP_DEVSTA) & PCI_EXP_DEVSTA_TRPND;
		break;
	}
}

static void read_capabilities(const uint8_t *config, struct pci_state *ret)
{
	unsigned int at = config[PCI_CAPABILITY_LIST] & ~3U;

	if (!(word_at(config, PCI_STATUS) & PCI_STATUS_CAP_LIST))
		return;
	/* the list of a broken device may go round */
	for (int i = 0; at >= PCI_STD_HEADER_SIZEOF && i < CAPABILITIES_MAX; i++) {
		read_capability(config, at, ret);
		at = config[at + PCI_CAP_LIST_NEXT] & ~3U;
	}
}

int pci_read_state(const char *root, const char *address, struct pci_state *ret)
{
	uint8_t config[CONFIG_BYTES] = { 0 };
	int r = read_config(root, address, config);

	*ret = (struct pci_state){ 0 };
	if (r < 0)
		return r;
	/* it fell off its bus; a VF's vendor alone is so, since its PF's holds for it */
	if (word_at(config, PCI_VENDOR_ID) == 0xffff &&
	    word_at(config, PCI_COMMAND) == 0xffff)
		return -ENODEV;
	ret->is_readable = true;
	ret->command = (uint16_t)word_at(config, PCI_COMMAND);
	ret->is_bus_master = ret->command & PCI_COMMAND_MASTER;
	ret->header_type = config[PCI_HEADER_TYPE] & PCI_HEADER_TYPE_MASK;
	read_capabilities(config, ret);
	return 0;
}

int pci_wait_idle(const char *root, const char *address)
{
	const uint64_t end = clock_ms() + IDLE_TIMEOUT_MS;
	struct pci_state state;
	int r;

	while ((r = pci_read_state(root, address, &state)) == 0 && state.is_pending) {
		if (clock_ms() >= end)
			return -ETIMEDOUT;
		clock_sleep_ms(10);
	}
	return r;
}
