// SPDX-License-Identifier: GPL-2.0-or-later

/* act_run_script(), in its own file because only the init has a use for it. */

#include "acts.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static const char shell[] = "/bin/sh";

/* Alone in a session: what a terminal's user types is for nobody else. */
__attribute__((noreturn)) static void become(const char *path, const char *argument)
{
	const char *const argv[] = { "sh", path, argument, NULL };
	static const char *const environment[] = { "PATH=/bin", "HOME=/",
						   "OLDROOT=/oldroot", NULL };
	sigset_t none;

	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)setsid();
	(void)execve(shell, (char *const *)argv, (char *const *)environment);
	_exit(126);
}

int act_run_script(const char *path, const char *argument)
{
	pid_t child = fork();
	int status;

	if (child < 0)
		return -errno;
	if (child == 0)
		become(path, argument);
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
