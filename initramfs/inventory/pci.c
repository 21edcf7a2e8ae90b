// SPDX-License-Identifier: GPL-2.0-or-later
#include "pci.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "pivot/base/cleanup.h"
#include "pivot/base/macros.h"
#include "pivot/base/read.h"

/* Offsets in config space; source: linux/pci_regs.h. */
enum { CONFIG_VENDOR = 0x00, CONFIG_COMMAND = 0x04, CONFIG_HEADER_TYPE = 0x0e };
enum { CONFIG_HEADER_BYTES = 64, COMMAND_MASTER = 0x4, HEADER_TYPE_MASK = 0x7f };

static int read_config(const char *root, const char *address, uint8_t *header)
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
	n = read(fd, header, CONFIG_HEADER_BYTES);
	if (n < 0)
		return -errno;
	if (n < CONFIG_HEADER_BYTES)
		return -EIO;
	/* a device that fell off its bus reads as all ones */
	return header[CONFIG_VENDOR] == 0xff && header[CONFIG_VENDOR + 1] == 0xff
		       ? -ENODEV
		       : 0;
}

int pci_read_bus_master(const char *root, const char *address)
{
	uint8_t header[CONFIG_HEADER_BYTES];
	int r = read_config(root, address, header);

	return r < 0 ? r : !!(header[CONFIG_COMMAND] & COMMAND_MASTER);
}

/* "0000:00:1f.2", or longer in a domain of a VMD: two colons and a dot, else hex digits.
 */
static bool is_address(const char *name, size_t n)
{
	size_t colons = 0, dots = 0;

	for (size_t i = 0; i < n; i++) {
		if (name[i] == ':')
			colons++;
		else if (name[i] == '.')
			dots++;
		else if (!strchr("0123456789abcdef", name[i]))
			return false;
	}
	return colons == 2 && dots == 1;
}

/* The depth of a function, from where its symlink points in /sys/devices. */
static uint8_t count_depth(const char *target)
{
	uint8_t depth = 0;

	while (*target) {
		size_t n = strcspn(target, "/");

		if (is_address(target, n) && depth < UINT8_MAX)
			depth++;
		target += n + (target[n] == '/');
	}
	return depth;
}

static bool has_children(const char *root, const char *address)
{
	char path[96] = "/sys/bus/pci/devices/";
	struct dir dir;

	if (strlen(address) > 24)
		return false;
	strcat(path, address);
	dir_for_each (&dir, name, root, path) {
		/* a bridge's child functions; a VMD's own domain, "pci10000:e0" */
		if (is_address(name, strlen(name)) ||
		    (strncmp(name, "pci", 3) == 0 && strchr(name, ':'))) {
			dir_done(&dir);
			return true;
		}
	}
	return false;
}

static int function_read(const char *root, const char *address, struct pci_function *ret)
{
	uint8_t header[CONFIG_HEADER_BYTES] = { 0 };
	uint64_t vendor, device, class;
	char path[PATH_MAX], target[PATH_MAX];
	ssize_t n;
	int r;

	if (strlen(address) >= sizeof(ret->address))
		return -ENAMETOOLONG;
	r = read_u64(&vendor, 16, root, "/sys/bus/pci/devices/%s/vendor", address);
	if (r == 0)
		r = read_u64(&device, 16, root, "/sys/bus/pci/devices/%s/device",
			     address);
	if (r == 0)
		r = read_u64(&class, 16, root, "/sys/bus/pci/devices/%s/class", address);
	if (r == 0)
		r = read_path(path, sizeof(path), root, "/sys/bus/pci/devices/%s",
			      address);
	if (r < 0)
		return r;
	n = readlink(path, target, sizeof(target) - 1);
	target[n < 0 ? 0 : n] = '\0';
	*ret = (struct pci_function){
		.vendor = (uint16_t)vendor,
		.device = (uint16_t)device,
		.class = (uint16_t)(class >> 8),
		.depth = count_depth(target),
		.has_children = has_children(root, address),
		.is_virtual =
			read_exists(root, "/sys/bus/pci/devices/%s/physfn", address),
		.is_readable = read_config(root, address, header) == 0,
	};
	strcpy(ret->address, address);
	ret->is_bridge = class >> 16 == PCI_BASE_BRIDGE ||
			 (header[CONFIG_HEADER_TYPE] & HEADER_TYPE_MASK) != 0;
	ret->is_bus_master =
		ret->is_readable && (header[CONFIG_COMMAND] & COMMAND_MASTER);
	/* no link: no driver */
	(void)read_link_name(ret->driver, sizeof(ret->driver), root,
			     "/sys/bus/pci/devices/%s/driver", address);
	return 0;
}

/* Every function on the way to the device of a tty carries it. */
static void mark_console(const char *root, const char *tty, struct pci *pci)
{
	char path[PATH_MAX], target[PATH_MAX];
	ssize_t n;

	if (strncmp(tty, "hvc", 3) == 0)
		pci->has_virtio_console = true; /* its tty does not tell its device */
	if (read_path(path, sizeof(path), root, "/sys/class/tty/%s", tty) < 0)
		return;
	n = readlink(path, target, sizeof(target) - 1);
	target[n < 0 ? 0 : n] = '\0';
	for (size_t i = 0; i < pci->n; i++)
		if (strstr(target, pci->function[i].address))
			pci->function[i].is_console = true;
}

/* "ttyS0                -W- (EC p a)    4:64", a line a console. */
static void mark_consoles(const char *root, struct pci *pci)
{
	char consoles[1024], *save = NULL;

	if (read_text(consoles, sizeof(consoles), root, "/proc/consoles") <= 0)
		return;
	for (char *line = strtok_r(consoles, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		line[strcspn(line, " ")] = '\0';
		mark_console(root, line, pci);
	}
}

int pci_read(const char *root, struct pci *ret)
{
	struct dir dir;

	ret->n = 0;
	ret->has_more = false;
	ret->has_virtio_console = false;
	dir_for_each (&dir, name, root, "/sys/bus/pci/devices") {
		if (ret->n == PCI_MAX)
			ret->has_more = true;
		else if (function_read(root, name, &ret->function[ret->n]) == 0)
			ret->n++; /* else it went away while we looked */
	}
	mark_consoles(root, ret);
	return dir.error == -ENOENT ? 0 : dir.error;
}

const char *pci_class_name(uint16_t class)
{
	static const struct {
		uint16_t class;
		const char *name;
	} names[] = {
		{ 0x0108, "nvme" },  { 0x01, "storage" },     { 0x02, "network" },
		{ 0x03, "display" }, { 0x04, "multimedia" },  { 0x05, "memory" },
		{ 0x06, "bridge" },  { 0x0700, "serial" },    { 0x07, "communication" },
		{ 0x08, "system" },  { 0x09, "input" },	      { 0x0c03, "usb" },
		{ 0x0c05, "smbus" }, { 0x0c, "bus" },	      { 0x0d, "wireless" },
		{ 0x10, "crypto" },  { 0x12, "accelerator" },
	};

	for (size_t i = 0; i < array_size(names); i++)
		if (names[i].class == class || names[i].class == class >> 8)
			return names[i].name;
	return "other";
}
