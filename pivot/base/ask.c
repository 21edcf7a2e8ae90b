// SPDX-License-Identifier: GPL-2.0-or-later
#include "ask.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "child.h"

enum { FILES_MAX = 1024 };

/* Who ignores SIGCHLD, or lets it through, would not hear of a child's end. */
struct before {
	struct sigaction action;
	sigset_t mask;
};

/* What runs in a child, and in which process it must not run. */
struct work {
	const struct question *question;
	pid_t asker;
};

static void signals_hold(struct before *before)
{
	const struct sigaction normal = { .sa_handler = SIG_DFL };
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGCHLD);
	(void)sigaction(SIGCHLD, &normal, &before->action);
	(void)sigprocmask(SIG_BLOCK, &set, &before->mask);
}

static void signals_restore(const struct before *before)
{
	(void)sigprocmask(SIG_SETMASK, &before->mask, NULL);
	(void)sigaction(SIGCHLD, &before->action, NULL);
}

static void close_between(unsigned int first, unsigned int last)
{
	if (first > last || syscall(SYS_close_range, first, last, 0) == 0)
		return;
	for (unsigned int fd = first; fd <= last && fd < FILES_MAX; fd++)
		(void)close((int)fd); /* before Linux 5.9 */
}

static void close_all_but(int fd)
{
	if (fd > 0)
		close_between(0, (unsigned int)fd - 1);
	close_between((unsigned int)(fd + 1), ~0U);
}

static int answer(const void *argument)
{
	const struct work *work = argument;

	if (getpid() == work->asker)
		return -ECHILD;
	close_all_but(work->question->answer_fd);
	return work->question->read(work->question->argument);
}

int ask(const struct question *question, unsigned int timeout_ms)
{
	const struct work work = { question, getpid() };
	struct before before;
	int r;

	signals_hold(&before);
	r = child_run(answer, &work, timeout_ms);
	signals_restore(&before);
	return r;
}

void ask_all(struct question *questions, size_t n, size_t at_once,
	     unsigned int timeout_ms)
{
	struct work work[ASKED_MAX];
	struct job jobs[ASKED_MAX];
	struct before before;

	for (size_t i = 0; i < n; i++) {
		work[i] = (struct work){ &questions[i], getpid() };
		jobs[i] = (struct job){
			.work = answer,
			.argument = &work[i],
			.name = questions[i].about,
			.lane = questions[i].about,
			.timeout_ms = timeout_ms,
		};
	}
	signals_hold(&before);
	child_run_all(jobs, n, at_once, UINT64_MAX);
	signals_restore(&before);
	for (size_t i = 0; i < n; i++)
		questions[i].result = jobs[i].result;
}
