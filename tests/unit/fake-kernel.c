// SPDX-License-Identifier: GPL-2.0-or-later
#include "fake-kernel.h"

#include <errno.h>
#include <limits.h>
#include <net/if.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fake-root.h"
#include "pivot/base/cleanup.h"
#include "pivot/base/file.h"
#include "pivot/base/read.h"

enum { MOUNTS = 128, SWAPS = 16, PATH = 256 };

static const char mountinfo[] = "/proc/self/mountinfo";

struct line {
	char path[PATH], type[32], source[PATH], options[64];
};

struct table {
	size_t n;
	struct line line[MOUNTS];
};

static void table_load(struct table *ret)
{
	auto_free char *text = fake_text(mountinfo);
	char *save = NULL;

	must(text);
	ret->n = 0;
	for (char *at = strtok_r(text, "\n", &save); at;
	     at = strtok_r(NULL, "\n", &save)) {
		struct line *line = &ret->line[ret->n++];

		must(ret->n < MOUNTS);
		must(sscanf(at, "%*d %*d %*s %*s %255s %*[^-]- %31s %255s %63s",
			    line->path, line->type, line->source, line->options) == 4);
	}
}

static void table_save(const struct table *table)
{
	fake_file("", "%s", mountinfo);
	for (size_t i = 0; i < table->n; i++) {
		const struct line *line = &table->line[i];
		char text[1024];

		(void)snprintf(text, sizeof(text),
			       "%zu 1 8:1 / %s rw,relatime - %s %s %s\n", i + 20,
			       line->path, line->type, line->source, line->options);
		fake_append(mountinfo, text);
	}
}

static void table_remove(struct table *table, size_t i)
{
	table->n--;
	memmove(&table->line[i], &table->line[i + 1],
		(table->n - i) * sizeof(table->line[0]));
}

/* Is path the directory itself or something in it? */
static bool is_in(const char *path, const char *directory)
{
	size_t n = strcmp(directory, "/") == 0 ? 0 : strlen(directory);

	return strncmp(path, directory, n) == 0 && (path[n] == '/' || !path[n]);
}

/* The topmost mount of a path; where there is none: table->n. */
static size_t table_find(const struct table *table, const char *path)
{
	for (size_t i = table->n; i-- > 0;)
		if (strcmp(table->line[i].path, path) == 0)
			return i;
	return table->n;
}

static bool lies_on(const struct table *table, const char *file, size_t mount)
{
	size_t best = table->n;

	for (size_t i = 0; i < table->n; i++)
		if (is_in(file, table->line[i].path) &&
		    (best == table->n ||
		     strlen(table->line[i].path) >= strlen(table->line[best].path)))
			best = i;
	return best == mount;
}

static size_t swaps_load(char paths[SWAPS][PATH])
{
	auto_free char *text = fake_text("/proc/swaps");
	char *save = NULL, *at = text ? strtok_r(text, "\n", &save) : NULL;
	size_t n = 0;

	while (at && n < SWAPS && (at = strtok_r(NULL, "\n", &save)))
		must(sscanf(at, "%255s", paths[n++]) == 1);
	return n;
}

static void swaps_save(char paths[SWAPS][PATH], size_t n)
{
	fake_file("Filename\tType\tSize\tUsed\tPriority\n", "/proc/swaps");
	for (size_t i = 0; i < n; i++) {
		fake_append("/proc/swaps", paths[i]);
		fake_append("/proc/swaps", " file 1024 0 -2\n");
	}
}

static bool holds_a_swap_file(const struct table *table, size_t mount)
{
	char paths[SWAPS][PATH];
	size_t n = swaps_load(paths);

	for (size_t i = 0; i < n; i++)
		if (lies_on(table, paths[i], mount))
			return true;
	return false;
}

static bool backing_file(const char *device, char *file)
{
	return read_text(file, PATH, fake_root(), "/sys/block/%s/loop/backing_file",
			 device) > 0;
}

static bool holds_a_loop_file(const struct table *table, size_t mount)
{
	char file[PATH];
	struct dir dir;

	dir_for_each (&dir, device, fake_root(), "/sys/block") {
		if (backing_file(device, file) && lies_on(table, file, mount)) {
			dir_done(&dir);
			return true;
		}
	}
	return false;
}

static bool is_busy(const struct table *table, size_t mount)
{
	const char *path = table->line[mount].path;

	for (size_t i = 0; i < table->n; i++)
		if (is_in(table->line[i].path, path) &&
		    strcmp(table->line[i].path, path) != 0)
			return true;
	return holds_a_swap_file(table, mount) || holds_a_loop_file(table, mount);
}

int kernel_mount(const char *source, const char *target, const char *type)
{
	char line[1024];

	(void)snprintf(line, sizeof(line), "20 1 8:1 / %s rw - %s %s rw\n", target, type,
		       source);
	fake_append(mountinfo, line);
	return 0;
}

/* A mount is a directory; what covers it, another in its place. */
int kernel_bind(const char *source, const char *target)
{
	char place[PATH_MAX], covered[PATH_MAX + 16], below[PATH_MAX];
	ssize_t n = readlink(source, below, sizeof(below) - 1);

	if (n < 0)
		return -errno;
	below[n] = '\0';
	(void)snprintf(place, sizeof(place), "%s%s", fake_root(), target);
	(void)snprintf(covered, sizeof(covered), "%s.covered", place);
	fake_remove("%s.covered", target);
	return rename(place, covered) < 0 || rename(below, place) < 0 ? -errno : 0;
}

int kernel_rmdir(const char *path)
{
	struct table table;

	table_load(&table);
	if (table_find(&table, path) < table.n)
		return -EBUSY;
	fake_remove("%s", path);
	return 0;
}

/* Also a link that leads nowhere. */
static bool is_taken(const char *path)
{
	char full[PATH_MAX];
	struct stat st;

	(void)snprintf(full, sizeof(full), "%s%s", fake_root(), path);
	return lstat(full, &st) == 0;
}

int kernel_create(const char *path, const void *data, size_t n)
{
	if (is_taken(path))
		return -EEXIST;
	fake_bytes(data, n, "%s", path);
	return 0;
}

int kernel_symlink(const char *target, const char *path)
{
	if (is_taken(path))
		return -EEXIST;
	fake_symlink(target, "%s", path);
	return 0;
}

int kernel_unlink(const char *path)
{
	if (!is_taken(path))
		return -ENOENT;
	fake_remove("%s", path);
	return 0;
}

/* As much as there is, and then the error. */
int kernel_copy(int from, uint64_t at, uint64_t bytes, const char *path)
{
	auto_free char *data = malloc(bytes ?: 1);
	ssize_t n = file_read_at(from, data, bytes, (off_t)at);
	int r;

	must(data);
	if (n < 0)
		return (int)n;
	r = kernel_create(path, data, (size_t)n);
	return r == 0 && (uint64_t)n < bytes ? -ENODATA : r;
}

/* A loop device that was to go while it was mounted goes with its mount. */
static void autoclear(const char *source)
{
	if (strncmp(source, "/dev/loop", 9) == 0 &&
	    fake_exists("/sys/block/%s/loop/autoclear", source + 5))
		fake_remove("/sys/block/%s/loop", source + 5);
}

int kernel_umount(const char *path, int flags)
{
	struct table table;
	char source[PATH];
	size_t at;

	table_load(&table);
	at = table_find(&table, path);
	if (at == table.n)
		return -EINVAL;
	if (!(flags & MNT_DETACH) && is_busy(&table, at))
		return -EBUSY;
	strcpy(source, table.line[at].source);
	table_remove(&table, at);
	for (size_t i = table.n; (flags & MNT_DETACH) && i-- > at;)
		if (is_in(table.line[i].path, path))
			table_remove(&table, i);
	table_save(&table);
	autoclear(source);
	return 0;
}

static void make_read_only(struct line *line)
{
	if (strncmp(line->options, "rw", 2) == 0)
		memcpy(line->options, "ro", 2);
}

int kernel_remount_read_only(const char *path)
{
	struct table table;
	size_t at;

	table_load(&table);
	at = table_find(&table, path);
	if (at == table.n)
		return -EINVAL;
	make_read_only(&table.line[at]);
	table_save(&table);
	return 0;
}

/* Filesystems on block devices only; see do_emergency_remount() in fs/super.c. */
void kernel_emergency_read_only(void)
{
	struct table table;

	table_load(&table);
	for (size_t i = 0; i < table.n; i++)
		if (strncmp(table.line[i].source, "/dev/", 5) == 0)
			make_read_only(&table.line[i]);
	table_save(&table);
}

/* The path as it is called after pivot_root(2): old is "/oldroot", new was "/run/..." */
static void move_path(char path[PATH], const char *new_root, const char *old)
{
	char moved[2 * PATH];

	if (is_in(path, new_root))
		(void)snprintf(moved, sizeof(moved), "%s",
			       path[strlen(new_root)] ? path + strlen(new_root) : "/");
	else
		(void)snprintf(moved, sizeof(moved), "%s%s", old,
			       strcmp(path, "/") == 0 ? "" : path);
	must(strlen(moved) < PATH);
	strcpy(path, moved);
}

static void move_loop_files(const char *new_root, const char *old)
{
	char file[PATH];
	struct dir dir;

	dir_for_each (&dir, device, fake_root(), "/sys/block") {
		if (!backing_file(device, file))
			continue;
		move_path(file, new_root, old);
		fake_file(file, "/sys/block/%s/loop/backing_file", device);
	}
}

int kernel_pivot_root(const char *new_root, const char *old_root)
{
	const char *old = old_root + strlen(new_root);
	char swaps[SWAPS][PATH];
	size_t n = swaps_load(swaps);
	struct table table;

	table_load(&table);
	if (!is_in(old_root, new_root) || table_find(&table, new_root) == table.n)
		return -EINVAL;
	for (size_t i = 0; i < table.n; i++)
		move_path(table.line[i].path, new_root, old);
	for (size_t i = 0; i < n; i++)
		if (strncmp(swaps[i], "/dev/", 5) != 0)
			move_path(swaps[i], new_root, old);
	table_save(&table);
	swaps_save(swaps, n);
	move_loop_files(new_root, old);
	return 0;
}

int kernel_swapoff(const char *path)
{
	char paths[SWAPS][PATH];
	size_t n = swaps_load(paths), i = 0;

	while (i < n && strcmp(paths[i], path) != 0)
		i++;
	if (i == n)
		return -EINVAL;
	memmove(paths[i], paths[i + 1], (n - i - 1) * sizeof(paths[0]));
	swaps_save(paths, n - 1);
	return 0;
}

/* Mounted, swapped on, or below another block device? */
static bool is_open(const char *device)
{
	char paths[SWAPS][PATH], holders[PATH_MAX];
	size_t n = swaps_load(paths);
	struct table table;
	struct dir dir;

	table_load(&table);
	for (size_t i = 0; i < table.n; i++)
		if (strcmp(table.line[i].source, device) == 0)
			return true;
	for (size_t i = 0; i < n; i++)
		if (strcmp(paths[i], device) == 0)
			return true;
	(void)snprintf(holders, sizeof(holders), "/sys/block/%s/holders", device + 5);
	dir_for_each (&dir, name, fake_root(), holders) {
		dir_done(&dir);
		return true;
	}
	return false;
}

/* The device leaves what it stands on. */
static void block_remove(const char *name)
{
	struct dir dir;

	dir_for_each (&dir, other, fake_root(), "/sys/block")
		fake_remove("/sys/block/%s/holders/%s", other, name);
	fake_remove("/sys/block/%s", name);
}

/* "/dev/dm-0" of a name; false: none is called so. */
static bool dm_find(const char *name, char node[PATH])
{
	char found[PATH];
	bool has = false;
	struct dir dir;

	dir_for_each (&dir, device, fake_root(), "/sys/block") {
		if (read_text(found, sizeof(found), fake_root(), "/sys/block/%s/dm/name",
			      device) <= 0 ||
		    strcmp(found, name) != 0)
			continue;
		(void)snprintf(node, PATH, "/dev/%s", device);
		has = true;
	}
	return has;
}

int kernel_dm_remove(const char *name)
{
	char mapper[PATH], node[PATH];

	(void)snprintf(mapper, sizeof(mapper), "/dev/mapper/%s", name);
	if (!dm_find(name, node))
		return -ENXIO;
	if (is_open(node) || is_open(mapper))
		return -EBUSY;
	block_remove(node + 5);
	return 0;
}

int kernel_dm_resume(const char *name)
{
	char node[PATH];

	if (!dm_find(name, node))
		return -ENXIO;
	fake_file("0\n", "/sys/block/%s/dm/suspended", node + 5);
	return 0;
}

int kernel_md_stop(const char *device)
{
	if (is_open(device))
		return -EBUSY;
	block_remove(device + 5);
	return 0;
}

/*
 * A loop device in use does not go, and LOOP_CLR_FD succeeds all the same: it goes with
 * its last user; see loop_clr_fd() in drivers/block/loop.c.
 */
int kernel_loop_detach(const char *device)
{
	const char *name = device + 5;

	if (!fake_exists("/sys/block/%s/loop", name))
		return -ENXIO;
	if (is_open(device))
		fake_file("1", "/sys/block/%s/loop/autoclear", name);
	else
		fake_remove("/sys/block/%s/loop", name);
	return 0;
}

/* Bit 2 of the Command register. */
static void clear_bus_master(const char *device)
{
	char full[PATH_MAX];
	FILE *file;

	(void)snprintf(full, sizeof(full), "%s%s/config", fake_root(), device);
	file = fopen(full, "r+e");
	must(file);
	if (fgetc(file) == 0xff) { /* nothing answers there */
		(void)fclose(file);
		return;
	}
	(void)fseek(file, 4, SEEK_SET);
	(void)fputc(0x03, file);
	(void)fseek(file, 0x43, SEEK_SET); /* MSI-X */
	(void)fputc(0, file);
	(void)fseek(file, 0x52, SEEK_SET); /* MSI */
	(void)fputc(0, file);
	(void)fclose(file);
}

/* They go with their PF's driver; see pci_disable_sriov(). */
static void remove_virtual_functions(const char *device)
{
	const char *physical = strrchr(device, '/') + 1;
	char link[PATH_MAX];
	char name[32];
	struct dir dir;

	for (int i = 0; i < 64; i++) {
		(void)snprintf(link, sizeof(link), "%s/virtfn%d", device, i);
		fake_remove("%s", link);
	}
	dir_for_each (&dir, address, fake_root(), "/sys/bus/pci/devices")
		if (read_link_name(name, sizeof(name), fake_root(),
				   "/sys/bus/pci/devices/%s/physfn", address) == 0 &&
		    strcmp(name, physical) == 0)
			fake_remove("/sys/bus/pci/devices/%s", address);
}

static int unbind(const char *device, const char *text)
{
	if (strcmp(strrchr(device, '/') + 1, text) != 0)
		return -ENODEV;
	fake_remove("%s/driver", device);
	remove_virtual_functions(device);
	if (fake_exists("%s/config", device) && /* of PCI alone */
	    !fake_exists("%s/keeps_bus_master", device))
		clear_bus_master(device);
	return 0;
}

static int enable(const char *device, const char *text)
{
	if (fake_exists("%s/driver", device))
		return -EBUSY;
	if (strcmp(text, "0") == 0)
		clear_bus_master(device);
	return 0;
}

int kernel_unload_module(const char *module)
{
	char device[PATH_MAX], name[64];
	struct dir dir;

	dir_for_each (&dir, address, fake_root(), "/sys/bus/pci/devices") {
		if (read_link_name(name, sizeof(name), fake_root(),
				   "/sys/bus/pci/devices/%s/driver/module",
				   address) < 0 ||
		    strcmp(name, module) != 0)
			continue;
		(void)snprintf(device, sizeof(device), "/sys/bus/pci/devices/%s",
			       address);
		(void)unbind(device, address);
	}
	return 0;
}

int kernel_pci_command(const char *address, unsigned int value)
{
	char device[PATH_MAX];

	(void)snprintf(device, sizeof(device), "/sys/bus/pci/devices/%s", address);
	if (!(value & 0x4))
		clear_bus_master(device);
	return 0;
}

static bool cut_suffix(char *path, const char *suffix)
{
	size_t n = strlen(path), m = strlen(suffix);

	if (n < m || strcmp(path + n - m, suffix) != 0)
		return false;
	path[n - m] = '\0';
	return true;
}

int kernel_write(const char *path, const char *text)
{
	char device[PATH_MAX];

	if (!fake_exists("%s", path))
		return -ENOENT;
	(void)snprintf(device, sizeof(device), "%s", path);
	if (cut_suffix(device, "/driver/unbind"))
		return unbind(device, text);
	if (cut_suffix(device, "/enable"))
		return enable(device, text);
	if (cut_suffix(device, "/sriov_numvfs"))
		remove_virtual_functions(device);
	if (strcmp(path, "/proc/sysrq-trigger") == 0 && strcmp(text, "u") == 0)
		kernel_emergency_read_only();
	else
		fake_file(text, "%s", path);
	return 0;
}

const char *kernel_link_name(unsigned int index)
{
	static char found[32];
	uint64_t number;
	struct dir dir;

	(void)snprintf(found, sizeof(found), "?");
	dir_for_each (&dir, name, fake_root(), "/sys/class/net")
		if (read_u64(&number, 10, fake_root(), "/sys/class/net/%s/ifindex",
			     name) == 0 &&
		    number == index)
			(void)snprintf(found, sizeof(found), "%s", name);
	return found;
}

int kernel_link_down(unsigned int index)
{
	const char *name = kernel_link_name(index);
	char text[32];
	uint64_t flags;

	if (read_u64(&flags, 16, fake_root(), "/sys/class/net/%s/flags", name) < 0)
		return -ENODEV;
	(void)snprintf(text, sizeof(text), "0x%x\n", (unsigned int)flags & ~IFF_UP);
	fake_file(text, "/sys/class/net/%s/flags", name);
	return 0;
}

static void link_remove(const char *name)
{
	struct dir dir;

	fake_remove("/sys/class/net/%s", name);
	fake_remove("/sys/devices/virtual/net/%s", name);
	dir_for_each (&dir, upper, fake_root(), "/sys/class/net")
		if (fake_exists("/sys/class/net/%s/lower_%s", upper, name))
			link_remove(upper);
}

int kernel_link_delete(unsigned int index)
{
	char name[32];

	(void)snprintf(name, sizeof(name), "%s", kernel_link_name(index));
	if (!fake_exists("/sys/class/net/%s", name))
		return -ENODEV;
	if (fake_exists("/sys/class/net/%s/no_ops", name))
		return -EOPNOTSUPP;
	if (!fake_exists("/sys/class/net/%s/fallback", name))
		link_remove(name);
	return 0;
}

/* See watchdog_stop() in drivers/watchdog/watchdog_dev.c. */
int kernel_watchdog_stop(const char *device)
{
	const char *name = device + strlen("/dev/");
	uint64_t nowayout = 0;

	(void)read_u64(&nowayout, 10, fake_root(), "/sys/class/watchdog/%s/nowayout",
		       name);
	if (nowayout)
		return -EBUSY;
	if (fake_exists("/sys/class/watchdog/%s/state", name))
		fake_file("inactive\n", "/sys/class/watchdog/%s/state", name);
	return 0;
}

int kernel_watchdog_arm(const char *device, unsigned int seconds)
{
	const char *name = device + strlen("/dev/");
	char text[16];

	(void)snprintf(text, sizeof(text), "%u\n", seconds ?: 255);
	if (fake_exists("/sys/class/watchdog/%s/timeout", name))
		fake_file(text, "/sys/class/watchdog/%s/timeout", name);
	if (fake_exists("/sys/class/watchdog/%s/state", name))
		fake_file("active\n", "/sys/class/watchdog/%s/state", name);
	return 0;
}

/* What has ended leaves its directory: its number is not given to a child of the test. */
int kernel_kill(pid_t pid, int signal)
{
	char ignores[64];

	if (pid == 1 || pid == -1) /* stopped, and let go on */
		return 0;
	if (!fake_exists("/proc/%d/stat", pid))
		return -ESRCH;
	if (read_text(ignores, sizeof(ignores), fake_root(), "/proc/%d/ignores", pid) < 0)
		ignores[0] = '\0';
	if (signal != SIGCONT && !strstr(ignores, sigabbrev_np(signal)))
		fake_remove("/proc/%d/stat", pid);
	return 0;
}
