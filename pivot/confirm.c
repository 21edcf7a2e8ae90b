// SPDX-License-Identifier: GPL-2.0-or-later
#include "confirm.h"

#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

bool confirm_can_ask(void)
{
	return isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}

/* One key, or what was typed ahead for something else, is no answer. */
bool confirm(void)
{
	char answer[16] = "";

	(void)tcflush(STDIN_FILENO, TCIFLUSH); /* else it is taken for one */
	(void)fprintf(stderr, "Type 'yes' to go on: ");
	if (!fgets(answer, sizeof(answer), stdin)) {
		(void)fprintf(stderr, "\n");
		return false;
	}
	answer[strcspn(answer, "\r\n")] = '\0';
	return strcasecmp(answer, "yes") == 0;
}
