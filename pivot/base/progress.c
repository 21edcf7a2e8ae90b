// SPDX-License-Identifier: GPL-2.0-or-later
#include "progress.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "clock.h"
#include "human.h"
#include "log.h"
#include "macros.h"
#include "terminal.h"

enum { FIRST_MS = 500, EVERY_MS = 100, LINE_BYTES = 256, TIME_BYTES = 24 };

/* To the line's begin, and nothing right of it; a long line is cut, not wrapped. */
#define CLEAR	"\r\033[K"
#define NO_WRAP "\033[?7l"
#define DO_WRAP "\033[?7h"

/* Whether a line stands on the terminal; shared with children. NULL: never. */
static volatile sig_atomic_t *is_standing;

static void clear(void)
{
	if (!is_standing || !*is_standing)
		return;
	*is_standing = false;
	(void)!write(STDERR_FILENO, CLEAR, strlen(CLEAR)); /* it is only told */
}

void progress_enable(void)
{
	void *shared;

	if (!terminal_has_escapes(STDERR_FILENO))
		return;
	shared = mmap(NULL, sizeof(*is_standing), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return; /* it is only told */
	is_standing = shared;
	log_set_before(clear);
}

/* --- who is interrupted --- */

static const int deadly[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };

static void clear_and_end(int signal)
{
	clear();
	(void)raise(signal); /* by now it has its default again, and waits for our end */
}

static void exchange_handlers(void (*from)(int), void (*to)(int), int flags)
{
	for (size_t i = 0; i < array_size(deadly); i++) {
		const struct sigaction action = { .sa_handler = to, .sa_flags = flags };
		struct sigaction now;

		if (sigaction(deadly[i], NULL, &now) == 0 && now.sa_handler == from)
			(void)sigaction(deadly[i], &action, NULL);
	}
}

/* --- the line --- */

static const char *time_text(uint64_t seconds, char text[TIME_BYTES])
{
	if (seconds < 100)
		(void)snprintf(text, TIME_BYTES, "%u s", (unsigned int)seconds);
	else
		(void)snprintf(text, TIME_BYTES, "%llu min",
			       (unsigned long long)(seconds + 30) / 60);
	return text;
}

static void show(const struct progress *p, uint64_t now_ms)
{
	const uint64_t ms = now_ms - p->began_ms;
	const uint64_t rate = p->done * 1000 / (ms ?: 1); /* bytes a second */
	char line[LINE_BYTES], rest[LINE_BYTES / 2] = "";
	char done[HUMAN_BYTES], total[HUMAN_BYTES], a_second[HUMAN_BYTES];
	char left[TIME_BYTES];
	int n;

	if (p->total && p->done <= p->total && rate)
		(void)snprintf(rest, sizeof(rest), " of %s, %u %%, %s/s, %s left",
			       human_bytes(p->total, total),
			       (unsigned int)((double)p->done * 100 / (double)p->total),
			       human_bytes(rate, a_second),
			       time_text((p->total - p->done) / rate, left));
	else
		(void)snprintf(rest, sizeof(rest), ", %s/s", human_bytes(rate, a_second));
	n = snprintf(line, sizeof(line), CLEAR NO_WRAP "%.64s: %s%s" DO_WRAP, p->what,
		     human_bytes(p->done, done), rest);
	*is_standing = true;
	(void)!write(STDERR_FILENO, line, (size_t)n);
}

struct progress progress_start(const char *what, uint64_t total)
{
	struct progress progress = { .what = what, .total = total };

	if (!is_standing)
		return progress;
	progress.began_ms = clock_ms();
	progress.next_ms = progress.began_ms + FIRST_MS;
	exchange_handlers(SIG_DFL, clear_and_end, SA_RESETHAND);
	return progress;
}

void progress_at(struct progress *progress, uint64_t done)
{
	uint64_t now_ms;

	if (!progress)
		return;
	progress->done = done;
	if (!progress->next_ms)
		return;
	now_ms = clock_ms();
	if (now_ms < progress->next_ms)
		return;
	progress->next_ms = now_ms + EVERY_MS;
	show(progress, now_ms);
}

void progress_add(struct progress *progress, uint64_t bytes)
{
	if (progress)
		progress_at(progress, progress->done + bytes);
}

void progress_done(struct progress *progress)
{
	if (!progress->next_ms)
		return;
	progress->next_ms = 0;
	clear();
	exchange_handlers(clear_and_end, SIG_DFL, 0);
}
