// SPDX-License-Identifier: GPL-2.0-or-later
#include "lost-pages.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stddef.h>

#include "pivot/base/log.h"

static sigjmp_buf *before;

static void on_sigbus(int signal)
{
	siglongjmp(*before, signal);
}

int lost_pages_guard(int (*work)(void *data), void *data)
{
	sigjmp_buf here;
	int r;

	before = &here;
	if (sigsetjmp(here, 1)) {
		(void)signal(SIGBUS, SIG_DFL);
		return log_refuse(
			-EFAULT, "pages of the target are gone: its file was cut off, or "
				 "the memory fails");
	}
	(void)signal(SIGBUS, on_sigbus);
	r = work(data);
	(void)signal(SIGBUS, SIG_DFL);
	return r;
}
