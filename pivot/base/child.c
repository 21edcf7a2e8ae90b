// SPDX-License-Identifier: GPL-2.0-or-later
#include "child.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "acts.h"
#include "clock.h"
#include "log.h"

enum { LOOK_EVERY_MS = 1000, LATE_MS = 5000, STATUS_MAX = 255 };

void child_reap(void)
{
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
}

/* Sleeps until a child ends or ms have passed. */
static void wait_for_sigchld(uint64_t ms)
{
	const struct timespec timeout = {
		.tv_sec = (time_t)(ms / 1000),
		.tv_nsec = (long)(ms % 1000) * 1000000L,
	};
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGCHLD);
	(void)sigtimedwait(&set, NULL, &timeout); /* the caller looks for itself */
}

bool child_is_in_doubt(int result)
{
	return result == -ETIMEDOUT || result == -EINTR || result == -ECHILD;
}

/*
 * The kernel has errors of its own, such as ENOTSUPP, that do not fit; and some would
 * look as if the child had not come to its end.
 */
static int status_of(int result)
{
	return -result > STATUS_MAX || child_is_in_doubt(result) ? EIO : -result;
}

/* Has it ended? *ret is then what its work returned, or -EINTR where it was killed. */
static bool has_ended(pid_t child, int *ret, bool *was_killed)
{
	int status;
	pid_t r = waitpid(child, &status, WNOHANG);

	if (r == 0 || (r < 0 && errno == EINTR))
		return false;
	*was_killed = r > 0 && !WIFEXITED(status);
	if (r < 0)
		*ret = -errno;
	else
		*ret = *was_killed ? -EINTR : -WEXITSTATUS(status);
	return true;
}

static int wait_for(pid_t child, unsigned int timeout_ms,
		    bool (*has_progress)(void *data), void *data)
{
	uint64_t deadline = clock_ms() + timeout_ms;

	for (;;) {
		uint64_t now = clock_ms(), ms;
		bool was_killed;
		int r;

		if (has_ended(child, &r, &was_killed))
			return r;
		if (has_progress && has_progress(data))
			deadline = now + timeout_ms;
		if (now >= deadline)
			return -ETIMEDOUT;
		ms = deadline - now;
		wait_for_sigchld(has_progress && ms > LOOK_EVERY_MS ? LOOK_EVERY_MS : ms);
	}
}

int child_run_while(int (*work)(const void *argument), const void *argument,
		    unsigned int timeout_ms, bool (*has_progress)(void *data), void *data)
{
	pid_t child = fork();
	int r;

	if (child < 0)
		return work(argument);
	if (child == 0)
		_exit(status_of(work(argument)));
	r = wait_for(child, timeout_ms, has_progress, data);
	if (r == -ETIMEDOUT)
		(void)act_kill(child, SIGKILL); /* of use only if it is not stuck */
	return r;
}

int child_run(int (*work)(const void *argument), const void *argument,
	      unsigned int timeout_ms)
{
	return child_run_while(work, argument, timeout_ms, NULL, NULL);
}

/* Is its lane free, with nobody in it before? */
static bool may_start(const struct job *jobs, const struct job *job)
{
	if (job->state != JOB_WAITING)
		return false;
	for (const struct job *before = jobs; before < job; before++)
		if (before->state != JOB_DONE && strcmp(before->lane, job->lane) == 0)
			return false;
	return true;
}

static void job_end(struct job *job, int result)
{
	job->state = JOB_DONE;
	job->result = result;
	job->ms = (unsigned int)(clock_ms() - job->started_ms);
}

/* Whoever touched the same again would be stuck, too. */
static void job_end_stuck(struct job *jobs, size_t n, struct job *job, int result)
{
	job_end(job, result);
	job->is_stuck = true;
	for (struct job *other = jobs; other < jobs + n; other++) {
		if (other->state == JOB_WAITING && job->owner &&
		    other->owner == job->owner) {
			other->state = JOB_DONE;
			other->result = -ECANCELED;
		}
	}
}

static void say_that_it_is_late(struct job *job, uint64_t now)
{
	if (job->is_late || now < job->started_ms + LATE_MS)
		return;
	job->is_late = true;
	log_notice("      %s takes its time: %u s, of %u at most", job->name,
		   LATE_MS / 1000, job->timeout_ms / 1000);
}

static void job_start(struct job *job)
{
	job->started_ms = clock_ms();
	job->state = JOB_RUNNING;
	job->pid = fork();
	if (job->pid == 0)
		_exit(status_of(job->work(job->argument)));
	if (job->pid < 0)
		job_end(job, job->work(job->argument));
}

/* Takes in those that have ended, or have had their time. */
static void end_jobs(struct job *jobs, size_t n)
{
	uint64_t now = clock_ms();

	for (struct job *job = jobs; job < jobs + n; job++) {
		bool was_killed = false;
		int r;

		if (job->state != JOB_RUNNING)
			continue;
		if (has_ended(job->pid, &r, &was_killed)) {
			if (was_killed)
				job_end_stuck(jobs, n, job, r);
			else
				job_end(job, r);
		} else if (now >= job->started_ms + job->timeout_ms) {
			(void)act_kill(job->pid, SIGKILL);
			job_end_stuck(jobs, n, job, -ETIMEDOUT);
		} else {
			say_that_it_is_late(job, now);
		}
	}
}

static size_t count_jobs(const struct job *jobs, size_t n, enum job_state state)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++)
		count += jobs[i].state == state;
	return count;
}

static void start_jobs(struct job *jobs, size_t n, size_t at_once)
{
	size_t running = count_jobs(jobs, n, JOB_RUNNING);

	for (size_t i = 0; i < n && running < at_once; i++) {
		if (!may_start(jobs, &jobs[i]))
			continue;
		job_start(&jobs[i]);
		running += jobs[i].state == JOB_RUNNING;
	}
}

/* Until one of those that run ends, has had its time, or is late. */
static void wait_for_jobs(const struct job *jobs, size_t n)
{
	uint64_t next = UINT64_MAX, now = clock_ms();

	for (const struct job *job = jobs; job < jobs + n; job++) {
		uint64_t ms = job->timeout_ms;

		if (!job->is_late && ms > LATE_MS)
			ms = LATE_MS;
		if (job->state == JOB_RUNNING && job->started_ms + ms < next)
			next = job->started_ms + ms;
	}
	if (next != UINT64_MAX && now < next)
		wait_for_sigchld(next - now);
}

/* What has not begun stays undone. */
static void cancel_waiting(struct job *jobs, size_t n)
{
	for (struct job *job = jobs; job < jobs + n; job++) {
		if (job->state != JOB_WAITING)
			continue;
		job->state = JOB_DONE;
		job->result = -ETIME;
	}
}

void child_run_all(struct job *jobs, size_t n, size_t at_once, uint64_t end_ms)
{
	for (size_t i = 0; i < n; i++) {
		jobs[i].state = JOB_WAITING;
		jobs[i].is_stuck = jobs[i].is_late = false;
	}
	while (count_jobs(jobs, n, JOB_DONE) < n) {
		if (clock_ms() >= end_ms)
			cancel_waiting(jobs, n);
		start_jobs(jobs, n, at_once);
		wait_for_jobs(jobs, n);
		end_jobs(jobs, n);
	}
}
