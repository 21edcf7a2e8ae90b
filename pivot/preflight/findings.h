/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What is known beforehand about the jump, gathered to be printed in one place. */

#include <stdbool.h>
#include <stddef.h>

#include "pivot/base/macros.h"

enum severity {
	FINDING_REFUSE, /* it surely fails: nothing is tried */
	FINDING_WARN,	/* it is likely to fail, or to cost something */
	FINDING_NOTE,	/* good to know */
};

enum { FINDINGS_MAX = 96, FINDING_BYTES = 800 };

struct finding {
	enum severity severity;
	const char *id; /* for programs, and stable: pivot-kexec(8) lists them */
	char text[FINDING_BYTES]; /* a sentence, with what to do */
	bool is_said;		  /* standard error has it already */
};

struct findings {
	size_t n;
	size_t n_dropped;      /* that did not fit */
	unsigned int refusals; /* how many refuse, those that did not fit among them */
	struct finding finding[FINDINGS_MAX];
};

printf_like(4, 5) void findings_add(struct findings *findings, enum severity severity,
				    const char *id, const char *format, ...);

/* A refusal that was logged where it arose. */
void findings_add_said(struct findings *findings, const char *id, const char *text);

#define find_refusal(findings, ...) findings_add(findings, FINDING_REFUSE, __VA_ARGS__)
#define find_warning(findings, ...) findings_add(findings, FINDING_WARN, __VA_ARGS__)
#define find_note(findings, ...)    findings_add(findings, FINDING_NOTE, __VA_ARGS__)

/* "refuse", "warn", "note". */
const char *severity_name(enum severity severity);

/*
 * Refusals, warnings and, where they are wanted, notes, in the order found.
 *
 *	log	on the way to something else: to standard error, without what it has
 *already print	what was asked for: to standard output
 */
void findings_log(const struct findings *findings, bool has_notes);
void findings_print(const struct findings *findings, bool has_notes);

size_t findings_count(const struct findings *findings, enum severity severity);
