// SPDX-License-Identifier: GPL-2.0-or-later
#include "needs.h"

#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "pivot/base/macros.h"
#include "pivot/base/read.h"

/* On these are devices without which others are not there. */
static const char *const buses_above[] = { "pci", "vmbus", "platform" };

/* And here those that a function is only the transport of. */
static const char *const buses_below[] = { "virtio", "bcma", "ssb" };

enum { CLASS_PCI_BRIDGE = 0x0604 };

/* Where its driver is built in it may have no module in sysfs: then by its own name. */
static void read_bound(const char *root, const char *bus, const char *name,
		       struct need *need)
{
	if (read_link_name(need->bound, sizeof(need->bound), root,
			   "/sys/bus/%s/devices/%s/driver/module", bus, name) < 0 &&
	    read_link_name(need->bound, sizeof(need->bound), root,
			   "/sys/bus/%s/devices/%s/driver", bus, name) < 0)
		need->bound[0] = '\0';
	for (char *at = need->bound; *at; at++)
		if (*at == '-')
			*at = '_';
}

static void add(const char *root, const char *bus, const char *name, bool is_above,
		struct needs *needs)
{
	struct need *need = &needs->need[needs->n];

	if (needs->n == NEEDS_MAX ||
	    read_text(need->alias, sizeof(need->alias), root,
		      "/sys/bus/%s/devices/%s/modalias", bus, name) <= 0)
		return;
	need->is_above = is_above;
	read_bound(root, bus, name, need);
	needs->n++;
}

/* Bridges forward what is below them without any driver. */
static bool makes_others(const char *root, const char *bus, const char *name)
{
	uint64_t class;

	if (!read_exists(root, "/sys/bus/%s/devices/%s/driver", bus, name))
		return false;
	return strcmp(bus, "pci") != 0 ||
	       (read_u64(&class, 16, root, "/sys/bus/pci/devices/%s/class", name) == 0 &&
		class >> 8 != CLASS_PCI_BRIDGE);
}

static void add_above(const char *root, const struct device *device, struct needs *needs)
{
	char target[PATH_MAX], *save = NULL;

	if (read_link(target, sizeof(target), root, "/sys/bus/%s/devices/%s", device->bus,
		      device->name) < 0)
		return;
	for (char *part = strtok_r(target, "/", &save);
	     part && strcmp(part, device->name) != 0; part = strtok_r(NULL, "/", &save))
		for (size_t i = 0; i < array_size(buses_above); i++)
			if (makes_others(root, buses_above[i], part))
				add(root, buses_above[i], part, true, needs);
}

static void add_below(const char *root, const struct device *device, struct needs *needs)
{
	char path[128];
	struct dir dir;

	(void)snprintf(path, sizeof(path), "/sys/bus/%s/devices/%s", device->bus,
		       device->name);
	dir_for_each (&dir, name, root, path)
		for (size_t i = 0; i < array_size(buses_below); i++)
			if (read_exists(root, "/sys/bus/%s/devices/%s", buses_below[i],
					name))
				add(root, buses_below[i], name, false, needs);
}

void needs_read(const char *root, const struct device *device, struct needs *ret)
{
	ret->n = 0;
	add_above(root, device, ret);
	add(root, device->bus, device->name, false, ret);
	add_below(root, device, ret);
}
