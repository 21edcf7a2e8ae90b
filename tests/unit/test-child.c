// SPDX-License-Identifier: GPL-2.0-or-later
#include "pivot/base/child.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fake-acts.h"
#include "pivot/base/clock.h"
#include "unit.h"

static int give(const void *result)
{
	return *(const int *)result;
}

static int hang(const void *argument)
{
	(void)argument;
	while (pause() < 0)
		;
	return 0;
}

static int die(const void *signal)
{
	(void)raise(*(const int *)signal);
	return 0;
}

static int sleep_for(const void *ms)
{
	clock_sleep_ms(*(const unsigned int *)ms);
	return 0;
}

static pid_t worker;

static int say_who(const void *argument)
{
	(void)argument;
	worker = getpid();
	return -EBUSY;
}

static void assert_nobody_left(void)
{
	ck_assert_int_eq(waitpid(-1, NULL, 0), -1);
	ck_assert_int_eq(errno, ECHILD);
}

START_TEST(gives_what_the_work_gave)
{
	static const int results[] = { 0, -EPERM, -EBUSY, -ENOENT, -EHWPOISON };

	fake_start();
	for (size_t i = 0; i < sizeof(results) / sizeof(results[0]); i++)
		ck_assert_int_eq(child_run(give, &results[i], 5000), results[i]);
	assert_nobody_left();
}
END_TEST

START_TEST(works_in_a_process_of_its_own)
{
	fake_start();
	ck_assert_int_eq(child_run(say_who, NULL, 5000), -EBUSY);
	ck_assert_int_eq(worker, 0);
}
END_TEST

START_TEST(comes_back_as_soon_as_the_work_is_done)
{
	const unsigned int ms = 50;
	const uint64_t start = clock_ms();

	fake_start();
	ck_assert_int_eq(child_run(sleep_for, &ms, 20000), 0);
	ck_assert_uint_ge(clock_ms() - start, 50);
	ck_assert_uint_lt(clock_ms() - start, 5000);
}
END_TEST

START_TEST(leaves_and_kills_what_hangs)
{
	const uint64_t start = clock_ms();

	fake_start();
	ck_assert_int_eq(child_run(hang, NULL, 200), -ETIMEDOUT);
	ck_assert_uint_ge(clock_ms() - start, 200);
	ck_assert_uint_lt(clock_ms() - start, 3000);
	ck_assert_int_gt(waitpid(-1, NULL, 0), 0);
	assert_nobody_left();
}
END_TEST

/* The kernel kills who runs into an oops: that is no success. */
START_TEST(takes_a_killed_child_for_interrupted)
{
	static const int signals[] = { SIGKILL, SIGTERM, SIGBUS };

	fake_start();
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		(void)signal(signals[i], SIG_DFL); /* the sanitizers' own handlers */
		ck_assert_int_eq(child_run(die, &signals[i], 5000), -EINTR);
	}
}
END_TEST

static int asked;

/* Progress for half a second, more than the time given. */
static bool has_progress_for_a_while(void *end)
{
	asked++;
	return clock_ms() < *(uint64_t *)end;
}

START_TEST(waits_as_long_as_there_is_progress)
{
	uint64_t start = clock_ms(), end = start + 500;

	fake_start();
	ck_assert_int_eq(child_run_while(hang, NULL, 200, has_progress_for_a_while, &end),
			 -ETIMEDOUT);
	ck_assert_uint_ge(clock_ms() - start, 500);
	ck_assert_uint_lt(clock_ms() - start, 3000);
	ck_assert_int_ge(asked, 2);
}
END_TEST

START_TEST(asks_for_progress_every_second)
{
	const unsigned int ms = 2300;
	uint64_t end = 0;

	fake_start();
	ck_assert_int_eq(
		child_run_while(sleep_for, &ms, 20000, has_progress_for_a_while, &end),
		0);
	ck_assert_int_ge(asked, 2);
	ck_assert_int_le(asked, 4);
}
END_TEST

/* PID 1 inherits every orphan: their ends must not end the wait. */
START_TEST(is_not_misled_by_another_child)
{
	const unsigned int ms = 200;
	const uint64_t start = clock_ms();

	fake_start();
	if (fork() == 0)
		_exit(7);
	ck_assert_int_eq(child_run(sleep_for, &ms, 5000), 0);
	ck_assert_uint_ge(clock_ms() - start, 200);
	child_reap();
	assert_nobody_left();
}
END_TEST

START_TEST(works_by_itself_where_no_child_can_be_made)
{
	fake_start();
	fake_fail_forks();
	ck_assert_int_eq(child_run(say_who, NULL, 200), -EBUSY);
	ck_assert_int_eq(worker, getpid());
}
END_TEST

/* Shared with the children: when each began and ended. */
struct span {
	uint64_t begin, end;
	unsigned int ms;
};

static int take_time(const void *argument)
{
	struct span *span = *(struct span *const *)argument;

	span->begin = clock_ms();
	clock_sleep_ms(span->ms);
	span->end = clock_ms();
	return 0;
}

enum { SPANS = 6 };

static struct span *spans;
static const struct span *span_at[SPANS];

static void run_spans(struct job *jobs, const char *const *lanes, size_t at_once)
{
	fake_start();
	spans = mmap(NULL, SPANS * sizeof(*spans), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(spans, MAP_FAILED);
	for (size_t i = 0; i < SPANS; i++) {
		spans[i].ms = 400;
		span_at[i] = &spans[i];
		jobs[i] = (struct job){ .work = take_time,
					.argument = &span_at[i],
					.lane = lanes[i],
					.timeout_ms = 10000 };
	}
	child_run_all(jobs, SPANS, at_once, UINT64_MAX);
	for (size_t i = 0; i < SPANS; i++) {
		ck_assert_int_eq(jobs[i].result, 0);
		ck_assert_uint_ge(jobs[i].ms, 400);
		ck_assert_uint_gt(spans[i].end, 0);
	}
	assert_nobody_left();
}

static bool overlap(const struct span *a, const struct span *b)
{
	return a->begin < b->end && b->begin < a->end;
}

/* The most that ran together, seen from the beginning of each. */
static size_t most_at_once(void)
{
	size_t most = 0;

	for (size_t i = 0; i < SPANS; i++) {
		size_t n = 0;

		for (size_t j = 0; j < SPANS; j++)
			n += spans[j].begin <= spans[i].begin &&
			     spans[i].begin < spans[j].end;
		most = n > most ? n : most;
	}
	return most;
}

START_TEST(runs_no_more_than_it_may_at_once)
{
	static const char *const lanes[SPANS] = { "a", "b", "c", "d", "e", "f" };
	struct job jobs[SPANS];

	run_spans(jobs, lanes, 2);
	ck_assert_uint_eq(most_at_once(), 2);
	run_spans(jobs, lanes, 1);
	ck_assert_uint_eq(most_at_once(), 1);
}
END_TEST

START_TEST(runs_those_of_one_lane_one_after_another)
{
	static const char *const lanes[SPANS] = { "a", "a", "b", "a", "b", "c" };
	struct job jobs[SPANS];

	run_spans(jobs, lanes, SPANS);
	ck_assert(!overlap(&spans[0], &spans[1]) && !overlap(&spans[1], &spans[3]));
	ck_assert(!overlap(&spans[2], &spans[4]));
	ck_assert_uint_le(spans[0].end, spans[1].begin);
	ck_assert(overlap(&spans[0], &spans[2]) && overlap(&spans[0], &spans[5]));
}
END_TEST

START_TEST(runs_every_job_and_tells_them_apart)
{
	static const int results[] = { 0, -EPERM, -EAGAIN, -EHWPOISON };
	static const int signal = SIGKILL;
	struct job jobs[5];

	fake_start();
	for (size_t i = 0; i < 4; i++)
		jobs[i] = (struct job){ .work = give,
					.argument = &results[i],
					.lane = "a",
					.timeout_ms = 10000 };
	jobs[4] = (struct job){
		.work = die, .argument = &signal, .lane = "b", .timeout_ms = 10000
	};
	child_run_all(jobs, 5, 3, UINT64_MAX);
	for (size_t i = 0; i < 4; i++)
		ck_assert_int_eq(jobs[i].result, results[i]);
	ck_assert_int_eq(jobs[4].result, -EINTR);
	child_run_all(jobs, 0, 3, UINT64_MAX);
}
END_TEST

START_TEST(lets_one_that_hangs_hold_up_nobody)
{
	static const int nothing = 0;
	struct job jobs[] = {
		{ .work = hang, .lane = "a", .timeout_ms = 300 },
		{ .work = give, .argument = &nothing, .lane = "a", .timeout_ms = 10000 },
		{ .work = give, .argument = &nothing, .lane = "b", .timeout_ms = 10000 },
	};

	fake_start();
	child_run_all(jobs, 3, 3, UINT64_MAX);
	ck_assert_int_eq(jobs[0].result, -ETIMEDOUT);
	ck_assert_uint_ge(jobs[0].ms, 300);
	ck_assert_int_eq(jobs[1].result, 0);
	ck_assert_int_eq(jobs[2].result, 0);
	ck_assert_uint_le(jobs[2].started_ms, jobs[1].started_ms);
}
END_TEST

START_TEST(starts_nothing_when_the_time_is_up)
{
	static const int nothing = 0;
	struct job jobs[] = {
		{ .work = hang, .lane = "a", .timeout_ms = 300 },
		{ .work = give, .argument = &nothing, .lane = "a", .timeout_ms = 10000 },
	};

	fake_start();
	child_run_all(jobs, 2, 2, clock_ms() + 100);
	ck_assert_int_eq(jobs[0].result, -ETIMEDOUT);
	ck_assert_int_eq(jobs[1].result, -ETIME);
}
END_TEST

START_TEST(runs_jobs_without_children_where_none_can_be_made)
{
	static const int results[] = { 0, -EPERM };
	struct job jobs[2];

	fake_start();
	fake_fail_forks();
	for (size_t i = 0; i < 2; i++)
		jobs[i] = (struct job){ .work = give,
					.argument = &results[i],
					.lane = "a",
					.timeout_ms = 10000 };
	child_run_all(jobs, 2, 2, UINT64_MAX);
	ck_assert_int_eq(jobs[0].result, 0);
	ck_assert_int_eq(jobs[1].result, -EPERM);
}
END_TEST

UNIT_MAIN("child", gives_what_the_work_gave, works_in_a_process_of_its_own,
	  comes_back_as_soon_as_the_work_is_done, leaves_and_kills_what_hangs,
	  takes_a_killed_child_for_interrupted, waits_as_long_as_there_is_progress,
	  asks_for_progress_every_second, is_not_misled_by_another_child,
	  works_by_itself_where_no_child_can_be_made, runs_every_job_and_tells_them_apart,
	  runs_no_more_than_it_may_at_once, runs_those_of_one_lane_one_after_another,
	  lets_one_that_hangs_hold_up_nobody, starts_nothing_when_the_time_is_up,
	  runs_jobs_without_children_where_none_can_be_made)
