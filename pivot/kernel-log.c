// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel-log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "pivot/base/cleanup.h"
#include "pivot/base/parse.h"
#include "pivot/base/printable.h"
#include "pivot/base/read.h"

enum { RECORD_BYTES = 8192, RECORDS_MAX = 1000, LINES = 3, READS_MAX = 1 << 20 };

static int open_log(const char *root)
{
	char path[PATH_MAX];
	int fd, r = read_path(path, sizeof(path), root, "/dev/kmsg");

	if (r < 0)
		return r;
	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int kernel_log_open(const char *root)
{
	int fd = open_log(root);

	if (fd >= 0)
		(void)lseek(fd, 0, SEEK_END); /* else old lines are told as well */
	return fd;
}

/* "6,339,5140900,-;text\n KEY=value\n": the text, where the kernel's own facility said
 * it.
 */
static char *take_text(char *record)
{
	char *comma = strchr(record, ','), *text = strchr(record, ';');
	uint64_t priority;

	if (!comma || !text)
		return NULL;
	*comma = '\0';
	if (parse_u64(record, 10, UINT32_MAX, &priority) < 0 || priority > 7)
		return NULL;
	text++;
	text[strcspn(text, "\n")] = '\0';
	return printable_make(text);
}

const char *kernel_log_since(int fd, char *text, size_t size)
{
	char record[RECORD_BYTES], line[LINES][256] = { 0 };
	size_t n = 0, used = 0;
	ssize_t got;

	text[0] = '\0';
	for (int i = 0; fd >= 0 && i < RECORDS_MAX; i++) {
		char *said;

		got = read(fd, record, sizeof(record) - 1);
		if (got < 0 && errno == EPIPE)
			continue; /* some were overwritten */
		if (got <= 0)
			break;
		record[got] = '\0';
		said = take_text(record);
		if (said)
			(void)snprintf(line[n++ % LINES], sizeof(line[0]), "%s", said);
	}
	for (size_t i = n > LINES ? n - LINES : 0; i < n && used < size; i++)
		used += (size_t)snprintf(text + used, size - used, "%s%s",
					 used ? "; " : "", line[i % LINES]);
	return text;
}

struct search {
	bool (*is_it)(const char *line);
	uint64_t next; /* record: they have numbers, from 0 on */
	bool has_gap, has_found;
};

static bool is_next(const char *record, uint64_t next)
{
	const char *comma = strchr(record, ',');
	char number[24] = "";
	uint64_t n;

	if (comma)
		(void)snprintf(number, sizeof(number), "%.*s",
			       (int)strcspn(comma + 1, ","), comma + 1);
	return parse_u64(number, 10, UINT64_MAX, &n) == 0 && n == next;
}

static void search_text(struct search *search, char *text)
{
	char *save = NULL;

	for (char *line = strtok_r(text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		const char *said;

		if (*line == ' ')
			continue; /* a value of the record before */
		search->has_gap |= !is_next(line, search->next++);
		said = take_text(line);
		search->has_found |= said && search->is_it(said);
	}
}

int kernel_log_has(const char *root, bool (*is_it)(const char *line))
{
	struct search search = { .is_it = is_it };
	auto_close int fd = open_log(root);
	char text[RECORD_BYTES];
	ssize_t got = 0;

	if (fd < 0)
		return fd;
	for (int i = 0; i < READS_MAX && !search.has_found; i++) {
		got = read(fd, text, sizeof(text) - 1);
		if (got < 0 && errno == EPIPE)
			continue; /* some were overwritten: a gap */
		if (got <= 0)
			break;
		text[got] = '\0';
		search_text(&search, text);
	}
	if (search.has_found)
		return 1;
	return search.has_gap || !search.next || got > 0 ? -ENODATA : 0;
}
