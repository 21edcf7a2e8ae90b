// SPDX-License-Identifier: GPL-2.0-or-later
#include "preflight.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

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

/* The value of "Name:\t..." in a file such as /proc/self/status; false where it has none.
 */
static bool field(const char *root, const char *path, const char *name, char *value,
		  size_t size)
{
	char text[8192], *at;
	size_t n = strlen(name);

	if (read_text(text, sizeof(text), root, "%s", path) < 0)
		return false;
	for (at = text; at && strncmp(at, name, n) != 0;) {
		at = strchr(at, '\n');
		at = at ? at + 1 : NULL;
	}
	if (!at)
		return false;
	at += n + strspn(at + n, ": \t");
	n = strcspn(at, " \n");
	if (n >= size)
		return false;
	memcpy(value, at, n);
	value[n] = '\0';
	return true;
}

static bool is_root(const char *root)
{
	const uint64_t needed =
		1ULL << CAPABILITY_SYS_ADMIN | 1ULL << CAPABILITY_SYS_BOOT;
	char text[32];
	uint64_t capabilities;

	return field(root, "/proc/self/status", "CapEff", text, sizeof(text)) &&
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
	static const char *const marks[] = {
		"/run/systemd/container",
		"/run/.containerenv",
		"/.dockerenv",
		"/dev/.lxc-boot-id",
	};
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
	if (loaded && !p->options->force)
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

static unsigned int check_takeover(const struct preflight *p)
{
	uint64_t scope;

	if (p->takeover == TAKEOVER_SYSTEMD)
		return takeover_has_systemd(p->root)
			       ? 0
			       : refuse("--takeover=systemd, but PID 1 is "
					"not systemd: use "
					"--takeover=seize");
	if (is_locked_down(p->root, "confidentiality"))
		return refuse("lockdown=confidentiality forbids seizing PID 1: use "
			      "--takeover=systemd where PID 1 is systemd");
	if (read_u64(&scope, 10, p->root, "/proc/sys/kernel/yama/ptrace_scope") == 0 &&
	    scope == 3)
		return refuse(
			"kernel.yama.ptrace_scope = 3 forbids seizing PID 1 until the "
			"next boot: use --takeover=systemd where PID 1 is systemd");
	return 0;
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

static bool meminfo(const char *root, const char *name, uint64_t *ret_bytes)
{
	char text[32];
	uint64_t kib;

	if (!field(root, "/proc/meminfo", name, text, sizeof(text)) ||
	    parse_u64(text, 10, UINT64_MAX / 1024, &kib) < 0)
		return false;
	*ret_bytes = kib * 1024;
	return true;
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
	uint64_t total, available;

	if (p->tree->kernel_fd < 0 || !meminfo(p->root, "MemTotal", &total) ||
	    !meminfo(p->root, "MemAvailable", &available))
		return 0;
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
		check_root,	check_container,   check_kexec,	       check_lockdown,
		check_takeover, check_stage_place, check_command_line, check_memory,
	};
	unsigned int reasons = 0;

	for (size_t i = 0; i < array_size(checks); i++)
		reasons += checks[i](preflight);
	return reasons;
}
