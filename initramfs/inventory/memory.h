/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Memory. Source: proc_meminfo(5). */

#include <stdint.h>

/* The value of "NAME:   123 kB" of <root>/proc/meminfo in bytes. 0 or negative errno. */
int memory_read(const char *root, const char *name, uint64_t *ret_bytes);

/* What is still to be written to disks, in bytes. 0 or negative errno. */
int memory_read_unwritten(const char *root, uint64_t *ret_bytes);
