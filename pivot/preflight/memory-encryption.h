/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

/*
 * Does the kernel run with its memory encrypted page by page, by a bit in its page
 * tables: as a guest (SEV, SEV-ES, SEV-SNP, TDX), or by itself (SME)? Where it cannot be
 * known of a guest, it is said to be so.
 *
 * No flag of /proc/cpuinfo says so for AMD: "sev" is cleared in KVM's guests
 * (arch/x86/kernel/cpu/amd.c, early_detect_mem_encrypt()), and means a host that could
 * have some elsewhere. Source: arch/x86/mm/mem_encrypt_identity.c, sme_enable().
 */
bool memory_is_encrypted(const char *root);
