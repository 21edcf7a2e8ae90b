/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What may be written to a terminal, and nowhere else. */

#include <stdbool.h>

enum style {
	STYLE_PLAIN,
	STYLE_TITLE,
	STYLE_GOOD,
	STYLE_WARNING,
	STYLE_ERROR,
};

/* Is fd a terminal that takes escapes? Not where TERM is "dumb", or not set. */
bool terminal_has_escapes(int fd);

/*
 * What begins the style on fd, and with STYLE_PLAIN ends it; "" where there are no
 * colours: fd takes no escapes, or NO_COLOR is set and not empty. Source:
 * https://no-color.org.
 */
const char *terminal_style(int fd, enum style style);

/* From now on the log has its errors and warnings in colour where it can. */
void terminal_colour_log(void);
