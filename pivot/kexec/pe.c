// SPDX-License-Identifier: GPL-2.0-or-later
#include "pe.h"

#include <string.h>

uint64_t pe_offset(const struct head *head)
{
	uint64_t at = number(head, 0x3c, 4);

	return has_text(head, 0, "MZ") && has(head, at, "PE\0\0", 4) ? at : 0;
}

bool pe_has_section(const struct head *head, const char *name)
{
	uint64_t pe = pe_offset(head);
	uint64_t count = number(head, pe + 6, 2);
	uint64_t at = pe + 24 + number(head, pe + 20, 2);

	for (uint64_t i = 0; pe && i < count && at + 40 <= head->n; i++, at += 40) {
		if (has(head, at, name, strlen(name) + 1))
			return true;
	}
	return false;
}
