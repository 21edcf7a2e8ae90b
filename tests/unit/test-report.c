// SPDX-License-Identifier: GPL-2.0-or-later

/* The report for the target: an archive as libarchive sees it, and the JSON in it. */

#include "initramfs/teardown/report.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "fake-output.h"
#include "unit.h"

enum { BYTES = 1 << 20 };

static struct teardown teardown;
static char data[BYTES], text[64 * 1024], json[64 * 1024];

static struct device_report *add(const char *name, const char *detail, const char *what)
{
	size_t i = teardown.devices.n++;
	struct device *device = &teardown.devices.device[i];
	struct device_report *report = &teardown.reports[i];

	strcpy(device->bus, "platform"); /* has no registers to look at */
	(void)snprintf(device->name, sizeof(device->name), "%s", name);
	(void)snprintf(report->detail, sizeof(report->detail), "%s", detail);
	report->what = what;
	return report;
}

static void begin(void)
{
	teardown = (struct teardown){ .handover = handover_default() };
	teardown.handover.takeover = TAKEOVER_SEIZE;
	strcpy(teardown.handover.target, "Linux 6.12 (a \"quoted\\\" \x1b \xc3\xa4)");
	for (unsigned int i = 0; i < TEARDOWN_STAGES; i++)
		teardown.stage_ms[i] = 100 + i;
	*add("a.net", "network, smc91x, eth0", "unbound") = (struct device_report){
		.detail = "network, smc91x, eth0",
		.what = "unbound",
		.is_reset = true,
		.ms = 12,
	};
	add("b.gpu", "display, simple-framebuffer", "kept")->fate.keep_reason = "display";
	add("c.mmc", "storage, sdhci", "not unbound")->error = -EBUSY;
	(void)add("d.idle", "", NULL); /* nothing was to be done with it */
}

/* Takes the archive apart into text and json. */
static const char *take_apart(size_t n)
{
	static char names[1024];
	struct archive *archive = archive_read_new();
	struct archive_entry *entry;
	int r;

	names[0] = '\0';
	ck_assert_int_eq(archive_read_support_format_cpio(archive), ARCHIVE_OK);
	ck_assert_int_eq(archive_read_open_memory(archive, data, n), ARCHIVE_OK);
	while ((r = archive_read_next_header(archive, &entry)) == ARCHIVE_OK) {
		const char *name = archive_entry_pathname(entry);
		char *to = strstr(name, ".json") ? json : text;

		(void)snprintf(names + strlen(names), sizeof(names) - strlen(names),
			       "%s %o\n", name, archive_entry_mode(entry));
		if (archive_entry_filetype(entry) == AE_IFREG)
			to[archive_read_data(archive, to, sizeof(text) - 1)] = '\0';
	}
	ck_assert_int_eq(r, ARCHIVE_EOF);
	ck_assert_int_eq(archive_format(archive), ARCHIVE_FORMAT_CPIO_SVR4_NOCRC);
	ck_assert_int_eq(archive_read_free(archive), ARCHIVE_OK);
	return names;
}

static const char *write_it(void)
{
	size_t n;

	memset(data, 'x', sizeof(data));
	n = teardown_report_archive(&teardown, data, sizeof(data));
	ck_assert_uint_gt(n, 0);
	ck_assert_uint_eq(n % 4, 0);
	ck_assert_mem_eq(data, "070701", 6);
	return take_apart(n);
}

START_TEST(is_an_archive_of_two_files_and_their_folders)
{
	begin();
	ck_assert_str_eq(write_it(), "run 40755\n"
				     "run/pivot-kexec 40755\n"
				     "run/pivot-kexec/report.txt 100644\n"
				     "run/pivot-kexec/report.json 100644\n");
}
END_TEST

/* The text has the same lines, and the same verdict. */
START_TEST(says_what_the_console_was_told)
{
	char *save = NULL, lines[4096];
	int n = 0;

	begin();
	(void)write_it();
	output_catch();
	teardown_report(&teardown);
	(void)snprintf(lines, sizeof(lines), "%s", output_caught());
	for (char *line = strtok_r(lines, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save), n++) {
		line += strncmp(line, "pivot-kexec: ", 13) == 0 ? 13 : 0;
		line += strspn(line, " ");
		ck_assert_msg(strstr(text, line), "'%s' is not in: %s", line, text);
	}
	ck_assert_int_eq(n, 4);
	ck_assert_ptr_nonnull(strstr(text, "before the jump into Linux 6.12 (a "));
	ck_assert_ptr_nonnull(strstr(text, "(takeover: seize)\n[1/10] "));
	ck_assert_ptr_nonnull(strstr(text, "   109 ms\n"));
	ck_assert_ptr_nonnull(strstr(text, "\n1 devices at rest, 1 kept by policy (b.gpu "
					   "display), 1 left running\n"));
}
END_TEST

static json_t *parse(void)
{
	json_error_t error;
	json_t *value = json_loads(json, JSON_REJECT_DUPLICATES, &error);

	ck_assert_msg(value, "line %d: %s in: %s", error.line, error.text, json);
	return value;
}

static const char *string(json_t *value, const char *name)
{
	return json_string_value(json_object_get(value, name)) ?: "none";
}

static int number(json_t *value, const char *name)
{
	ck_assert(json_is_integer(json_object_get(value, name)));
	return (int)json_integer_value(json_object_get(value, name));
}

START_TEST(is_json)
{
	json_t *all, *stages, *devices, *device;

	begin();
	(void)write_it();
	all = parse();
	ck_assert_str_eq(string(all, "version"), PIVOT_VERSION);
	ck_assert_str_eq(string(all, "target"), "Linux 6.12 (a \"quoted\\\" ? \?\?)");
	ck_assert_str_eq(string(all, "takeover"), "seize");
	ck_assert_int_eq(number(all, "at_rest"), 1);
	ck_assert_int_eq(number(all, "kept"), 1);
	ck_assert_int_eq(number(all, "running"), 1);
	ck_assert(json_is_false(json_object_get(all, "overdue")));
	stages = json_object_get(all, "stages");
	ck_assert_uint_eq(json_array_size(stages), 10);
	ck_assert_str_eq(string(json_array_get(stages, 3), "title"),
			 teardown_stage_title(TEARDOWN_STORAGE));
	ck_assert_int_eq(number(json_array_get(stages, 3), "ms"), 104);
	devices = json_object_get(all, "devices");
	ck_assert_uint_eq(json_array_size(devices), 3);
	device = json_array_get(devices, 0);
	ck_assert_str_eq(string(device, "bus"), "platform");
	ck_assert_str_eq(string(device, "name"), "a.net");
	ck_assert_str_eq(string(device, "detail"), "network, smc91x, eth0");
	ck_assert_str_eq(string(device, "done"), "unbound");
	ck_assert_str_eq(string(device, "state"), "at rest");
	ck_assert(json_is_true(json_object_get(device, "reset")));
	ck_assert(json_is_false(json_object_get(device, "hung")));
	ck_assert_int_eq(number(device, "error"), 0);
	ck_assert_int_eq(number(device, "ms"), 12);
	device = json_array_get(devices, 1);
	ck_assert_str_eq(string(device, "state"), "kept");
	ck_assert_str_eq(string(device, "text"), "display");
	device = json_array_get(devices, 2);
	ck_assert_str_eq(string(device, "state"), "running");
	ck_assert_str_eq(string(device, "text"), "its driver");
	ck_assert_int_eq(number(device, "error"), -EBUSY);
	json_decref(all);
}
END_TEST

START_TEST(is_json_without_any_device)
{
	json_t *all;

	begin();
	teardown.devices.n = 0;
	teardown.is_overdue = true;
	(void)write_it();
	all = parse();
	ck_assert_uint_eq(json_array_size(json_object_get(all, "devices")), 0);
	ck_assert(json_is_true(json_object_get(all, "overdue")));
	json_decref(all);
}
END_TEST

START_TEST(has_room_for_as_many_devices_as_there_can_be)
{
	static char longest[sizeof(teardown.reports[0].detail)];
	json_t *all;

	begin();
	memset(longest, '"', sizeof(longest) - 1);
	teardown.devices.n = 0;
	for (size_t i = 0; i < DEVICES_MAX; i++)
		(void)add(longest, longest, "not unloaded");
	ck_assert_uint_gt(teardown_report_archive(&teardown, data, sizeof(data)), 0);
	teardown.devices.n = 50;
	(void)write_it();
	all = parse();
	ck_assert_uint_eq(json_array_size(json_object_get(all, "devices")), 50);
	json_decref(all);
}
END_TEST

START_TEST(is_nothing_where_it_does_not_fit)
{
	size_t n;

	begin();
	n = teardown_report_archive(&teardown, data, sizeof(data));
	for (size_t size = 0; size <= n; size += size + 41 < n ? 41 : 1) {
		memset(data, 'x', sizeof(data));
		ck_assert_uint_eq(teardown_report_archive(&teardown, data, size), 0);
		ck_assert_int_eq(data[size], 'x');
	}
	ck_assert_uint_eq(teardown_report_archive(&teardown, data, n + 1), n);
}
END_TEST

/* --- of two hops --- */

static char first_text[sizeof(text)], first_json[sizeof(json)];

/* What the first one wrote, as read_text() reads it: without the last newline. */
static void begin_second_hop(void)
{
	begin();
	(void)write_it();
	strcpy(first_text, text);
	strcpy(first_json, json);
	first_text[strlen(first_text) - 1] = '\0';
	first_json[strlen(first_json) - 1] = '\0';
	begin();
	teardown.handover.hop = HOP_MIDDLE;
	strcpy(teardown.handover.target, "Linux 6.18");
	teardown.devices.n = 1;
	teardown.first_text = first_text;
	teardown.first_json = first_json;
}

START_TEST(has_the_first_hops_json_in_it)
{
	json_t *all, *first;

	begin_second_hop();
	(void)write_it();
	all = parse();
	ck_assert_str_eq(string(all, "target"), "Linux 6.18");
	ck_assert_uint_eq(json_array_size(json_object_get(all, "devices")), 1);
	first = json_object_get(all, "first_hop");
	ck_assert_str_eq(string(first, "target"), "Linux 6.12 (a \"quoted\\\" ? \?\?)");
	ck_assert_uint_eq(json_array_size(json_object_get(first, "devices")), 3);
	ck_assert_ptr_null(json_object_get(first, "first_hop"));
	json_decref(all);
}
END_TEST

START_TEST(has_the_first_hops_text_before_its_own)
{
	const char *second;

	begin_second_hop();
	(void)write_it();
	ck_assert_int_eq(strncmp(text, first_text, strlen(first_text)), 0);
	second = text + strlen(first_text);
	ck_assert_ptr_eq(strstr(second, "\npivot-kexec " PIVOT_VERSION
					": before the jump into Linux 6.18 (takeover: "
					"middle kernel)\n[1/10] "),
			 second);
}
END_TEST

/* What is left of it where the kernel had no room to unpack all of it. */
START_TEST(is_json_whatever_is_left_of_the_first_hops)
{
	size_t n;

	begin_second_hop();
	n = strlen(first_json);
	for (size_t left = 0; left < n; left++) {
		json_t *all;

		first_json[n - left - 1] = '\0';
		(void)write_it();
		all = parse();
		ck_assert_ptr_null(json_object_get(all, "first_hop"));
		ck_assert_uint_eq(json_array_size(json_object_get(all, "devices")), 1);
		json_decref(all);
	}
}
END_TEST

START_TEST(leaves_out_a_first_report_that_is_none)
{
	static const char *const none[] = { "",
					    "{",
					    "}",
					    "\"",
					    "{}",
					    "garbage",
					    "{\"version\": \"1\"}}",
					    "{\"version\": \"1\\\"}",
					    "{\"version\": \"1\"} more" };

	begin_second_hop();
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		json_t *all;

		teardown.first_json = none[i];
		(void)write_it();
		all = parse();
		ck_assert_ptr_null(json_object_get(all, "first_hop"));
		json_decref(all);
	}
}
END_TEST

UNIT_MAIN("report", is_an_archive_of_two_files_and_their_folders,
	  says_what_the_console_was_told, is_json, is_json_without_any_device,
	  has_room_for_as_many_devices_as_there_can_be, is_nothing_where_it_does_not_fit,
	  has_the_first_hops_json_in_it, has_the_first_hops_text_before_its_own,
	  is_json_whatever_is_left_of_the_first_hops,
	  leaves_out_a_first_report_that_is_none)
