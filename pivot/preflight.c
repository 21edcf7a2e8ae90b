// SPDX-License-Identifier: GPL-2.0-or-later
#include "preflight.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "initramfs/inventory/memory.h"
#include "pivot/base/human.h"
#include "pivot/base/log.h"
#include "pivot/base/macros.h"
#include "pivot/base/parse.h"
#include "pivot/base/read.h"
#include "pivot/kexec/load.h"
#include "pivot/takeover/takeover.h"

/* Source: linux/capability.h, linux/proc_ns.h (PROC_PID_INIT_INO). */
enum { CAPABILITY_SYS_ADMIN = 21, CAPABILITY_SYS_BOOT = 22 };
#define INITIAL_PID_NAMESPACE "pid:[4026531836]"

#define refuse(...) (log_refuse(1U, __VA_ARGS__))

static bool is_root(const char *root)
{
	const uint64_t needed =
		1ULL << CAPABILITY_SYS_ADMIN | 1ULL << CAPABILITY_SYS_BOOT;
	char text[32];
	uint64_t capabilities;

	return read_field(text, sizeof(text), root, "/proc/self/status", "CapEff") == 0 &&
	       parse_u64(text, 16, UINT64_MAX, &capabilities) == 0 &&
	       (capabilities & needed) == needed;
}

static unsigned int check_root(const struct preflight *p)
{
	return is_root(p->root)
		       ? 0
		       : refuse("this needs root (CAP_SYS_BOOT and CAP_SYS_ADMIN): "
				"run it with sudo");
}

/* In a container reboot(2) ends the container, and kexec is not to be had. */
static unsigned int check_container(const struct preflight *p)
{
	/* what a container's manager puts there at run time, not what an image may bring
	 */
	static const char *const marks[] = { "/run/systemd/container",
					     "/run/.containerenv" };
	char namespace[64];

	for (size_t i = 0; i < array_size(marks); i++)
		if (read_exists(p->root, "%s", marks[i]))
			return refuse(
				"this is a container ('%s' exists): run it on the host",
				marks[i]);
	if (read_link_name(namespace, sizeof(namespace), p->root, "/proc/self/ns/pid") ==
		    0 &&
	    strcmp(namespace, INITIAL_PID_NAMESPACE) != 0)
		return refuse("this is not the machine's own pid namespace (%s), but a "
			      "container's: run it on the host",
			      namespace);
	return 0;
}

/* Since Linux 6.3; -1 is no limit. */
static bool has_used_up_loads(const char *root)
{
	char limit[16];

	return read_text(limit, sizeof(limit), root,
			 "/proc/sys/kernel/kexec_load_limit_reboot") > 0 &&
	       strcmp(limit, "0") == 0;
}

static unsigned int check_kexec(const struct preflight *p)
{
	unsigned int reasons = 0;
	uint64_t disabled = 0;
	int loaded = kexec_is_loaded(p->root);

	if (loaded < 0)
		return refuse(
			"the running kernel is built without kexec: boot another one");
	if (read_u64(&disabled, 10, p->root, "/proc/sys/kernel/kexec_load_disabled") ==
		    0 &&
	    disabled)
		reasons += refuse("kexec is switched off until the next boot "
				  "(kernel.kexec_load_disabled = 1): find who sets it in "
				  "/etc/sysctl.d, remove it and reboot");
	if (has_used_up_loads(p->root))
		reasons += refuse("no more loads are allowed until the next boot "
				  "(kernel.kexec_load_limit_reboot = 0): reboot");
	if (read_exists(p->root, STAGE_PATH "/handover"))
		reasons += refuse(
			"another pivot-kexec waits for its takeover: let it go on, "
			"or end it with 'pkill pivot-kexec'");
	else if (loaded && !p->options->force)
		reasons +=
			refuse("an image is loaded already, by somebody else: unload it "
			       "with 'kexec -u', or replace it with --force");
	return reasons;
}

static bool is_locked_down(const char *root, const char *level)
{
	char text[96], active[32];

	(void)snprintf(active, sizeof(active), "[%s]", level);
	return read_text(text, sizeof(text), root, "/sys/kernel/security/lockdown") > 0 &&
	       strstr(text, active);
}

static unsigned int check_lockdown(const struct preflight *p)
{
	if (!is_locked_down(p->root, "integrity") &&
	    !is_locked_down(p->root, "confidentiality"))
		return 0;
	if (!p->kernel || p->kernel->is_signed)
		return 0;
	return refuse(
		"the running kernel is locked down (Secure Boot) and '%s' is not "
		"signed: turn Secure Boot off in the firmware, or use a signed kernel",
		p->tree->kernel_name);
}

static bool is_masked(const char *root, const char *folder)
{
	char target[32];

	return read_link_name(target, sizeof(target), root,
			      "%s/systemd/system/kexec.target", folder) == 0 &&
	       strcmp(target, "null") == 0;
}

static unsigned int check_systemd(const struct preflight *p)
{
	if (!takeover_has_systemd(p->root))
		return refuse("--takeover=systemd, but PID 1 is not systemd: use "
			      "--takeover=seize");
	if (is_masked(p->root, "/etc") || is_masked(p->root, "/run"))
		return refuse(
			"kexec.target is masked: 'systemctl unmask kexec.target', or use "
			"--takeover=seize");
	return 0;
}

static unsigned int check_takeover(const struct preflight *p)
{
	uint64_t scope;

	if (p->takeover == TAKEOVER_SYSTEMD)
		return check_systemd(p);
	if (read_u64(&scope, 10, p->root, "/proc/sys/kernel/yama/ptrace_scope") == 0 &&
	    scope == 3)
		return refuse(
			"kernel.yama.ptrace_scope = 3 forbids seizing PID 1 until the "
			"next boot: use --takeover=systemd where PID 1 is systemd");
	return 0;
}

/* What the way home needs where a machine hangs. A warning: most never do. */
static unsigned int check_sysrq(const struct preflight *p)
{
	if (!read_exists(p->root, "/proc/sysrq-trigger"))
		(void)log_warn(
			0, "the running kernel has no sysrq: should a driver hang, the "
			   "machine would not restart by itself");
	return 0;
}

static unsigned int check_devtmpfs(const struct preflight *p)
{
	char text[4096];
	ssize_t n = read_text(text, sizeof(text), p->root, "/proc/filesystems");

	return n <= 0 || strstr(text, "devtmpfs")
		       ? 0
		       : refuse("the running kernel is built without devtmpfs: boot another one");
}

static unsigned int check_stage_place(const struct preflight *p)
{
	return read_exists(p->root, "/run")
		       ? 0
		       : refuse("there is no '/run' to put the stage in");
}

static unsigned int check_command_line(const struct preflight *p)
{
	size_t n = p->tree->command_line ? strlen(p->tree->command_line) : 0;
	size_t max = p->kernel ? p->kernel->command_line_max : 0;

	max -= max < KERNEL_COMMAND_LINE_RESERVE ? max : KERNEL_COMMAND_LINE_RESERVE;
	if (!p->kernel || n <= max)
		return 0;
	return refuse(
		"the command line has %zu bytes, the kernel takes %zu: shorten it with "
		"--command-line",
		n, max);
}

uint64_t preflight_memory(const struct preflight *p, char *words, size_t words_size)
{
	/* the stage's tmpfs, our own copy of the image, and what the loader allocates
	 * beside */
	const uint64_t own = 2 * (uint64_t)p->image_bytes + (16 << 20);
	const uint64_t payload = p->tree->kernel_bytes + p->tree->initrd_bytes;
	const uint64_t unpack = p->kernel ? p->kernel->init_size : 0;
	char a[HUMAN_BYTES], b[HUMAN_BYTES], c[HUMAN_BYTES];

	(void)snprintf(
		words, words_size,
		"kernel and initrd twice while loading, 2 x %s; room for the kernel to "
		"unpack, %s; the stage, %s",
		human_bytes(payload, a), human_bytes(unpack, b), human_bytes(own, c));
	return 2 * payload + unpack + own;
}

static unsigned int check_memory(const struct preflight *p)
{
	char words[256], need[HUMAN_BYTES], have[HUMAN_BYTES];
	uint64_t payload = p->tree->kernel_bytes + p->tree->initrd_bytes;
	uint64_t total, available, swap = 0;

	if (p->tree->kernel_fd < 0 || memory_read(p->root, "MemTotal", &total) < 0 ||
	    memory_read(p->root, "MemAvailable", &available) < 0)
		return 0;
	(void)memory_read(p->root, "SwapFree", &swap); /* what runs can go there */
	available += swap;
	if (payload > total / 2)
		return refuse(
			"kernel and initrd are %s, and the kernel loads no more than half "
			"of the machine's memory (%s): use a smaller initrd",
			human_bytes(payload, need), human_bytes(total, have));
	if (preflight_memory(p, words, sizeof(words)) > available)
		return refuse(
			"too little memory: %s needed, %s available (%s): stop services, "
			"or use a smaller initrd",
			human_bytes(preflight_memory(p, words, sizeof(words)), need),
			human_bytes(available, have), words);
	return 0;
}

unsigned int preflight_check(const struct preflight *preflight)
{
	unsigned int (*const checks[])(const struct preflight *) = {
		check_root,	check_container,    check_kexec,    check_lockdown,
		check_takeover, check_stage_place,  check_devtmpfs, check_sysrq,
		check_memory,	check_command_line,
	};
	unsigned int reasons = 0;

	for (size_t i = 0; i < array_size(checks); i++)
		reasons += checks[i](preflight);
	return reasons;
}
