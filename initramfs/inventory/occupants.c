// SPDX-License-Identifier: GPL-2.0-or-later
#include "occupants.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "pivot/base/macros.h"
#include "pivot/base/read.h"

/* Buses whose devices matter only where something that does DMA hangs on them. */
static const char *const other_buses[] = { "platform", "vmbus", "xen" };

static const struct kind {
	const char *directory;
	const char *prefix;  /* of the names that count */
	const char *without; /* characters of those that do not */
	uint16_t class;	     /* of a device on another bus; 0: it does no DMA */
	bool is_named;	     /* people know the device by it */
} kinds[] = {
	{ "/sys/class/net", "", "", PCI_CLASS_ETHERNET, true },
	{ "/sys/class/block", "", "", PCI_CLASS_STORAGE_OTHER, true },
	{ "/sys/class/nvme", "nvme", "-", PCI_CLASS_NVME, true },
	{ "/sys/class/scsi_host", "host", "", PCI_CLASS_STORAGE_OTHER, false },
	{ "/sys/class/mmc_host", "mmc", ":", PCI_CLASS_STORAGE_OTHER, false },
	{ "/sys/bus/usb/devices", "usb", "", PCI_CLASS_USB, true },
	{ "/sys/class/drm", "card", "-", PCI_CLASS_DISPLAY_OTHER, true },
	{ "/sys/class/sound", "card", "", PCI_CLASS_MULTIMEDIA_OTHER, true },
	{ "/sys/class/infiniband", "", "", PCI_CLASS_ETHERNET, true },
	{ "/sys/class/watchdog", "watchdog", "", 0, true },
};

static struct device *find(struct devices *devices, const char *name)
{
	for (size_t i = 0; i < devices->n; i++)
		if (strcmp(devices->device[i].name, name) == 0)
			return &devices->device[i];
	return NULL;
}

/* The PCI function on the way to it puts it to rest after the device itself. */
static struct device *add(const char *root, struct devices *devices, const char *bus,
			  const char *name, uint16_t class, const struct device *above)
{
	struct device *d = &devices->device[devices->n];

	if (devices->n == DEVICES_MAX || strlen(name) >= sizeof(d->name)) {
		devices->has_more = true;
		return NULL;
	}
	*d = (struct device){
		.class = class,
		.depth = (uint8_t)(above ? above->depth + 1 : 1),
		.iommu_group = -1,
	};
	strcpy(d->bus, bus);
	strcpy(d->name, name);
	strcpy(d->lane, above ? above->lane : name);
	(void)read_link_name(d->driver, sizeof(d->driver), root,
			     "/sys/bus/%s/devices/%s/driver", bus, name);
	devices->n++;
	return d;
}

static const char *bus_of(const char *root, const char *name)
{
	for (size_t i = 0; i < array_size(other_buses); i++)
		if (read_exists(root, "/sys/bus/%s/devices/%s", other_buses[i], name))
			return other_buses[i];
	return NULL;
}

/*
 * The device that something at this path hangs on: the last component that is one. Where
 * class is 0, no new one is made for it.
 */
static struct device *owner(const char *root, struct devices *devices, char *path,
			    uint16_t class)
{
	struct device *above = NULL;
	const char *bus = NULL, *name = NULL;
	char *save = NULL;

	for (char *part = strtok_r(path, "/", &save); part;
	     part = strtok_r(NULL, "/", &save)) {
		struct device *d = find(devices, part);
		const char *other = d ? NULL : bus_of(root, part);

		if (d)
			above = d;
		if (d || other) {
			bus = other;
			name = part;
		}
	}
	if (bus && class)
		return add(root, devices, bus, name, class, above);
	return above;
}

/* By name, whatever the order of the directory: one machine has one plan. */
static void hold(struct device *device, const char *name)
{
	char *at = device->holds;
	size_t used = strlen(at), n = strlen(name);

	if (used + n + 2 > sizeof(device->holds))
		return; /* a name for people, and long enough */
	while (*at && strncmp(at, name, n) < 0) {
		at += strcspn(at, " ");
		at += *at == ' ';
	}
	if (*at) {
		memmove(at + n + 1, at, strlen(at) + 1);
		at[n] = ' ';
	} else if (used > 0) {
		*at++ = ' ';
	}
	memcpy(at, name, n);
}

static bool counts(const char *root, const struct kind *kind, const char *name)
{
	if (strncmp(name, kind->prefix, strlen(kind->prefix)) != 0 ||
	    name[strcspn(name, kind->without)])
		return false; /* card0-VGA-1 */
	/* a disk is enough, and an NVMe controller of its namespaces */
	return strcmp(kind->directory, "/sys/class/block") != 0 ||
	       (strncmp(name, "nvme", 4) != 0 &&
		!read_exists(root, "/sys/class/block/%s/partition", name));
}

static void read_kind(const char *root, const struct kind *kind, struct devices *devices)
{
	char target[PATH_MAX];
	struct device *device;
	struct dir dir;

	dir_for_each (&dir, name, root, kind->directory) {
		if (!counts(root, kind, name) ||
		    read_link(target, sizeof(target), root, "%s/%s", kind->directory,
			      name) < 0 ||
		    strstr(target, "/devices/virtual/"))
			continue;
		device = owner(root, devices, target, kind->class);
		if (device && kind->is_named)
			hold(device, name);
	}
}

/* All that is on the way to the device of a tty carries it. */
static void mark_console(const char *root, const char *tty, struct devices *devices)
{
	char target[PATH_MAX], part[sizeof(devices->device[0].name) + 2];

	if (strncmp(tty, "hvc", 3) == 0)
		devices->has_virtio_console = true; /* its tty does not tell its device */
	if (read_link(target, sizeof(target), root, "/sys/class/tty/%s", tty) < 0)
		return;
	for (size_t i = 0; i < devices->n; i++) {
		(void)snprintf(part, sizeof(part), "/%s/", devices->device[i].name);
		if (strstr(target, part))
			devices->device[i].is_console = true;
	}
}

/* "ttyS0                -W- (EC p a)    4:64", a line a console. */
static void mark_consoles(const char *root, struct devices *devices)
{
	char consoles[1024], *save = NULL;

	if (read_text(consoles, sizeof(consoles), root, "/proc/consoles") <= 0)
		return;
	for (char *line = strtok_r(consoles, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		line[strcspn(line, " ")] = '\0';
		mark_console(root, line, devices);
	}
}

void occupants_read(const char *root, struct devices *devices)
{
	for (size_t i = 0; i < array_size(kinds); i++)
		read_kind(root, &kinds[i], devices);
	mark_consoles(root, devices);
}
