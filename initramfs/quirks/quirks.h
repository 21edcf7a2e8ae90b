/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What is known about devices, as rules of text: "MATCH=POLICY". The table (table.c) and
 * the options --quirk and --skip speak the same language. Pure.
 *
 * MATCH: terms with commas between, all of which must hold; * and ? as in a shell,
 * whatever the case. A "=" ends it, but for the one in ">=".
 *
 *	driver:NAME       the driver that is bound
 *	device:NAME       the address (0000:03:00.0, or 03:00.0 in domain 0), or the
 *	                  name on another bus
 *	pci:VVVV:DDDD     vendor and device, hexadecimal
 *	class:CCSS        base class and subclass, hexadecimal
 *	dmi:TEXT          a part of "vendor product board"
 *	kernel:<5.14      the running kernel; also >= and both, in two terms; does not
 *	                  hold where the kernel is not known
 *
 * POLICY: words with commas between; of words that exclude each other the last counts.
 *
 *	unbind            from its driver
 *	keep              do nothing with it
 *	down-only         its interfaces go down; its driver stays
 *	unload            remove the driver's module instead of unbinding
 *	reset:METHOD      after that: flr, pm, bus; or never, or auto
 *	keep-bus-master   bus mastering is not cleared
 *	vtcon-first       take the text consoles off the framebuffer before
 *	deadline:SECONDS  for its driver to let go
 *	two-stage         the jump goes by way of a middle kernel (--stages=auto)
 *	append:TEXT       a word for the target's command line
 *	no-append         nothing, whatever was said before
 *	warn              say why on 'check' and 'run'; in a rule of the user, nothing
 */

#include <stdbool.h>
#include <stddef.h>

#include "initramfs/inventory/devices.h"
#include "initramfs/inventory/machine.h"

struct quirk {
	const char *match;
	const char *policy;
	const char *why;    /* for people: what happens otherwise */
	const char *source; /* where it is known from */
};

/* The table; ends with a row of NULL. */
extern const struct quirk quirk_table[];

enum policy_action {
	POLICY_DEFAULT, /* nothing was said: the plan decides by class */
	POLICY_UNBIND,
	POLICY_KEEP,
	POLICY_DOWN_ONLY,
	POLICY_UNLOAD,
};

enum policy_reset {
	POLICY_RESET_AUTO, /* nothing was said, or "auto" */
	POLICY_RESET_NEVER,
	POLICY_RESET_FLR,
	POLICY_RESET_PM,
	POLICY_RESET_BUS,
};

enum { POLICY_APPEND_BYTES = 64, RULES_MAX = 32, RULE_BYTES = 160 };

struct policy {
	enum policy_action action;
	enum policy_reset reset;
	bool keeps_bus_master;
	bool has_vtcon_first;
	bool wants_two_stages;
	unsigned int deadline_ms;	  /* 0: the default */
	char append[POLICY_APPEND_BYTES]; /* "": nothing */
	const struct quirk *quirk;   /* the last row that said more than "warn"; NULL */
	const struct quirk *warning; /* the last one with "warn"; NULL */
	bool is_by_user;	     /* the action is a user's rule's */
};

/* The rules of the user, "MATCH=POLICY" each; they have the last word. */
struct rules {
	size_t n;
	char rule[RULES_MAX][RULE_BYTES];
};

/*
 * Is it a rule? 0, or -EINVAL with the offending word in word (size bytes; "" where the
 * "=" or a part is missing; the rule where it is too long).
 */
int rule_check(const char *rule, char *word, size_t size);

/* Behind those that are there. 0; -EINVAL where it is no rule; -ENOSPC. */
int rules_add(struct rules *rules, const char *rule);

/* Is a rule about this device? */
bool rule_holds(const char *rule, const struct device *device,
		const struct machine *machine);

/* What the table and then the rules say about a device. Never fails. */
void policy_of(const struct device *device, const struct machine *machine,
	       const struct rules *rules, struct policy *ret);
