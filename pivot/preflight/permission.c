// SPDX-License-Identifier: GPL-2.0-or-later

/* May this process do it, and is this the machine or a container in it? */

#include <string.h>

#include "checks.h"
#include "pivot/base/macros.h"
#include "pivot/base/parse.h"
#include "pivot/base/read.h"

/* Source: linux/capability.h, linux/proc_ns.h (PROC_PID_INIT_INO). */
enum { CAPABILITY_SYS_ADMIN = 21, CAPABILITY_SYS_BOOT = 22 };
#define INITIAL_PID_NAMESPACE "pid:[4026531836]"

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

void check_permission(const struct preflight *p, struct findings *findings)
{
	if (!is_root(p->root))
		find_refusal(findings, "not-root",
			     "this needs root (CAP_SYS_BOOT and CAP_SYS_ADMIN): "
			     "run it with sudo");
}

/* In a container reboot(2) ends the container, and kexec is not to be had. */
void check_container(const struct preflight *p, struct findings *findings)
{
	/* what a container's manager puts there at run time, not what an image may bring
	 */
	static const char *const marks[] = { "/run/systemd/container",
					     "/run/.containerenv" };
	char namespace[64];

	for (size_t i = 0; i < array_size(marks); i++) {
		if (!read_exists(p->root, "%s", marks[i]))
			continue;
		find_refusal(findings, "container",
			     "this is a container ('%s' exists): run it on the host",
			     marks[i]);
		return;
	}
	if (read_link_name(namespace, sizeof(namespace), p->root, "/proc/self/ns/pid") ==
		    0 &&
	    strcmp(namespace, INITIAL_PID_NAMESPACE) != 0)
		find_refusal(findings, "pid-namespace",
			     "this is not the machine's own pid namespace (%s), but a "
			     "container's: run it on the host",
			     namespace);
}
