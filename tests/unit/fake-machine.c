// SPDX-License-Identifier: GPL-2.0-or-later
#include "fake-machine.h"

#include <check.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fake-acts.h"
#include "fake-root.h"
#include "pivot/base/cleanup.h"

void machine_start(void)
{
	fake_start();
	fake_file("", "/proc/self/mountinfo");
	fake_directory("/dev");
	fake_file("", "/dev/null");
	fake_file("Filename\tType\tSize\tUsed\tPriority\n", "/proc/swaps");
	fake_file("", "/proc/sysrq-trigger");
	fake_directory("/sys/block");
	fake_directory("/sys/class/net");
	machine_task(1, "init", 'S', 0x400100);
}

void machine_that_can_jump(void)
{
	machine_start();
	fake_file("Name:\tpivot-kexec\nCapEff:\t000001ffffffffff\n", "/proc/self/status");
	fake_symlink("pid:[4026531836]", "/proc/self/ns/pid");
	fake_file("systemd\n", "/proc/1/comm");
	fake_file("", "/proc/1/ns/mnt");
	fake_symlink(fake_root(), "/proc/1/root");
	fake_file("nodev\tdevtmpfs\n\text4\n", "/proc/filesystems");
	fake_file("0\n", "/proc/sys/kernel/kexec_load_disabled");
	fake_file("-1\n", "/proc/sys/kernel/kexec_load_limit_reboot");
	fake_file("1\n", "/proc/sys/kernel/yama/ptrace_scope");
	fake_file("MemTotal:        4000000 kB\nMemFree:         2800000 kB\n"
		  "MemAvailable:    3000000 kB\n",
		  "/proc/meminfo");
	fake_directory("/run");
	fake_directory("/run/systemd");
	fake_directory("/run/systemd/system");
	fake_file("0\n", "/sys/kernel/kexec_loaded");
	fake_file("[none] integrity confidentiality\n", "/sys/kernel/security/lockdown");
	fake_file("0\n", "/sys/fs/cgroup/cgroup.procs");
}

void machine_memory(uint64_t start, uint64_t end, const char *type)
{
	static unsigned int n;
	char text[32];

	(void)snprintf(text, sizeof(text), "0x%llx\n", (unsigned long long)start);
	fake_file(text, "/sys/firmware/memmap/%u/start", n);
	(void)snprintf(text, sizeof(text), "0x%llx\n", (unsigned long long)end - 1);
	fake_file(text, "/sys/firmware/memmap/%u/end", n);
	(void)snprintf(text, sizeof(text), "%s\n", type);
	fake_file(text, "/sys/firmware/memmap/%u/type", n++);
}

/* Of a page that is there. */
static bool shows_frames(void)
{
	enum { PRESENT = 63, FRAME_BITS = 55 };
	uint64_t entry = 0;
	auto_close int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	off_t at = (off_t)((uintptr_t)&entry / 4096 * sizeof(entry));

	must(pread(fd, &entry, sizeof(entry), at) == sizeof(entry));
	return entry >> PRESENT && (entry & ((1ULL << FRAME_BITS) - 1));
}

void machine_that_can_load(void)
{
	static const unsigned char zero_page[4096];

	ck_assert_msg(shows_frames(),
		      "the kernel does not say in /proc/self/pagemap which "
		      "frames a process has: run this test as root "
		      "(CAP_SYS_ADMIN)");
	machine_memory(0, 0x9fc00, "System RAM");
	machine_memory(0x9fc00, 0x100000, "Reserved");
	machine_memory(0x100000, 64ULL << 30, "System RAM");
	fake_bytes(zero_page, sizeof(zero_page), "/sys/kernel/boot_params/data");
	fake_symlink("/proc/self/pagemap", "/proc/self/pagemap");
}

void machine_mount(const char *path, const char *type, const char *source,
		   const char *options)
{
	char line[1024];

	(void)snprintf(line, sizeof(line),
		       "20 1 8:1 / %s rw,relatime shared:1 - %s %s %s\n", path, type,
		       source, options);
	fake_append("/proc/self/mountinfo", line);
}

void machine_swap(const char *path)
{
	fake_append("/proc/swaps", path);
	fake_append("/proc/swaps", "\tfile\t1048572\t0\t-2\n");
}

void machine_loop(const char *device, const char *file)
{
	fake_file(file, "/sys/block/%s/loop/backing_file", device);
}

void machine_dm(const char *device, const char *name)
{
	fake_file(name, "/sys/block/%s/dm/name", device);
}

void machine_md(const char *device, const char *level)
{
	fake_file(level, "/sys/block/%s/md/level", device);
}

void machine_holds(const char *upper, const char *lower)
{
	fake_file("", "/sys/block/%s/holders/%s", lower, upper);
}

void machine_occupant(const char *class, const char *name, const char *address)
{
	const char *const buses[] = { "pci", "platform", "vmbus", "xen" };
	char link[PATH_MAX], target[PATH_MAX + 16];
	auto_free char *device = NULL;

	for (size_t i = 0; !device && i < array_size(buses); i++) {
		(void)snprintf(link, sizeof(link), "%s/sys/bus/%s/devices/%s",
			       fake_root(), buses[i], address);
		device = realpath(link, NULL);
	}
	must(device);
	(void)snprintf(target, sizeof(target), "../..%s/%s/%s",
		       strstr(device, "/devices/"), class, name);
	fake_symlink(target, "/sys/class/%s/%s", class, name);
}

void machine_console(const char *tty, const char *address)
{
	char line[64];

	(void)snprintf(line, sizeof(line), "%-20s -W- (EC p a)    4:64\n", tty);
	fake_append("/proc/consoles", line);
	machine_occupant("tty", tty, address);
}

void machine_other(const char *bus, const char *name, const char *driver)
{
	char target[PATH_MAX];

	(void)snprintf(target, sizeof(target), "../../../devices/%s/%s", bus, name);
	fake_symlink(target, "/sys/bus/%s/devices/%s", bus, name);
	(void)snprintf(target, sizeof(target), "../../../bus/%s/drivers/%s", bus, driver);
	fake_file("", "/sys/bus/%s/drivers/%s/unbind", bus, driver);
	fake_symlink(target, "/sys/devices/%s/%s/driver", bus, name);
}

void machine_disk(const char *address)
{
	fake_file("1\n", "/sys/class/scsi_disk/%s/manage_system_start_stop", address);
	fake_file("1\n", "/sys/class/scsi_disk/%s/manage_runtime_start_stop", address);
}

void machine_link(const char *name, const char *flags)
{
	static int index;
	char text[16];

	(void)snprintf(text, sizeof(text), "%d\n", ++index);
	fake_file(text, "/sys/class/net/%s/ifindex", name);
	fake_file(flags, "/sys/class/net/%s/flags", name);
}

void machine_virtual_link(const char *name, const char *kind, const char *lower)
{
	char text[256], *save = NULL;

	machine_link(name, "0x1003\n");
	fake_file("", "/sys/devices/virtual/net/%s/uevent", name);
	(void)snprintf(text, sizeof(text), "%s%s%sINTERFACE=%s\n", kind ? "DEVTYPE=" : "",
		       kind ?: "", kind ? "\n" : "", name);
	fake_file(text, "/sys/class/net/%s/uevent", name);
	(void)snprintf(text, sizeof(text), "%s", lower);
	for (char *at = strtok_r(text, " ", &save); at; at = strtok_r(NULL, " ", &save))
		fake_file("", "/sys/class/net/%s/lower_%s", name, at);
}

static void watchdog_file(const char *text, const char *path, const char *file)
{
	char line[64];

	(void)snprintf(line, sizeof(line), "%s\n", text);
	fake_file(line, "%s/%s", path, file);
}

/* Attributes are the device's own; links of the core lead there. */
void machine_watchdog_add(const struct machine_watchdog *watchdog)
{
	const char *device = watchdog->device ?: "platform/dog";
	char path[128], target[160];

	(void)snprintf(target, sizeof(target), "../../devices/%s/watchdog/%s", device,
		       watchdog->name);
	fake_symlink(target, "/sys/class/watchdog/%s", watchdog->name);
	(void)snprintf(path, sizeof(path), "/sys/devices/%s/watchdog/%s", device,
		       watchdog->name);
	fake_directory(path);
	if (watchdog->state) {
		watchdog_file(watchdog->state, path, "state");
		watchdog_file(watchdog->identity ?: "a dog", path, "identity");
		watchdog_file(watchdog->nowayout ?: "0", path, "nowayout");
		watchdog_file(watchdog->timeout ?: "30", path, "timeout");
	}
	if (watchdog->module_nowayout)
		watchdog_file(watchdog->module_nowayout, path,
			      "device/driver/module/parameters/nowayout");
}

void machine_legacy_watchdog(void)
{
	fake_directory("/sys/class/misc");
	fake_directory("/sys/class/misc/watchdog");
}

static void write_stat(pid_t pid, const char *name, char state, int terminal,
		       unsigned int flags)
{
	char stat[256];

	(void)snprintf(stat, sizeof(stat),
		       "%d (%s) %c 1 %d %d %d -1 %u 1 0 0 0 2 1 0 0 20 0 1 0 99 0 0\n",
		       pid, name, state, pid, pid, terminal, flags);
	fake_file(stat, "/proc/%d/stat", pid);
}

void machine_task(pid_t pid, const char *name, char state, unsigned int flags)
{
	write_stat(pid, name, state, 0, flags);
}

static void write_status(const struct machine_process *process)
{
	char status[160];

	(void)snprintf(status, sizeof(status),
		       "Name:\t%s\nUmask:\t0022\nPid:\t%d\nUid:\t%u\t0\t0\t0\n",
		       process->name, process->pid, process->uid);
	fake_file(status, "/proc/%d/status", process->pid);
}

void machine_process_add(const struct machine_process *process)
{
	const char *name = process->name, *command = process->command ?: name;

	write_status(process);
	write_stat(process->pid, name, 'S', process->has_terminal ? 34816 : 0, 0x400000);
	fake_file(process->ignores ?: "", "/proc/%d/ignores", process->pid);
	fake_bytes(command, strlen(command) + 1, "/proc/%d/cmdline", process->pid);
}

/* "pci0000:00/0000:00:1c.0/0000:01:00.0": where it stands in /sys/devices. */
static void device_path(char *path, const struct machine_pci *pci)
{
	char link[PATH_MAX];
	auto_free char *parent = NULL;

	if (!pci->below) {
		(void)snprintf(path, PATH_MAX, "pci0000:00/%s", pci->address);
		return;
	}
	(void)snprintf(link, sizeof(link), "%s/sys/bus/pci/devices/%s", fake_root(),
		       pci->below);
	parent = realpath(link, NULL);
	must(parent);
	(void)snprintf(path, PATH_MAX, "%s/%s", strstr(parent, "/sys/devices/") + 13,
		       pci->address);
}

static void write_config(const char *directory, const struct machine_pci *pci)
{
	/* capabilities: MSI-X, MSI, PCI Express */
	unsigned char config[256] = {
		0x86,	       0x80,	      0xd3,	     0x10,
		0x03,	       [0x06] = 0x10, [0x34] = 0x40, [0x40] = 0x11,
		[0x41] = 0x50, [0x50] = 0x05, [0x51] = 0x60, [0x60] = 0x10,
	};

	config[4] |= pci->is_bus_master ? 0x04 : 0;
	config[0x43] = pci->has_msix ? 0x80 : 0;
	config[0x52] = pci->has_msi ? 0x01 : 0;
	config[0x6a] = pci->is_pending ? 0x20 : 0;
	config[0x0e] = pci->has_header_of_bridge ? 0x81 : 0;
	if (pci->is_gone)
		memset(config, 0xff, sizeof(config));
	fake_bytes(config, sizeof(config), "%s/config", directory);
}

static void bind_driver(const char *directory, const char *driver)
{
	char target[PATH_MAX];

	(void)snprintf(target, sizeof(target), "%s/sys/bus/pci/drivers/%s", fake_root(),
		       driver);
	fake_file("", "/sys/bus/pci/drivers/%s/unbind", driver);
	fake_symlink(target, "%s/driver", directory);
}

void machine_pci_add(const struct machine_pci *pci)
{
	char path[PATH_MAX], directory[PATH_MAX + 16], target[PATH_MAX + 32];
	char class[16];

	device_path(path, pci);
	(void)snprintf(directory, sizeof(directory), "/sys/devices/%s", path);
	(void)snprintf(target, sizeof(target), "../../../devices/%s", path);
	(void)snprintf(class, sizeof(class), "0x%06x\n", pci->class);
	fake_file("0x8086\n", "%s/vendor", directory);
	fake_file("0x10d3\n", "%s/device", directory);
	fake_file(class, "%s/class", directory);
	fake_file("0\n", "%s/enable", directory);
	if (pci->keeps_bus_master)
		fake_file("", "%s/keeps_bus_master", directory);
	if (pci->resets) {
		fake_file(pci->resets, "%s/reset_method", directory);
		fake_file("", "%s/reset", directory);
	}
	if (pci->n_vfs) {
		(void)snprintf(class, sizeof(class), "%u\n", pci->n_vfs);
		fake_file(class, "%s/sriov_numvfs", directory);
		for (unsigned int i = 0; i < pci->n_vfs; i++)
			fake_file("", "%s/virtfn%u", directory, i);
	}
	write_config(directory, pci);
	if (pci->driver)
		bind_driver(directory, pci->driver);
	fake_symlink(target, "/sys/bus/pci/devices/%s", pci->address);
	if (pci->physical) {
		(void)snprintf(target, sizeof(target), "%s/sys/bus/pci/devices/%s",
			       fake_root(), pci->physical);
		fake_symlink(target, "%s/physfn", directory);
	}
}

bool machine_is_bus_master(const char *address)
{
	char path[PATH_MAX];
	FILE *file;
	int command;

	(void)snprintf(path, sizeof(path), "%s/sys/bus/pci/devices/%s/config",
		       fake_root(), address);
	file = fopen(path, "re");
	must(file);
	(void)fseek(file, 4, SEEK_SET);
	command = fgetc(file);
	(void)fclose(file);
	return command & 0x04;
}
