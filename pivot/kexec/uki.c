// SPDX-License-Identifier: GPL-2.0-or-later
#include "uki.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "head.h"
#include "pe.h"
#include "pivot/base/macros.h"

#define AGAIN	"copy or download it again"
#define MADE_OF "give what it was made of with --kernel, --initrd and --command-line"

static const char *const names[UKI_PARTS] = {
	[UKI_LINUX] = ".linux",
	[UKI_INITRD] = ".initrd",
	[UKI_UCODE] = ".ucode",
	[UKI_CMDLINE] = ".cmdline",
};

struct parsing {
	const struct head *head;
	uint64_t file_bytes;
	struct uki uki;
	bool has[UKI_PARTS];
	char *why_not;
	size_t why_not_size;
};

const char *uki_part_name(enum uki_part part)
{
	return names[part];
}

printf_like(2, 3) static int broken(struct parsing *parsing, const char *format, ...)
{
	int n = snprintf(parsing->why_not, parsing->why_not_size,
			 "is a unified kernel image ");
	va_list args;

	va_start(args, format);
	if (n > 0 && (size_t)n < parsing->why_not_size)
		(void)vsnprintf(parsing->why_not + n, parsing->why_not_size - (size_t)n,
				format, args);
	va_end(args);
	return -EBADMSG;
}

/* UKI_PARTS: none of those we know. */
static enum uki_part part_of(const struct pe_section *section)
{
	enum uki_part part = 0;

	while (part < UKI_PARTS && strcmp(section->name, names[part]) != 0)
		part++;
	return part;
}

static int add_section(struct parsing *parsing, const struct pe_section *section)
{
	enum uki_part part = part_of(section);

	if (part == UKI_PARTS)
		return 0;
	if (parsing->has[part])
		return broken(parsing, "with two %s sections: " MADE_OF, names[part]);
	if (section->bytes > parsing->file_bytes ||
	    section->at > parsing->file_bytes - section->bytes)
		return broken(parsing, "whose %s section lies outside the file: " AGAIN,
			      names[part]);
	/* an empty command line says as much as none; the others were forgotten */
	if (!section->bytes && part != UKI_CMDLINE)
		return broken(parsing, "whose %s section is empty: " MADE_OF,
			      names[part]);
	parsing->has[part] = true;
	parsing->uki.parts[part] =
		(struct uki_section){ .at = section->at, .bytes = section->bytes };
	return 0;
}

static bool overlap(const struct uki_section *a, const struct uki_section *b)
{
	return a->bytes && b->bytes && a->at < b->at + b->bytes &&
	       b->at < a->at + a->bytes;
}

/* No tool makes such ones: somebody wants different readers to see different things. */
static int check_overlaps(struct parsing *parsing)
{
	const struct uki_section headers = { .bytes = pe_sections_end(parsing->head) };
	const struct uki_section *parts = parsing->uki.parts;

	for (size_t i = 0; i < UKI_PARTS; i++) {
		if (overlap(&parts[i], &headers))
			return broken(
				parsing,
				"whose %s section lies in its headers: get it from somebody you trust",
				names[i]);
		for (size_t j = 0; j < i; j++)
			if (overlap(&parts[i], &parts[j]))
				return broken(
					parsing,
					"whose %s and %s sections overlap: get it from somebody you trust",
					names[j], names[i]);
	}
	return 0;
}

/* Those before the first .profile are what all profiles share. */
static int add_sections(struct parsing *parsing)
{
	struct uki *uki = &parsing->uki;
	struct pe_section section;

	for (unsigned int i = 0; pe_section(parsing->head, i, &section); i++) {
		int r = add_section(parsing, &section);

		if (r < 0)
			return r;
		uki->has_profiles = strcmp(section.name, ".profile") == 0;
		if (uki->has_profiles)
			break;
	}
	if (parsing->has[UKI_LINUX])
		return 0;
	return broken(
		parsing,
		"whose kernel stands in a profile, of which none is chosen here: " MADE_OF);
}

int uki_parse(const uint8_t *head_bytes, size_t n, uint64_t file_bytes, struct uki *ret,
	      char *why_not, size_t why_not_size)
{
	struct head head = { .bytes = head_bytes, .n = n };
	struct parsing parsing = { .head = &head,
				   .file_bytes = file_bytes,
				   .why_not = why_not,
				   .why_not_size = why_not_size };
	int r;

	if (!pe_has_section(&head, names[UKI_LINUX]))
		return 0;
	if (pe_sections_end(&head) > n)
		return broken(&parsing,
			      "that announces %u sections, more than its beginning "
			      "holds: " AGAIN,
			      pe_section_count(&head));
	r = add_sections(&parsing);
	if (r == 0)
		r = check_overlaps(&parsing);
	if (r < 0)
		return r;
	*ret = parsing.uki;
	return 1;
}
