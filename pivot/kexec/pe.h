/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* PE files, which EFI programs are. Source: the PE/COFF specification. Pure. */

#include <stdbool.h>
#include <stdint.h>

#include "head.h"

struct pe_section {
	char name[9];	/* eight bytes in the file, which may all be needed */
	uint64_t at;	/* in the file; nobody checked that it is there */
	uint64_t bytes; /* that the file has of it */
};

/* Where the PE header is; 0: there is none. */
uint64_t pe_offset(const struct head *head);

/* How many sections it announces, and where their table ends; 0: it is no PE file. */
unsigned int pe_section_count(const struct head *head);
uint64_t pe_sections_end(const struct head *head);

/* The section number i, from 0. False: the table does not go so far, or head does not. */
bool pe_section(const struct head *head, unsigned int i, struct pe_section *ret);

bool pe_has_section(const struct head *head, const char *name);
