// SPDX-License-Identifier: GPL-2.0-or-later
#include "stages.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "initramfs/child.h"
#include "initramfs/inventory/watchdogs.h"
#include "pivot/base/acts.h"
#include "pivot/base/clock.h"
#include "pivot/base/log.h"

/*
 * The one who fed them has ended with the processes; from then on time runs. A driver may
 * ask its hardware over a slow bus (IPMI), so nothing here is done by PID 1 itself.
 */

enum {
	FEED_EVERY_MS = 2000,
	/* as long as data gets to the disks the guardian's time starts anew; ours does
	   not, and must not be over before */
	FEED_DEADLINES = 10,
};

static int with_device(const struct watchdog *watchdog, int (*act)(const char *device))
{
	char device[32];

	(void)snprintf(device, sizeof(device), "/dev/%s", watchdog->name);
	return act(device);
}

static int stop(const void *watchdog)
{
	return with_device(watchdog, act_watchdog_stop);
}

static int extend(const void *watchdog)
{
	return with_device(watchdog, act_watchdog_extend);
}

/* Ends at last: where even the guardian hangs, the watchdog leads home. */
__attribute__((noreturn)) static void feed(const struct watchdog *watchdog,
					   uint64_t timeout_ms)
{
	const uint64_t end = clock_ms() + timeout_ms;
	int fd = with_device(watchdog, act_watchdog_open);

	while (fd >= 0 && clock_ms() < end) {
		act_watchdog_feed(fd);
		clock_sleep_ms(FEED_EVERY_MS);
	}
	_exit(0);
}

static void warn(int error, const struct watchdog *watchdog, const char *what)
{
	(void)log_warn(error, "%s (%s) %s", watchdog->name, watchdog->identity, what);
}

/* Its turn comes once more when the processes have ended. */
static void say_held(const struct watchdog *watchdog)
{
	log_info("      %s (%s) is held by a process", watchdog->name,
		 watchdog->identity);
}

static int run(const struct teardown *teardown, int (*act)(const void *watchdog),
	       struct watchdog *watchdog)
{
	int r = child_run(act, watchdog, teardown->handover.unbind_ms);

	watchdog_update(teardown->root, watchdog);
	return r;
}

static void run_extend(struct teardown *teardown, struct watchdog *watchdog)
{
	int r = run(teardown, extend, watchdog);

	if (r == -EBUSY) {
		say_held(watchdog);
		return;
	}
	warn(r, watchdog, "cannot be stopped");
	if (r == 0)
		log_notice("      the target has up to %u s to take it over",
			   watchdog->timeout_s);
}

static void run_stop(struct teardown *teardown, struct watchdog *watchdog)
{
	int r = run(teardown, stop, watchdog);

	if (r == -EBUSY)
		say_held(watchdog);
	else if (watchdog->is_active == ANSWER_YES)
		run_extend(teardown, watchdog);
	else if (watchdog->is_active == ANSWER_UNKNOWN && r < 0)
		warn(r, watchdog, "cannot be stopped");
	else
		log_info("      %s (%s) is disarmed", watchdog->name, watchdog->identity);
}

static void run_feed(struct teardown *teardown, struct watchdog *watchdog)
{
	int r = run(teardown, extend, watchdog);
	pid_t feeder = r < 0 ? r : fork();

	if (feeder == 0)
		feed(watchdog, (uint64_t)FEED_DEADLINES * teardown->handover.deadline_ms);
	if (feeder < 0)
		warn(r, watchdog, "cannot be fed");
	else
		log_info(
			"      %s (%s) is fed: the target has up to %u s to take it over%s",
			watchdog->name, watchdog->identity, watchdog->timeout_s,
			watchdogs_outlive_jump(teardown->root)
				? ""
				: ", unless its driver stops it at the jump");
}

static void quiet(struct teardown *teardown, struct watchdog *watchdog)
{
	switch (watchdog_way(watchdog, teardown->handover.watchdog == WATCHDOG_FEED)) {
	case WATCHDOG_IS_AT_REST:
		return;
	case WATCHDOG_TO_STOP:
		run_stop(teardown, watchdog);
		return;
	case WATCHDOG_TO_EXTEND:
		run_extend(teardown, watchdog);
		return;
	case WATCHDOG_TO_FEED:
		run_feed(teardown, watchdog);
		return;
	case WATCHDOG_TO_LEAVE:
		(void)log_warn(0,
			       "%s (%s) may be armed, which nobody can say: left alone",
			       watchdog->name, watchdog->identity);
		return;
	}
}

int watchdogs_quiet(struct teardown *teardown)
{
	static struct watchdogs watchdogs;
	int r = watchdogs_read(teardown->root, &watchdogs);

	if (r < 0)
		(void)log_warn(r, "cannot read the watchdogs");
	for (size_t i = 0; i < watchdogs.n; i++)
		quiet(teardown, &watchdogs.watchdog[i]);
	return 0;
}
