// SPDX-License-Identifier: GPL-2.0-or-later
#include "pe.h"

#include <string.h>

enum {
	/* from where "PE\0\0" stands */
	SECTION_COUNT = 6,
	OPTIONAL_HEADER_BYTES = 20,
	OPTIONAL_HEADER = 24,

	/* in the header of a section */
	SECTION_VIRTUAL_SIZE = 8,
	SECTION_RAW_SIZE = 16,
	SECTION_RAW_AT = 20,
	SECTION_HEADER_BYTES = 40,
};

uint64_t pe_offset(const struct head *head)
{
	uint64_t at = number(head, 0x3c, 4);

	return has_text(head, 0, "MZ") && has(head, at, "PE\0\0", 4) ? at : 0;
}

static uint64_t sections_at(const struct head *head)
{
	uint64_t pe = pe_offset(head);

	return pe ? pe + OPTIONAL_HEADER + number(head, pe + OPTIONAL_HEADER_BYTES, 2)
		  : 0;
}

unsigned int pe_section_count(const struct head *head)
{
	uint64_t pe = pe_offset(head);

	return pe ? (unsigned int)number(head, pe + SECTION_COUNT, 2) : 0;
}

uint64_t pe_sections_end(const struct head *head)
{
	return sections_at(head) +
	       (uint64_t)pe_section_count(head) * SECTION_HEADER_BYTES;
}

bool pe_section(const struct head *head, unsigned int i, struct pe_section *ret)
{
	uint64_t at = sections_at(head) + (uint64_t)i * SECTION_HEADER_BYTES;
	uint64_t size, raw_size;

	if (i >= pe_section_count(head) || at + SECTION_HEADER_BYTES > head->n)
		return false;
	size = number(head, at + SECTION_VIRTUAL_SIZE, 4);
	raw_size = number(head, at + SECTION_RAW_SIZE, 4);
	/* the one counts zeros that are not in the file, the other is rounded up */
	*ret = (struct pe_section){ .at = number(head, at + SECTION_RAW_AT, 4),
				    .bytes = size < raw_size ? size : raw_size };
	memcpy(ret->name, head->bytes + at, sizeof(ret->name) - 1);
	return true;
}

bool pe_has_section(const struct head *head, const char *name)
{
	struct pe_section section;

	for (unsigned int i = 0; pe_section(head, i, &section); i++)
		if (strcmp(section.name, name) == 0)
			return true;
	return false;
}
