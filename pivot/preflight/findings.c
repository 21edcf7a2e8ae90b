// SPDX-License-Identifier: GPL-2.0-or-later
#include "findings.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "pivot/base/log.h"
#include "pivot/base/printable.h"
#include "pivot/base/terminal.h"

/* A refusal must be read, whatever it takes the place of. */
static struct finding *place_for(struct findings *findings, enum severity severity)
{
	if (findings->n < FINDINGS_MAX)
		return &findings->finding[findings->n++];
	findings->n_dropped++;
	for (size_t i = FINDINGS_MAX; severity == FINDING_REFUSE && i-- > 0;)
		if (findings->finding[i].severity != FINDING_REFUSE)
			return &findings->finding[i];
	return NULL;
}

static struct finding *next_free(struct findings *findings, enum severity severity,
				 const char *id)
{
	struct finding *finding = place_for(findings, severity);

	findings->refusals += severity == FINDING_REFUSE;
	if (!finding)
		return NULL;
	*finding = (struct finding){ .severity = severity, .id = id };
	return finding;
}

void findings_add(struct findings *findings, enum severity severity, const char *id,
		  const char *format, ...)
{
	struct finding *finding = next_free(findings, severity, id);
	va_list args;

	if (!finding)
		return;
	va_start(args, format);
	(void)vsnprintf(finding->text, sizeof(finding->text), format, args);
	va_end(args);
}

void findings_add_said(struct findings *findings, const char *id, const char *text)
{
	struct finding *finding = next_free(findings, FINDING_REFUSE, id);

	if (!finding)
		return;
	(void)snprintf(finding->text, sizeof(finding->text), "%s", text);
	finding->is_said = true;
}

const char *severity_name(enum severity severity)
{
	static const char *const names[] = {
		[FINDING_REFUSE] = "refuse",
		[FINDING_WARN] = "warn",
		[FINDING_NOTE] = "note",
	};

	return names[severity];
}

static void print(int fd, const struct finding *finding)
{
	static const struct {
		const char *word;
		enum style style;
	} looks[] = {
		[FINDING_REFUSE] = { "refused", STYLE_ERROR },
		[FINDING_WARN] = { "warning", STYLE_WARNING },
		[FINDING_NOTE] = { "note", STYLE_PLAIN },
	};
	const enum style style = looks[finding->severity].style;
	const char *start = style == STYLE_PLAIN ? "" : terminal_style(fd, style);
	const char *end = start[0] ? terminal_style(fd, STYLE_PLAIN) : "";
	char line[FINDING_BYTES];

	(void)snprintf(line, sizeof(line), "%s", finding->text);
	(void)dprintf(fd, "%s%s:%s %s\n", start, looks[finding->severity].word, end,
		      printable_make(line));
}

static void log_one(const struct finding *finding)
{
	if (finding->severity == FINDING_REFUSE)
		(void)log_refuse(0, "refused: %s", finding->text);
	else if (finding->severity == FINDING_WARN)
		(void)log_warn(0, "warning: %s", finding->text);
	else
		print(STDERR_FILENO, finding);
}

void findings_log(const struct findings *findings, bool has_notes)
{
	for (size_t i = 0; i < findings->n; i++) {
		const struct finding *f = &findings->finding[i];

		if (!f->is_said && (has_notes || f->severity != FINDING_NOTE))
			log_one(f);
	}
	if (findings->n_dropped > 0)
		(void)log_warn(0, "and %zu more findings", findings->n_dropped);
}

size_t findings_count(const struct findings *findings, enum severity severity)
{
	size_t n = 0;

	for (size_t i = 0; i < findings->n; i++)
		n += findings->finding[i].severity == severity;
	return n;
}

void findings_print(const struct findings *findings, bool has_notes)
{
	for (size_t i = 0; i < findings->n; i++) {
		const struct finding *f = &findings->finding[i];

		if (has_notes || f->severity != FINDING_NOTE)
			print(STDOUT_FILENO, f);
	}
	if (findings->n_dropped > 0)
		(void)dprintf(STDOUT_FILENO, "and %zu more findings\n",
			      findings->n_dropped);
}
