// SPDX-License-Identifier: GPL-2.0-or-later

/* Can PID 1 become our init, has the stage a place, and is there a way home? */

#include "pivot/takeover/takeover.h"

#include <string.h>

#include "checks.h"
#include "pivot/base/read.h"

static bool is_masked(const char *root, const char *folder)
{
	char target[32];

	return read_link_name(target, sizeof(target), root,
			      "%s/systemd/system/kexec.target", folder) == 0 &&
	       strcmp(target, "null") == 0;
}

static void check_systemd(const struct preflight *p, struct findings *findings)
{
	if (!takeover_has_systemd(p->root))
		find_refusal(findings, "not-systemd",
			     "--takeover=systemd, but PID 1 is not systemd: use "
			     "--takeover=seize");
	else if (is_masked(p->root, "/etc") || is_masked(p->root, "/run"))
		find_refusal(
			findings, "kexec-target-masked",
			"kexec.target is masked: 'systemctl unmask kexec.target', or use "
			"--takeover=seize");
}

/* Source: Documentation/admin-guide/LSM/Yama.rst */
static void check_seizing(const struct preflight *p, struct findings *findings)
{
	uint64_t scope;

	if (read_u64(&scope, 10, p->root, "/proc/sys/kernel/yama/ptrace_scope") == 0 &&
	    scope == 3)
		find_refusal(
			findings, "ptrace-forbidden",
			"kernel.yama.ptrace_scope = 3 forbids seizing PID 1 until the "
			"next boot: use --takeover=systemd where PID 1 is systemd");
}

void check_takeover(const struct preflight *p, struct findings *findings)
{
	char text[4096];
	ssize_t n;

	if (p->takeover == TAKEOVER_SYSTEMD)
		check_systemd(p, findings);
	else
		check_seizing(p, findings);
	if (!read_exists(p->root, "/run"))
		find_refusal(findings, "no-run",
			     "there is no '/run' to put the stage in");
	n = read_text(text, sizeof(text), p->root, "/proc/filesystems");
	if (n > 0 && !strstr(text, "devtmpfs"))
		find_refusal(findings, "no-devtmpfs",
			     "the running kernel is built without devtmpfs: boot another "
			     "one");
}

/* What the way home needs where a machine hangs. A warning: most never do. */
void check_way_home(const struct preflight *p, struct findings *findings)
{
	if (!read_exists(p->root, "/proc/sysrq-trigger"))
		find_warning(findings, "no-sysrq",
			     "the running kernel has no sysrq: should a driver hang, the "
			     "machine would not restart by itself");
}
