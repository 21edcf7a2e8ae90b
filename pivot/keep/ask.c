// SPDX-License-Identifier: GPL-2.0-or-later

/* A home may be on a server that is gone: who reads there waits for ever. */

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files.h"
#include "pivot/base/ask.h"

enum { ANSWER_MS = 3000 };

static int look(const void *argument)
{
	const char *path = argument;
	struct stat st;
	char byte;
	int fd;

	if (stat(path, &st) < 0 || !S_ISREG(st.st_mode))
		return 0;
	fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	(void)!read(fd, &byte, 1); /* whatever the answer is */
	return 0;
}

bool keep_answers(const char *path)
{
	const struct question question = {
		.about = path, .read = look, .argument = path, .answer_fd = -1
	};

	return ask(&question, ANSWER_MS) == 0;
}
