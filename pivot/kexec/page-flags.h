/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What the running kernel knows of single pages: some tables of EFI firmware (the memory
 * attributes, the TPM's log) lie in what the memory map calls RAM. The kernel sees that
 * when it has read them, and only reserves those pages, which no map shows; the next
 * kernel reads the tables again.
 */

#include "spans.h"

/*
 * Takes out of the spans (whole pages) every page that /proc/kpageflags shows as
 * reserved, broken, given back to the hypervisor, or not at all. Not what /proc/iomem
 * lists as the running kernel's own image, and as kept for a crash kernel: that may be
 * overwritten. Where that shows no addresses (to who lacks CAP_SYS_ADMIN), it goes too.
 *
 * 0; -EOPNOTSUPP where the kernel was built without it (CONFIG_PROC_PAGE_MONITOR); or
 * negative errno, -EACCES without root. Source: fs/proc/page.c.
 */
int page_flags_remove(const char *root, struct spans *spans);
