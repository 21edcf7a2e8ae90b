// SPDX-License-Identifier: GPL-2.0-or-later
#include "log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "printable.h"

static struct {
	enum log_level level;
	int kmsg_fd;
} log_state = { .level = LOG_LEVEL_INFO, .kmsg_fd = -1 };

/* The init never sets them, so that nothing of this is in it. */
static void (*log_before)(void);
static const char *(*log_style)(enum log_level level);

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

void log_set_style(const char *(*style)(enum log_level level))
{
	log_style = style;
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

/* A log that cannot be written must not stop the work. */
static void put(const char *line, size_t n, const char *style)
{
	const struct iovec parts[] = {
		{ (void *)(uintptr_t)style, strlen(style) },
		{ (void *)(uintptr_t)line, n - 1 },
		{ (void *)(uintptr_t)LOG_STYLE_END "\n", strlen(LOG_STYLE_END "\n") },
	};

	if (log_before && log_state.kmsg_fd < 0)
		log_before();
	if (*style)
		(void)!writev(STDERR_FILENO, parts, array_size(parts));
	else
		(void)!write(log_state.kmsg_fd >= 0 ? log_state.kmsg_fd : STDERR_FILENO,
			     line, n);
}

int log_line(enum log_level level, int error, const char *format, ...)
{
	/* the kernel takes at most 1024 - 48 bytes in one record */
	char line[976];
	const char *style = "";
	size_t n = 0;
	int saved_errno = errno;
	va_list args;

	if (level > log_state.level)
		return error;
	if (log_style && log_state.kmsg_fd < 0)
		style = log_style(level);
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
	put(line, n, style);
	errno = saved_errno;
	return error;
}
