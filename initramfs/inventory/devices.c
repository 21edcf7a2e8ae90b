// SPDX-License-Identifier: GPL-2.0-or-later
#include "devices.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "occupants.h"
#include "pivot/base/macros.h"
#include "pivot/base/parse.h"
#include "pivot/base/read.h"

enum { ADDRESS_MAX = 24 };

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

/*
 * A bridge's child functions, a VMD's own domain ("pci10000:e0"), a card's VFs. The links
 * to them are counted, since reading sriov_numvfs waits for the device's lock, which a
 * driver may hold for ever.
 */
static void look_below(const char *root, struct device *ret)
{
	char path[96] = "/sys/bus/pci/devices/";
	struct dir dir;

	strcat(path, ret->name); /* fits: ADDRESS_MAX */
	dir_for_each (&dir, name, root, path) {
		if (is_address(name, strlen(name)) ||
		    (strncmp(name, "pci", 3) == 0 && strchr(name, ':')))
			ret->has_children = true;
		else if (strncmp(name, "virtfn", 6) == 0)
			ret->n_vfs++;
	}
}

/* "Other" bridges without a header of one may be anything that does DMA. */
static bool is_bridge(const struct device *d)
{
	if (d->state.header_type != 0)
		return true;
	if (d->class == PCI_CLASS_BRIDGE_OTHER)
		return !d->driver[0] || !d->state.is_bus_master;
	return d->class >> 8 == PCI_BASE_BRIDGE;
}

/*
 * From where its symlink points in /sys/devices: the depth, and as its lane the bridge
 * above. On a root bus there is none; its lane is its slot then, without the function.
 */
static void locate(const char *root, const char *address, struct device *ret)
{
	char target[PATH_MAX];
	const char *parent = address;
	size_t length = strcspn(address, ".");

	if (read_link(target, sizeof(target), root, "/sys/bus/pci/devices/%s", address) <
	    0)
		target[0] = '\0';
	for (const char *at = target; *at;) {
		size_t n = strcspn(at, "/");

		if (is_address(at, n) && ret->depth < UINT8_MAX) {
			ret->depth++;
			if (strcmp(at, address) != 0) {
				parent = at;
				length = n;
			}
		}
		at += n + (at[n] == '/');
	}
	if (length >= sizeof(ret->lane))
		length = sizeof(ret->lane) - 1;
	memcpy(ret->lane, parent, length);
	ret->lane[length] = '\0';
}

/* A VF may sit on a bus of its own, and yet is its PF's. */
static void locate_virtual(const char *root, struct device *ret)
{
	char physical[sizeof(ret->name)];
	struct device function = { 0 };

	if (read_link_name(physical, sizeof(physical), root,
			   "/sys/bus/pci/devices/%s/physfn", ret->name) < 0)
		return;
	ret->is_virtual = true;
	locate(root, physical, &function);
	strcpy(ret->lane, function.lane);
}

static uint8_t read_resets(const char *root, const char *address)
{
	char text[128], *save = NULL;
	uint8_t resets = 0;

	if (read_text(text, sizeof(text), root, "/sys/bus/pci/devices/%s/reset_method",
		      address) <= 0)
		return 0;
	for (char *word = strtok_r(text, " \n", &save); word;
	     word = strtok_r(NULL, " \n", &save))
		for (int i = 0; i < PCI_RESETS; i++)
			if (strcmp(word, pci_reset_name(i)) == 0)
				resets |= (uint8_t)(1U << i);
	return resets;
}

static int read_iommu_group(const char *root, const char *address)
{
	char name[16];
	uint64_t group;

	if (read_link_name(name, sizeof(name), root,
			   "/sys/bus/pci/devices/%s/iommu_group", address) < 0 ||
	    parse_u64(name, 10, INT_MAX, &group) < 0)
		return -1;
	return (int)group;
}

static int read_ids(const char *root, struct device *ret)
{
	const char *const names[] = { "vendor", "device", "class" };
	uint64_t value[array_size(names)];

	for (size_t i = 0; i < array_size(names); i++) {
		int r = read_u64(&value[i], 16, root, "/sys/bus/pci/devices/%s/%s",
				 ret->name, names[i]);

		if (r < 0)
			return r;
	}
	ret->vendor = (uint16_t)value[0];
	ret->device = (uint16_t)value[1];
	ret->class = (uint16_t)(value[2] >> 8);
	return 0;
}

static int read_function(const char *root, const char *address, struct device *ret)
{
	int r;

	if (strlen(address) > ADDRESS_MAX)
		return -ENAMETOOLONG;
	*ret = (struct device){ .bus = "pci", .iommu_group = -1 };
	strcpy(ret->name, address);
	r = read_ids(root, ret);
	if (r < 0)
		return r;
	(void)pci_read_state(root, address, &ret->state); /* is_readable tells */
	/* no link: no driver */
	(void)read_link_name(ret->driver, sizeof(ret->driver), root,
			     "/sys/bus/pci/devices/%s/driver", address);
	look_below(root, ret);
	ret->is_bridge = is_bridge(ret);
	ret->resets = read_resets(root, address);
	ret->iommu_group = read_iommu_group(root, address);
	locate(root, address, ret);
	locate_virtual(root, ret);
	return 0;
}

int devices_read(const char *root, struct devices *ret)
{
	struct dir dir;

	ret->n = 0;
	ret->has_more = false;
	ret->has_virtio_console = false;
	dir_for_each (&dir, name, root, "/sys/bus/pci/devices") {
		if (ret->n == DEVICES_MAX)
			ret->has_more = true;
		else if (read_function(root, name, &ret->device[ret->n]) == 0)
			ret->n++; /* else it went away while we looked */
	}
	if (dir.error < 0 && dir.error != -ENOENT)
		return dir.error;
	occupants_read(root, ret);
	return 0;
}

const char *device_class_name(uint16_t class)
{
	static const struct {
		uint16_t class;
		const char *name;
	} names[] = {
		{ 0x0108, "nvme" },   { 0x01, "storage" },	{ 0x02, "network" },
		{ 0x03, "display" },  { 0x04, "multimedia" },	{ 0x05, "memory" },
		{ 0x06, "bridge" },   { 0x0700, "serial" },	{ 0x07, "communication" },
		{ 0x08, "system" },   { 0x09, "input" },	{ 0x0c03, "usb" },
		{ 0x0c05, "smbus" },  { 0x0c06, "infiniband" }, { 0x0c, "bus" },
		{ 0x0d, "wireless" }, { 0x10, "crypto" },	{ 0x12, "accelerator" },
	};

	for (size_t i = 0; i < array_size(names); i++)
		if (names[i].class == class || names[i].class == class >> 8)
			return names[i].name;
	return "other";
}

const char *device_describe(const struct device *d, char *text, size_t size)
{
	char ids[16] = "";

	if (strcmp(d->bus, "pci") == 0)
		(void)snprintf(ids, sizeof(ids), ", %04x:%04x", d->vendor, d->device);
	(void)snprintf(text, size, "%s%s%s%s%s%s", device_class_name(d->class),
		       d->driver[0] ? ", " : "", d->driver, ids, d->holds[0] ? ", " : "",
		       d->holds);
	return text;
}
