// SPDX-License-Identifier: GPL-2.0-or-later
#include "match.h"

#include <stdio.h>
#include <string.h>

#include "pivot/base/macros.h"

enum term { TERM_DRIVER, TERM_DEVICE, TERM_PCI, TERM_CLASS, TERM_DMI, TERM_KERNEL };

static const char prefixes[][8] = { "driver:", "device:", "pci:",
				    "class:",  "dmi:",	  "kernel:" };

/* Which it is, or -1. */
static int parse_term(struct span term, struct span *ret_value)
{
	for (size_t i = 0; i < array_size(prefixes); i++)
		if (span_after(term, prefixes[i], ret_value))
			return ret_value->n > 0 ? (int)i : -1;
	return -1;
}

/* Printable ASCII, and blanks only where they are allowed. */
static bool is_text(struct span value, bool may_have_blanks)
{
	for (size_t i = 0; i < value.n; i++)
		if (value.at[i] < ' ' || value.at[i] > '~' ||
		    (value.at[i] == ' ' && !may_have_blanks))
			return false;
	return true;
}

static bool is_hex_digit(char c)
{
	return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

/* Four hexadecimal digits; ? stands for one, * for any number of them. */
static bool is_hex(struct span value)
{
	bool has_star = false;

	for (size_t i = 0; i < value.n; i++) {
		has_star |= value.at[i] == '*';
		if (!is_hex_digit(value.at[i]) && value.at[i] != '?' &&
		    value.at[i] != '*')
			return false;
	}
	return has_star ? value.n <= 4 : value.n == 4;
}

static bool is_ids(struct span value)
{
	const char *colon = memchr(value.at, ':', value.n);
	size_t n = colon ? (size_t)(colon - value.at) : 0;

	return colon && is_hex((struct span){ value.at, n }) &&
	       is_hex((struct span){ colon + 1, value.n - n - 1 });
}

/* "<5.14" or ">=6.16"; the version, 0 where it is none. */
static unsigned int parse_range(struct span value, bool *ret_is_below)
{
	unsigned int version = 0;
	struct span number;
	char text[16];

	*ret_is_below = span_after(value, "<", &number);
	if ((!*ret_is_below && !span_after(value, ">=", &number)) || number.n == 0 ||
	    number.n >= sizeof(text) || number.at[number.n - 1] == '.')
		return 0;
	memcpy(text, number.at, number.n);
	text[number.n] = '\0';
	if (!text[strspn(text, "0123456789.")])
		(void)machine_parse_kernel(text, &version); /* else 0 */
	return version;
}

bool match_is_term(struct span term)
{
	struct span value;
	bool is_below;

	switch (parse_term(term, &value)) {
	case TERM_DRIVER:
	case TERM_DEVICE:
		return is_text(value, false);
	case TERM_DMI:
		return is_text(value, true);
	case TERM_PCI:
		return is_ids(value);
	case TERM_CLASS:
		return is_hex(value);
	case TERM_KERNEL:
		return parse_range(value, &is_below) > 0;
	default:
		return false;
	}
}

static bool has_kernel(const struct machine *machine, struct span value)
{
	bool is_below;
	unsigned int version = parse_range(value, &is_below);

	return version && machine->kernel && (machine->kernel < version) == is_below;
}

static bool holds(struct span term, const struct device *device,
		  const struct machine *machine)
{
	struct span value;
	char ids[12];

	switch (parse_term(term, &value)) {
	case TERM_DRIVER:
		return device->driver[0] && pattern_fits(value, device->driver, false);
	case TERM_DEVICE:
		return pattern_fits(value, device->name, false) ||
		       (strncmp(device->name, "0000:", 5) == 0 &&
			pattern_fits(value, device->name + 5, false));
	case TERM_PCI:
		(void)snprintf(ids, sizeof(ids), "%04x:%04x", device->vendor,
			       device->device);
		return device->vendor && pattern_fits(value, ids, false);
	case TERM_CLASS:
		(void)snprintf(ids, sizeof(ids), "%04x", device->class);
		return pattern_fits(value, ids, false);
	case TERM_DMI:
		return pattern_fits(value, machine->dmi, true);
	case TERM_KERNEL:
		return has_kernel(machine, value);
	default:
		return false;
	}
}

bool match_holds(struct span terms, const struct device *device,
		 const struct machine *machine)
{
	struct span term;

	while (span_next(&terms, &term))
		if (!holds(term, device, machine))
			return false;
	return true;
}
