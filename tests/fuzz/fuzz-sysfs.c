// SPDX-License-Identifier: GPL-2.0-or-later

/*
 * A recorded machine, which somebody sent with a bug report: files of /sys and /proc,
 * each the bytes up to the next "----\n", in the order of the table. What is missing is
 * empty.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "initramfs/inventory/blocks.h"
#include "initramfs/inventory/devices.h"
#include "initramfs/inventory/links.h"
#include "initramfs/inventory/machine.h"
#include "initramfs/inventory/memory.h"
#include "initramfs/inventory/processes.h"
#include "initramfs/inventory/watchdogs.h"
#include "pivot/kexec/boot-params.h"
#include "pivot/kexec/firmware.h"
#include "pivot/kexec/memory-map.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PCI	"/sys/bus/pci/devices/0000:03:00.0/"
#define NET	"/sys/class/net/eth0/"
#define DOG	"/sys/class/watchdog/watchdog0/"
#define RAM	"/sys/firmware/memmap/0/"
#define MORE	"/sys/firmware/memmap/1/"
#define EFI	"/sys/firmware/efi/"
#define RUNTIME EFI "runtime-map/0/"
static const char *const files[] = {
	PCI "config",
	PCI "vendor",
	PCI "device",
	PCI "class",
	PCI "reset_method",
	NET "flags",
	NET "ifindex",
	NET "uevent",
	DOG "identity",
	DOG "state",
	DOG "status",
	DOG "nowayout",
	DOG "timeout",
	"/sys/block/dm-0/dm/name",
	"/sys/block/loop0/loop/backing_file",
	"/proc/meminfo",
	"/proc/consoles",
	"/proc/7/stat",
	"/proc/sys/kernel/osrelease",
	"/sys/class/dmi/id/sys_vendor",
	"/sys/class/dmi/id/product_name",
	RAM "start",
	RAM "end",
	RAM "type",
	MORE "start",
	MORE "end",
	MORE "type",
	EFI "systab",
	EFI "fw_vendor",
	EFI "runtime",
	EFI "config_table",
	RUNTIME "type",
	RUNTIME "phys_addr",
	RUNTIME "virt_addr",
	RUNTIME "num_pages",
	RUNTIME "attribute",
	"/proc/iomem",
	"/sys/kernel/boot_params/data",
	"/proc/kpageflags",
};
static char root[] = "/dev/shm/fuzz-sysfs-XXXXXX";
static int fds[sizeof(files) / sizeof(files[0])];

static void must(bool holds)
{
	if (!holds)
		abort();
}

static int make(const char *path)
{
	char full[256];
	int fd;

	(void)snprintf(full, sizeof(full), "%s%s", root, path);
	for (char *at = full + sizeof(root); (at = strchr(at, '/')); at++) {
		*at = '\0';
		must(mkdir(full, 0755) == 0 || errno == EEXIST);
		*at = '/';
	}
	fd = open(full, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	must(fd >= 0);
	return fd;
}

static void remove_root(void)
{
	char command[64];

	/* a test's own folder: rm knows how to take a tree down */
	(void)snprintf(command, sizeof(command), "rm -r %s", root);
	(void)!system(command);
}

static void put(const uint8_t *data, size_t size)
{
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		const uint8_t *end = memmem(data, size, "----\n", 5);
		size_t n = end ? (size_t)(end - data) : size;

		must(ftruncate(fds[i], 0) == 0 &&
		     pwrite(fds[i], data, n, 0) == (ssize_t)n);
		n += end ? 5 : 0;
		data += n;
		size -= n;
	}
}

static bool is_string(const char *text, size_t size)
{
	return memchr(text, '\0', size);
}

static void read_devices(void)
{
	static struct devices devices;
	char text[256];

	memset(&devices, 'x', sizeof(devices));
	must(devices_read(root, &devices) == 0 && devices.n <= 1);
	if (devices.n) {
		must(devices.device[0].state.power <= 3);
		(void)device_describe(&devices.device[0], text, sizeof(text));
		must(is_string(text, sizeof(text)));
	}
}

static void read_links(void)
{
	static struct links links;

	must(links_read(root, &links) == 0 && links.n <= 1);
	must(!links.n || is_string(links.link[0].kind, sizeof(links.link[0].kind)));
}

static void read_rest(void)
{
	static struct blocks blocks;
	static struct watchdogs dogs;
	static struct processes processes;
	struct machine machine;
	uint64_t bytes;

	must(blocks_read(root, &blocks) == 0 && blocks.n == 2);
	for (size_t i = 0; i < blocks.n; i++)
		must(is_string(blocks.block[i].detail, sizeof(blocks.block[i].detail)));
	(void)watchdogs_read(root, &dogs);
	must(dogs.n <= 1);
	must(!dogs.n || is_string(dogs.watchdog[0].identity, 32));
	processes_read(root, 1, &processes);
	must(processes.n <= 1);
	must(!processes.n || is_string(processes.process[0].name, 20));
	machine_read(root, &machine);
	must(is_string(machine.dmi, sizeof(machine.dmi)));
	(void)memory_read(root, "MemTotal", &bytes);
	(void)memory_read_unwritten(root, &bytes);
}

static void check_spans(const struct spans *spans)
{
	must(spans->n < SPANS_MAX);
	for (size_t i = 0; i < spans->n; i++)
		must(spans->span[i].start < spans->span[i].end &&
		     (!i || spans->span[i - 1].end < spans->span[i].start));
}

static void build_block(const struct memory_map *map, const struct firmware *firmware)
{
	const struct boot_request request = {
		.setup = (const uint8_t *)&firmware->zero_page,
		.setup_bytes = sizeof(firmware->zero_page),
		.map = map,
		.firmware = firmware,
		.command_line = "quiet",
		.seed = { 1 },
	};
	uint8_t *block = calloc(1, boot_block_bytes(&request));

	must(block);
	boot_block_build(&request, 0x100000, block);
	free(block);
}

static void read_firmware(void)
{
	static struct memory_map map;
	static struct firmware firmware;
	static struct spans spans;
	bool has_map = memory_map_read(root, &map) == 0;
	bool has_firmware = firmware_read(root, &firmware) == 0;

	must(!has_map || map.n == 1 || map.n == 2);
	must(!has_firmware || firmware.n_runtime <= 1);
	if (has_map && memory_usable(root, &map, &spans) == 0)
		check_spans(&spans);
	if (!has_map || !has_firmware)
		return;
	memory_mapped(&map, &firmware, &spans);
	check_spans(&spans);
	build_block(&map, &firmware);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool is_made;

	if (!is_made) {
		is_made = true;
		must(mkdtemp(root) && atexit(remove_root) == 0);
		for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
			fds[i] = make(files[i]);
	}
	put(data, size);
	read_devices();
	read_links();
	read_rest();
	read_firmware();
	return 0;
}
