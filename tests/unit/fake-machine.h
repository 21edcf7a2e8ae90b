/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Composes a machine on the fake root: what a kernel would show of it. */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* fake_start(), and a machine of which nothing can be said. */
void machine_start(void);
/* The same with all that the tool wants of a machine: root on a Debian with systemd,
 * Secure Boot off, 4 GB. */
void machine_that_can_jump(void);

/* A range of the firmware's map, to the byte behind the last: "System RAM". */
void machine_memory(uint64_t start, uint64_t end, const char *type);
/*
 * What a loader of ours reads: a map with more RAM than the pages of a test can fill,
 * wherever they are, a BIOS' zero page, and this machine's own pagemap(5). The test ends
 * where the kernel does not say in it which frames there are: that needs root.
 */
void machine_that_can_load(void);

/* options: the filesystem's own, "rw" or "ro" first. In the order they are mounted. */
void machine_mount(const char *path, const char *type, const char *source,
		   const char *options);
void machine_swap(const char *path);
void machine_loop(const char *device, const char *backing_file);
void machine_dm(const char *device, const char *name);
void machine_md(const char *device, const char *level);
/* upper stands on lower. */
void machine_holds(const char *upper, const char *lower);
/* A tty of a PCI function becomes a console of the kernel. */
void machine_console(const char *tty, const char *address);
void machine_disk(const char *address); /* SCSI: "0:0:0:0" */
/* Each newer, and of a higher index, than the one before. flags: "0x1003" */
void machine_link(const char *name, const char *flags);
/* One that is up and no hardware, of a DEVTYPE or NULL, on others: "eth1 eth2". */
void machine_virtual_link(const char *name, const char *kind, const char *lower);

struct machine_watchdog {
	const char *name;
	const char *identity;
	const char *device;	     /* where it stands in /sys/devices */
	const char *state;	     /* NULL: a kernel without CONFIG_WATCHDOG_SYSFS */
	const char *nowayout;	     /* "0" */
	const char *module_nowayout; /* "N", of its driver's module */
	const char *timeout;
};

void machine_watchdog_add(const struct machine_watchdog *watchdog);
/* machine_watchdog(.name = "watchdog0", .state = "active"); */
#define machine_watchdog(...) \
	machine_watchdog_add(&(struct machine_watchdog){ __VA_ARGS__ })
/* /dev/watchdog of a driver that is not the watchdog core's. */
void machine_legacy_watchdog(void);

struct machine_process {
	pid_t pid;
	const char *name;
	const char *command; /* its argv[0]; its name where it is NULL */
	const char *ignores; /* signals it does not die of, "TERM HUP" */
	bool has_terminal;
	unsigned int uid;
};

void machine_process_add(const struct machine_process *process);
/* machine_process(.pid = 310, .name = "postgres"); */
#define machine_process(...) machine_process_add(&(struct machine_process){ __VA_ARGS__ })
/* The same by the letter of its state and the flags of proc_pid_stat(5). */
void machine_task(pid_t pid, const char *name, char state, unsigned int flags);

struct machine_pci {
	const char *address;
	const char *below;    /* the address of its bridge, or NULL */
	const char *driver;   /* or NULL */
	const char *physical; /* the PF it is a VF of, or NULL */
	unsigned int class;   /* 0x020000: with the programming interface */
	bool has_header_of_bridge;
	bool is_bus_master;
	bool keeps_bus_master; /* when its driver goes */
	bool is_gone;	       /* reads as all ones */
	bool has_msi, has_msix, is_pending;
	const char *resets; /* "flr pm", or NULL */
	unsigned int n_vfs; /* that it has enabled */
};

void machine_pci_add(const struct machine_pci *pci);
/* machine_pci(.address = "0000:00:03.0", .driver = "e1000", .class = 0x020000); */
#define machine_pci(...) machine_pci_add(&(struct machine_pci){ __VA_ARGS__ })
/* Something of a class hangs on the device: machine_occupant("net", "eth0", "0000:...").
 */
void machine_occupant(const char *class, const char *name, const char *address);
/* A device of another bus, with its driver. */
void machine_other(const char *bus, const char *name, const char *driver);
/* Its own bus mastering as config space has it now. */
bool machine_is_bus_master(const char *address);
