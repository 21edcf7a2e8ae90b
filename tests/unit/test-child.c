// SPDX-License-Identifier: GPL-2.0-or-later
#include "initramfs/child.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
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

UNIT_MAIN("child", gives_what_the_work_gave, works_in_a_process_of_its_own,
	  comes_back_as_soon_as_the_work_is_done, leaves_and_kills_what_hangs,
	  takes_a_killed_child_for_interrupted, waits_as_long_as_there_is_progress,
	  asks_for_progress_every_second, is_not_misled_by_another_child,
	  works_by_itself_where_no_child_can_be_made)
