// SPDX-License-Identifier: GPL-2.0-or-later
#include "terminal.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"

static bool is_set(const char *name)
{
	const char *value = getenv(name);

	return value && *value;
}

bool terminal_has_escapes(int fd)
{
	const char *term = getenv("TERM");

	return isatty(fd) && term && *term && strcmp(term, "dumb") != 0;
}

const char *terminal_style(int fd, enum style style)
{
	static const char *const escapes[] = {
		[STYLE_PLAIN] = "\033[0m",  [STYLE_TITLE] = "\033[1m",
		[STYLE_GOOD] = "\033[32m",  [STYLE_WARNING] = "\033[33m",
		[STYLE_ERROR] = "\033[31m",
	};

	return terminal_has_escapes(fd) && !is_set("NO_COLOR") ? escapes[style] : "";
}

static const char *style_of(enum log_level level)
{
	return level > LOG_LEVEL_WARNING
		       ? ""
		       : terminal_style(STDERR_FILENO, level == LOG_LEVEL_WARNING
							       ? STYLE_WARNING
							       : STYLE_ERROR);
}

void terminal_colour_log(void)
{
	if (terminal_style(STDERR_FILENO, STYLE_PLAIN)[0])
		log_set_style(style_of);
}
