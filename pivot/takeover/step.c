// SPDX-License-Identifier: GPL-2.0-or-later
#include "step.h"

#include <errno.h>

#include "pivot/base/child.h"
#include "pivot/base/log.h"

enum { TRIES = 3 };

bool step_is_in_doubt(int result)
{
	return result == -ETIMEDOUT || result == -EINTR;
}

int step_run(const char *what, int (*work)(const void *argument), const void *argument,
	     unsigned int timeout_ms)
{
	int r = child_run(work, argument, timeout_ms);

	if (r == -ETIMEDOUT)
		return log_refuse(r, "%s: no end within %u s", what, timeout_ms / 1000);
	if (r == -EINTR)
		return log_refuse(r, "%s: the process that did it was killed", what);
	return r;
}

int step_insist(const char *what, int (*work)(const void *argument), const void *argument,
		unsigned int timeout_ms)
{
	int r = step_run(what, work, argument, timeout_ms);

	for (int i = 1; i < TRIES && step_is_in_doubt(r); i++)
		r = step_run(what, work, argument, timeout_ms);
	return r;
}
