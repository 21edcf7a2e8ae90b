// SPDX-License-Identifier: GPL-2.0-or-later
#include "memory.h"

#include "pivot/base/parse.h"
#include "pivot/base/read.h"

int memory_read(const char *root, const char *name, uint64_t *ret_bytes)
{
	char text[32];
	uint64_t kib;
	int r = read_field(text, sizeof(text), root, "/proc/meminfo", name);

	if (r == 0)
		r = parse_u64(text, 10, UINT64_MAX / 1024, &kib);
	if (r == 0)
		*ret_bytes = kib * 1024;
	return r;
}

int memory_read_unwritten(const char *root, uint64_t *ret_bytes)
{
	uint64_t dirty, writeback;
	int r = memory_read(root, "Dirty", &dirty);

	if (r == 0)
		r = memory_read(root, "Writeback", &writeback);
	if (r == 0)
		*ret_bytes = dirty + writeback;
	return r;
}
