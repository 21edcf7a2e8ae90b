// SPDX-License-Identifier: GPL-2.0-or-later

/* A root that is reached over the network, and what that means for the order. */

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "checks.h"
#include "initramfs/inventory/blocks.h"
#include "initramfs/inventory/mounts.h"
#include "pivot/base/macros.h"
#include "pivot/base/read.h"

enum { STACK_MAX = 8 }; /* partitions, LUKS, LVM, md, multipath */

/* "nvme0" of "nvme0n1p2" */
static void controller_of(const char *name, char *controller, size_t size)
{
	size_t n = 4 + strspn(name + 4, "0123456789");

	(void)snprintf(controller, size, "%.*s", (int)n, name);
}

static const char *transport_name(const char *root, const char *folder)
{
	static const struct {
		const char *transport, *name;
	} names[] = {
		{ "tcp", "NVMe over TCP" },
		{ "rdma", "NVMe over RDMA" },
	};
	char transport[16];

	if (read_text(transport, sizeof(transport), root, "%s/transport", folder) <= 0)
		return NULL;
	for (size_t i = 0; i < array_size(names); i++)
		if (strcmp(transport, names[i].transport) == 0)
			return names[i].name;
	return NULL; /* PCIe; Fibre Channel has a network of its own */
}

/* Several controllers may lead to one disk, which then belongs to their subsystem.
 * Source: drivers/nvme/host/sysfs.c, multipath.c. */
static const char *nvme_network(const char *root, const char *name, const char *link)
{
	const char *at = strstr(link, "/nvme-subsystem/"), *found = NULL;
	char folder[128], controller[160];
	struct dir dir;

	if (!at) {
		controller_of(name, controller, sizeof(controller));
		(void)snprintf(folder, sizeof(folder), "/sys/class/nvme/%.100s",
			       controller);
		return transport_name(root, folder);
	}
	at += strlen("/nvme-subsystem/");
	(void)snprintf(folder, sizeof(folder), "/sys/class/nvme-subsystem/%.*s",
		       (int)(strcspn(at, "/") % 64), at);
	dir_for_each (&dir, entry, root, folder) {
		if (strncmp(entry, "nvme", 4) != 0)
			continue;
		(void)snprintf(controller, sizeof(controller), "%s/%.30s", folder, entry);
		found = transport_name(root, controller);
		if (!found)
			continue;
		dir_done(&dir);
		break;
	}
	return found;
}

/* By its own name, and by where it stands in sysfs: "../../devices/platform/host5/
 * session1/target5:0:0/5:0:0:1/block/sda" (drivers/scsi/scsi_transport_iscsi.c). */
static const char *disk_network(const char *root, const char *name, const char *link)
{
	if (strncmp(name, "nbd", 3) == 0)
		return "nbd";
	if (strncmp(name, "rbd", 3) == 0)
		return "Ceph RBD";
	if (strncmp(name, "drbd", 4) == 0)
		return "DRBD";
	if (strncmp(name, "nvme", 4) == 0)
		return nvme_network(root, name, link);
	return strstr(link, "/session") && strstr(link, "/target") ? "iSCSI" : NULL;
}

static const char *block_network(const char *root, const char *name, int depth);

/* What it stands on: the devices below it, and the disk that it is a partition of. */
static const char *lower_network(const char *root, const char *name, char *link,
				 int depth)
{
	const char *found = NULL;
	char folder[96], *last = strrchr(link, '/'), *disk;
	struct dir dir;

	(void)snprintf(folder, sizeof(folder), "/sys/class/block/%.64s/slaves", name);
	dir_for_each (&dir, lower, root, folder) {
		found = block_network(root, lower, depth - 1);
		if (!found)
			continue;
		dir_done(&dir);
		return found;
	}
	if (!last)
		return NULL;
	*last = '\0';
	disk = strrchr(link, '/');
	return disk && strcmp(disk, "/block") != 0 &&
			       read_exists(root, "/sys/class/block%s", disk)
		       ? block_network(root, disk + 1, depth - 1)
		       : NULL;
}

static const char *block_network(const char *root, const char *name, int depth)
{
	char link[PATH_MAX];
	const char *found;

	if (depth == 0 ||
	    read_link(link, sizeof(link), root, "/sys/class/block/%s", name) < 0)
		return NULL;
	found = disk_network(root, name, link);
	return found ?: lower_network(root, name, link, depth);
}

/* "dm-0" of "/dev/mapper/vg-root", "sda2" of "/dev/sda2". */
static const char *block_name(const char *root, const struct mount *mount)
{
	static struct blocks blocks;
	const char *name;

	if (strncmp(mount->source, "/dev/", 5) != 0)
		return NULL;
	name = strrchr(mount->source, '/') + 1;
	if (strncmp(mount->source, "/dev/mapper/", 12) != 0)
		return name;
	if (blocks_read(root, &blocks) < 0)
		return NULL;
	for (size_t i = 0; i < blocks.n; i++)
		if (blocks.block[i].kind == BLOCK_DM &&
		    strcmp(blocks.block[i].detail, name) == 0)
			return blocks.block[i].device;
	return NULL;
}

static const char *mount_network(const char *root, const struct mount *mount)
{
	static const struct {
		const char *type, *name;
	} types[] = {
		{ "nfs", "NFS" },  { "nfs4", "NFS" },  { "cifs", "SMB" },
		{ "smb3", "SMB" }, { "ceph", "Ceph" },
	};
	const char *name;

	for (size_t i = 0; i < array_size(types); i++)
		if (strcmp(mount->type, types[i].type) == 0)
			return types[i].name;
	name = block_name(root, mount);
	return name ? block_network(root, name, STACK_MAX) : NULL;
}

void check_network_root(const struct preflight *p, struct findings *findings)
{
	static struct mounts mounts;
	const char *network = NULL;

	if (mounts_read(p->root, &mounts) < 0)
		return;
	for (size_t i = 0; i < mounts.n; i++)
		if (strcmp(mounts.mount[i].path, "/") == 0)
			network = mount_network(p->root, &mounts.mount[i]);
	if (!network)
		return;
	if (p->takeover == TAKEOVER_SYSTEMD)
		find_warning(
			findings, "network-root",
			"the root is on %s: it is let go of before the network is taken "
			"apart, but systemd stops the network's services before that, "
			"and one that takes its interface down would make the root hang; "
			"--takeover=seize leaves interfaces up until the root is gone%s",
			network,
			strcmp(network, "nbd") == 0
				? "; nbd-client must run with -systemd-mark"
				: "");
	else
		find_note(findings, "network-root",
			  "the root is on %s: it is let go of before the network is "
			  "taken apart%s",
			  network,
			  strcmp(network, "nbd") == 0
				  ? "; nbd-client must run with -systemd-mark, or it is "
				    "ended with all others"
				  : "");
}
