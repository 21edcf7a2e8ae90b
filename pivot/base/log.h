/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * One line, one write(2). The tool writes to standard error, the init to /dev/kmsg,
 * whence a line reaches every console. Levels are those of syslog(2).
 */

#include <stdbool.h>

#include "macros.h"

enum log_level {
	LOG_LEVEL_ERROR = 3,
	LOG_LEVEL_WARNING = 4,
	LOG_LEVEL_NOTICE = 5,
	LOG_LEVEL_INFO = 6,
	LOG_LEVEL_DEBUG = 7,
};

/* Lines above this level are dropped. Default: LOG_LEVEL_INFO. */
void log_set_level(enum log_level level);

/* From now on lines go to fd as kmsg records ("<6>pivot-kexec: ..."); -1: stderr. */
void log_set_kmsg(int fd);

/*
 * For a terminal: from now on clear() is called before each line on standard error; and a
 * line begins with style(level), and where that is not empty ends with LOG_STYLE_END.
 */
void log_set_before(void (*clear)(void));
void log_set_style(const char *(*style)(enum log_level level));
#define LOG_STYLE_END "\033[0m"

/* Writes one line; where error is negative its errno text is appended. Returns error. */
printf_like(3, 4) int log_line(enum log_level level, int error, const char *format, ...);

/* return log_err(r, "cannot read '%s'", path); */
#define log_err(error, ...) log_line(LOG_LEVEL_ERROR, error, __VA_ARGS__)
/* The same for a sentence that needs no errno text: says why itself, and the way out. */
#define log_refuse(error, ...) (log_line(LOG_LEVEL_ERROR, 0, __VA_ARGS__), (error))
#define log_warn(error, ...)   log_line(LOG_LEVEL_WARNING, error, __VA_ARGS__)
#define log_notice(...)	       ((void)log_line(LOG_LEVEL_NOTICE, 0, __VA_ARGS__))
#define log_info(...)	       ((void)log_line(LOG_LEVEL_INFO, 0, __VA_ARGS__))
