// SPDX-License-Identifier: GPL-2.0-or-later
#include "log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "printable.h"

static struct {
	enum log_level level;
	int kmsg_fd;
} log_state = { .level = LOG_LEVEL_INFO, .kmsg_fd = -1 };

static void (*log_before)(void);

void log_set_level(enum log_level level)
{
	log_state.level = level;
}

void log_set_kmsg(int fd)
{
	log_state.kmsg_fd = fd;
}

void log_set_before(void (*clear)(void))
{
	log_before = clear;
}

/* Appends to a line that keeps one byte free for the newline. */
printf_like(4, 0) static size_t
	append(char *line, size_t size, size_t n, const char *format, va_list args)
{
	int r = vsnprintf(line + n, size - n - 1, format, args);

	if (r < 0)
		return n;
	return n + (size_t)r < size - 1 ? n + (size_t)r : size - 2;
}

printf_like(4, 5) static size_t
	add(char *line, size_t size, size_t n, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	n = append(line, size, n, format, args);
	va_end(args);
	return n;
}

int log_line(enum log_level level, int error, const char *format, ...)
{
	/* the kernel takes at most 1024 - 48 bytes in one record */
	char line[976];
	size_t n = 0;
	int saved_errno = errno;
	va_list args;

	if (level > log_state.level)
		return error;
	if (log_state.kmsg_fd >= 0)
		n = add(line, sizeof(line), n, "<%d>", level);
	n = add(line, sizeof(line), n, "pivot-kexec: ");
	va_start(args, format);
	n = append(line, sizeof(line), n, format, args);
	va_end(args);
	if (error < 0)
		n = add(line, sizeof(line), n, ": %s", strerror(-error));
	line[n] = '\0'; /* also where vsnprintf() failed */
	(void)printable_make(line);
	line[n++] = '\n';
	if (log_before)
		log_before();
	/* a log that cannot be written must not stop the work */
	(void)!write(log_state.kmsg_fd >= 0 ? log_state.kmsg_fd : STDERR_FILENO, line, n);
	errno = saved_errno;
	return error;
}
