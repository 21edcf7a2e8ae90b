/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The checks, one function a subject and one or two a file; the table is in checks.c.
 * Each reads below p->root only, changes nothing, and adds what it finds. What it cannot
 * read is no finding: a healthy machine must never be refused.
 */

#include "preflight.h"

void check_permission(const struct preflight *p, struct findings *findings);
void check_container(const struct preflight *p, struct findings *findings);
void check_kexec(const struct preflight *p, struct findings *findings);
void check_configuration(const struct preflight *p, struct findings *findings);
void check_security(const struct preflight *p, struct findings *findings);
void check_guest(const struct preflight *p, struct findings *findings);
void check_processor(const struct preflight *p, struct findings *findings);
void check_firmware(const struct preflight *p, struct findings *findings);
void check_live_update(const struct preflight *p, struct findings *findings);
void check_middle(const struct preflight *p, struct findings *findings);
void check_takeover(const struct preflight *p, struct findings *findings);
void check_way_home(const struct preflight *p, struct findings *findings);
void check_stuck_processes(const struct preflight *p, struct findings *findings);
void check_network_filesystems(const struct preflight *p, struct findings *findings);
void check_network_root(const struct preflight *p, struct findings *findings);
void check_storage(const struct preflight *p, struct findings *findings);
void check_watchdogs(const struct preflight *p, struct findings *findings);
void check_memory(const struct preflight *p, struct findings *findings);
void check_target_memory(const struct preflight *p, struct findings *findings);
void check_keep(const struct preflight *p, struct findings *findings);
void check_command_line(const struct preflight *p, struct findings *findings);
