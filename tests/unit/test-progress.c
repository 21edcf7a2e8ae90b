// SPDX-License-Identifier: GPL-2.0-or-later
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "pivot/base/clock.h"
#include "pivot/base/log.h"
#include "pivot/base/progress.h"
#include "unit.h"

enum { MIB = 1 << 20 };

static char said[8192];

/* Standard error becomes a terminal. The other side of it. */
static int become_terminal(void)
{
	int other = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), fd;

	ck_assert_int_ge(other, 0);
	ck_assert_int_eq(grantpt(other) | unlockpt(other), 0);
	fd = open(ptsname(other), O_RDWR | O_NOCTTY | O_CLOEXEC);
	ck_assert_int_eq(dup2(fd, STDERR_FILENO), STDERR_FILENO);
	(void)close(fd);
	(void)fcntl(other, F_SETFL, O_NONBLOCK);
	(void)setenv("TERM", "xterm", 1);
	progress_enable();
	return other;
}

static const char *read_terminal(int fd)
{
	size_t used = 0;
	ssize_t n;

	while ((n = read(fd, said + used, sizeof(said) - 1 - used)) > 0)
		used += (size_t)n;
	said[used] = '\0';
	return said;
}

static size_t count(const char *text, const char *what)
{
	size_t n = 0;

	for (; (text = strstr(text, what)); text++)
		n++;
	return n;
}

static void work_a_while(struct progress *progress, unsigned int ms)
{
	const uint64_t end = clock_ms() + ms;

	while (clock_ms() < end) {
		progress_add(progress, MIB);
		clock_sleep_ms(1);
	}
}

START_TEST(rewrites_one_line_and_clears_it)
{
	int terminal = become_terminal();
	struct progress progress = progress_start("copying it", 10000ULL * MIB);
	const char *text;

	work_a_while(&progress, 1200);
	progress_done(&progress);
	text = read_terminal(terminal);
	ck_assert_uint_ge(count(text, "\r\033[K\033[?7lcopying it: "), 2);
	ck_assert_uint_le(count(text, "copying it: "), 8);
	ck_assert_uint_ge(count(text, " MiB of 9.8 GiB, "), 2);
	ck_assert_uint_ge(count(text, " left\033[?7h"), 2);
	ck_assert_ptr_null(strchr(text, '\n'));
	ck_assert_str_eq(text + strlen(text) - 4, "\r\033[K");
}
END_TEST

START_TEST(says_nothing_of_what_is_quick)
{
	int terminal = become_terminal();
	struct progress progress = progress_start("copying it", MIB);

	progress_add(&progress, MIB);
	progress_done(&progress);
	ck_assert_str_eq(read_terminal(terminal), "");
}
END_TEST

START_TEST(says_nothing_where_it_is_not_enabled)
{
	struct progress progress = progress_start("copying it", MIB);

	ck_assert_uint_eq(progress.next_ms, 0);
	progress_at(&progress, MIB);
	progress_add(NULL, MIB);
	progress_done(&progress);
}
END_TEST

START_TEST(says_nothing_to_a_dumb_terminal)
{
	(void)setenv("TERM", "dumb", 1);
	progress_enable();
	ck_assert_uint_eq(progress_start("copying it", MIB).next_ms, 0);
}
END_TEST

START_TEST(leaves_out_what_nobody_knows)
{
	int terminal = become_terminal();
	struct progress progress = progress_start("unpacking", 0);

	work_a_while(&progress, 700);
	ck_assert_ptr_nonnull(strstr(read_terminal(terminal), "B/s\033[?7h"));
	ck_assert_ptr_null(strchr(said, '%'));
	progress_done(&progress);
}
END_TEST

START_TEST(leaves_no_line_where_something_is_logged)
{
	int terminal = become_terminal();
	struct progress progress = progress_start("copying it", 0);

	work_a_while(&progress, 700);
	(void)read_terminal(terminal);
	(void)log_err(0, "it failed");
	ck_assert_str_eq(read_terminal(terminal), "\r\033[Kpivot-kexec: it failed\r\n");
	progress_done(&progress);
	ck_assert_str_eq(read_terminal(terminal), "");
}
END_TEST

/* Runs it in a child that ends by the signal. */
static void be_killed(int signal)
{
	const struct sigaction dies = { .sa_handler = SIG_DFL };
	pid_t child = fork();
	int status;

	ck_assert_int_ge(child, 0);
	if (child == 0) {
		struct progress progress;

		(void)sigaction(SIGINT, &dies, NULL); /* Check has its own for it */
		progress = progress_start("copying it", 0);
		work_a_while(&progress, 700);
		(void)raise(signal);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == signal);
}

START_TEST(leaves_no_line_where_it_is_interrupted)
{
	int terminal = become_terminal();

	be_killed(SIGINT);
	(void)read_terminal(terminal);
	ck_assert_str_eq(said + strlen(said) - 4, "\r\033[K");
}
END_TEST

START_TEST(clears_the_line_of_a_child_that_was_killed)
{
	int terminal = become_terminal();

	be_killed(SIGKILL);
	ck_assert_ptr_nonnull(strstr(read_terminal(terminal), "copying it: "));
	log_notice("it was killed");
	ck_assert_str_eq(read_terminal(terminal),
			 "\r\033[Kpivot-kexec: it was killed\r\n");
}
END_TEST

UNIT_MAIN("progress", rewrites_one_line_and_clears_it, says_nothing_of_what_is_quick,
	  says_nothing_where_it_is_not_enabled, says_nothing_to_a_dumb_terminal,
	  leaves_out_what_nobody_knows, leaves_no_line_where_something_is_logged,
	  leaves_no_line_where_it_is_interrupted,
	  clears_the_line_of_a_child_that_was_killed)
