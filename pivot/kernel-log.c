// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel-log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "pivot/base/parse.h"
#include "pivot/base/printable.h"
#include "pivot/base/read.h"

enum { RECORD_BYTES = 8192, RECORDS_MAX = 1000, LINES = 3 };

int kernel_log_open(const char *root)
{
	char path[PATH_MAX];
	int fd, r = read_path(path, sizeof(path), root, "/dev/kmsg");

	if (r < 0)
		return r;
	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return -errno;
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
