// SPDX-License-Identifier: GPL-2.0-or-later

/*
 * The report as files for the target: a newc cpio that is appended to its initrd. Nothing
 * here allocates, so no library writes the JSON; its texts are names out of /sys.
 * Source of the format: Documentation/driver-api/early-userspace/buffer-format.rst.
 */

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "report.h"

struct text {
	char *data;
	size_t size, used; /* used >= size: it did not fit */
	unsigned int entries;
};

printf_like(2, 3) static void add(struct text *text, const char *format, ...)
{
	size_t left = text->used < text->size ? text->size - text->used : 0;
	va_list args;

	va_start(args, format);
	text->used += (size_t)vsnprintf(left ? text->data + text->used : NULL, left,
					format, args);
	va_end(args);
}

static void add_string(struct text *text, const char *string)
{
	add(text, "\"");
	for (; *string; string++)
		if (*string == '"' || *string == '\\')
			add(text, "\\%c", *string);
		else
			add(text, "%c", *string >= ' ' && *string < 0x7f ? *string : '?');
	add(text, "\"");
}

static void add_member(struct text *text, const char *name, const char *string)
{
	add(text, "\"%s\": ", name);
	add_string(text, string);
	add(text, ", ");
}

static const char *bool_name(bool is_true)
{
	return is_true ? "true" : "false";
}

static void add_device(struct text *text, const struct report_entry *entry)
{
	static const char *const states[REPORT_STATES] = { "at rest", "kept", "running" };
	const struct device_report *report = entry->report;

	add(text, "{");
	add_member(text, "bus", entry->device->bus);
	add_member(text, "name", entry->device->name);
	add_member(text, "detail", report->detail);
	add_member(text, "done", report->what);
	add_member(text, "state", states[entry->state]);
	add_member(text, "text", entry->text);
	add(text, "\"reset\": %s, \"hung\": %s, \"error\": %d, \"ms\": %u}",
	    bool_name(report->is_reset), bool_name(report->is_hung), report->error,
	    report->ms);
}

/*
 * Is it one object to its end? The first hop's is ours, and went through a kernel that
 * may have had no room for all of it.
 */
static bool is_whole(const char *json)
{
	bool is_string = false;
	int depth = 0;

	if (strncmp(json, "{\"version\": ", 12) != 0)
		return false;
	for (; *json; json++) {
		if (*json == '"')
			is_string = !is_string;
		else if (is_string && *json == '\\' && json[1])
			json++;
		else if (!is_string && strchr("{[", *json))
			depth++;
		else if (!is_string && strchr("}]", *json) && --depth == 0)
			return json[1 + strspn(json + 1, "\n")] == '\0';
	}
	return false;
}

static void add_json(struct text *text, const struct teardown *teardown)
{
	struct report_entry entry;
	size_t n[REPORT_STATES];
	const char *comma = "";

	report_count(teardown, n);
	add(text, "{");
	add_member(text, "version", PIVOT_VERSION);
	add_member(text, "target", teardown->handover.target);
	add_member(text, "takeover", takeover_name(teardown->handover.takeover));
	if (teardown->first_json && is_whole(teardown->first_json))
		add(text, "\"first_hop\": %s, ", teardown->first_json);
	add(text,
	    "\"at_rest\": %zu, \"kept\": %zu, \"running\": %zu, \"overdue\": %s,\n"
	    "\"stages\": [",
	    n[REPORT_AT_REST], n[REPORT_KEPT], n[REPORT_RUNNING],
	    bool_name(teardown->is_overdue));
	for (int i = 0; i < TEARDOWN_STAGES; i++) {
		if (!teardown_has_stage(&teardown->handover, i))
			continue;
		add(text, "%s\n{", comma);
		comma = ",";
		add_member(text, "title", teardown_stage_title(i));
		add(text, "\"ms\": %u}", teardown->stage_ms[i]);
	}
	add(text, "],\n\"devices\": [");
	comma = "";
	for (size_t i = 0; i < teardown->devices.n; i++) {
		if (!report_entry(teardown, i, &entry))
			continue;
		add(text, "%s\n", comma);
		add_device(text, &entry);
		comma = ",";
	}
	add(text, "]}\n");
}

static void add_text(struct text *text, const struct teardown *teardown)
{
	char line[REPORT_LINE_BYTES];
	struct report_entry entry;

	add(text,
	    "%s%spivot-kexec " PIVOT_VERSION ": before the jump into %s (takeover: %s)\n",
	    teardown->first_text ?: "", teardown->first_text ? "\n" : "",
	    teardown->handover.target,
	    teardown->first_text ? "middle kernel"
				 : takeover_name(teardown->handover.takeover));
	for (int i = 0; i < TEARDOWN_STAGES; i++)
		if (teardown_has_stage(&teardown->handover, i))
			add(text, "%s %-28s %6u ms\n",
			    teardown_stage_number(&teardown->handover, i),
			    teardown_stage_title(i), teardown->stage_ms[i]);
	for (size_t i = 0; i < teardown->devices.n; i++) {
		if (!report_entry(teardown, i, &entry))
			continue;
		report_line(&entry, line);
		add(text, "%s\n", line);
	}
	report_verdict(teardown, line);
	add(text, "%s\n", line);
}

static void add_header(struct text *text, const char *name, unsigned int mode, size_t n)
{
	add(text, "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%s",
	    ++text->entries, mode, 0, 0, 1, 0, (unsigned int)n, 0, 0, 0, 0,
	    (unsigned int)strlen(name) + 1, 0, name);
	do
		add(text, "%c", 0);
	while (text->used % 4);
}

static void add_file(struct text *text, const char *name, const struct teardown *teardown,
		     void (*write)(struct text *text, const struct teardown *teardown))
{
	struct text length = { 0 };

	write(&length, teardown);
	add_header(text, name, S_IFREG | 0644, length.used);
	write(text, teardown);
	while (text->used % 4)
		add(text, "%c", 0);
}

size_t teardown_report_archive(const struct teardown *teardown, char *data, size_t size)
{
	struct text text = { .data = data, .size = size };

	add_header(&text, "run", S_IFDIR | 0755, 0);
	add_header(&text, "run/pivot-kexec", S_IFDIR | 0755, 0);
	add_file(&text, "run/pivot-kexec/report.txt", teardown, add_text);
	add_file(&text, "run/pivot-kexec/report.json", teardown, add_json);
	add_header(&text, "TRAILER!!!", 0, 0);
	return text.used < text.size ? text.used : 0;
}
