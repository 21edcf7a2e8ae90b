// SPDX-License-Identifier: GPL-2.0-or-later
#include "checks.h"

#include "pivot/base/macros.h"

/* The order in which people read them: who may, what this kernel is, what would hang,
 * what the target needs. */
static void (*const checks[])(const struct preflight *p, struct findings *findings) = {
	check_permission,
	check_container,
	check_kexec,
	check_configuration,
	check_security,
	check_guest,
	check_processor,
	check_firmware,
	check_live_update,
	check_middle,
	check_takeover,
	check_way_home,
	check_stuck_processes,
	check_network_filesystems,
	check_network_root,
	check_storage,
	check_watchdogs,
	check_memory,
	check_target_memory,
	check_command_line,
	check_keep,
};

void preflight_check(const struct preflight *preflight, struct findings *findings)
{
	for (size_t i = 0; i < array_size(checks); i++)
		checks[i](preflight, findings);
}
