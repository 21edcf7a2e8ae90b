// SPDX-License-Identifier: GPL-2.0-or-later
#include "stages.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "deadline.h"
#include "initramfs/inventory/watchdogs.h"
#include "pivot/base/acts.h"
#include "pivot/base/child.h"
#include "pivot/base/clock.h"
#include "pivot/base/log.h"
#include "pivot/base/read.h"

/*
 * The one who fed them has ended with the processes; from then on time runs. A driver may
 * ask its hardware over a slow bus (IPMI), so PID 1 opens none itself.
 */

enum {
	FEED_EVERY_MS = 2000,
	/* as long as data gets to the disks the guardian's time starts anew; ours does
	   not, and must not be over before */
	FEED_DEADLINES = 10,
	FEED_AT_LEAST_MS = 30 * 60 * 1000,
	HOOK_POINTS = 2, /* at which each of them runs, beyond the deadline */
};

static uint64_t feed_ms(const struct teardown *teardown)
{
	const struct handover *handover = &teardown->handover;
	uint64_t ms = (uint64_t)FEED_DEADLINES * handover->deadline_ms;

	if (ms < FEED_AT_LEAST_MS)
		ms = FEED_AT_LEAST_MS;
	return ms + (uint64_t)HOOK_POINTS * handover->n_hooks * handover->hook_ms;
}

/* What a child does to one of them. */
struct order {
	char device[32];
	unsigned int seconds; /* 0: as long as it takes */
};

static int stop(const void *order)
{
	return act_watchdog_stop(((const struct order *)order)->device);
}

static int arm(const void *order)
{
	const struct order *o = order;

	return act_watchdog_arm(o->device, o->seconds);
}

/* Ends at last: where even the guardian hangs, the watchdog leads home. */
__attribute__((noreturn)) static void feed(const char *device, uint64_t timeout_ms)
{
	const uint64_t end = clock_ms() + timeout_ms;
	int fd = act_watchdog_open(device);

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

static struct order order_of(const struct watchdog *watchdog, unsigned int seconds)
{
	struct order order = { .seconds = seconds };

	(void)snprintf(order.device, sizeof(order.device), "/dev/%s", watchdog->name);
	return order;
}

static int run(const struct teardown *teardown, int (*act)(const void *order),
	       struct watchdog *watchdog, unsigned int seconds)
{
	const struct order order = order_of(watchdog, seconds);
	int r = child_run(act, &order, teardown->handover.unbind_ms);

	watchdog_update(teardown->root, watchdog);
	return r;
}

static void run_extend(struct teardown *teardown, struct watchdog *watchdog)
{
	char time[WATCHDOG_TIME_BYTES];
	int r = run(teardown, arm, watchdog, 0);

	if (r == -EBUSY) {
		say_held(watchdog);
		return;
	}
	warn(r, watchdog, "cannot be stopped");
	if (r == 0)
		log_notice("      the target has %s%s to take it over",
			   watchdog->timeout_s ? "up to " : "",
			   watchdog_time(watchdog, time));
}

static void run_stop(struct teardown *teardown, struct watchdog *watchdog)
{
	int r = run(teardown, stop, watchdog, 0);

	if (r == -EBUSY)
		say_held(watchdog);
	else if (watchdog->is_active == ANSWER_YES)
		run_extend(teardown, watchdog);
	else if (watchdog->is_active == ANSWER_UNKNOWN && r < 0)
		warn(r, watchdog, "cannot be stopped");
	else
		log_info("      %s (%s) is disarmed", watchdog->name, watchdog->identity);
}

/*
 * Then not even its driver stops it any more, neither when it goes nor at the jump. In
 * older kernels the attribute can only be read.
 */
static void set_nowayout(struct teardown *teardown, struct watchdog *watchdog)
{
	char path[64];

	if (watchdog->is_nowayout == ANSWER_YES)
		return;
	(void)snprintf(path, sizeof(path), "/sys/class/watchdog/%s/nowayout",
		       watchdog->name);
	(void)act_write(path, "1"); /* watchdogs_let_go() looks */
	watchdog_update(teardown->root, watchdog);
}

static void run_arm(struct teardown *teardown, struct watchdog *watchdog)
{
	const struct order order = order_of(watchdog, 0);
	char time[WATCHDOG_TIME_BYTES];
	int r = run(teardown, arm, watchdog, teardown->handover.watchdog_s);

	if (r == -EBUSY) {
		say_held(watchdog);
		return;
	}
	if (r < 0) {
		warn(r, watchdog, "cannot be armed");
		return;
	}
	set_nowayout(teardown, watchdog);
	strcpy(teardown->watchdog, watchdog->name);
	log_info(
		"      %s (%s) is armed: when nobody feeds it any more the target has %s "
		"to take it over",
		watchdog->name, watchdog->identity, watchdog_time(watchdog, time));
	teardown->feeder = fork();
	if (teardown->feeder == 0)
		feed(order.device, feed_ms(teardown));
	if (teardown->feeder < 0)
		warn(-errno, watchdog, "cannot be fed");
}

static void quiet(struct teardown *teardown, struct watchdog *watchdog, bool is_switch)
{
	switch (watchdog_way(watchdog, is_switch)) {
	case WATCHDOG_IS_AT_REST:
		return;
	case WATCHDOG_TO_STOP:
		run_stop(teardown, watchdog);
		return;
	case WATCHDOG_TO_EXTEND:
		run_extend(teardown, watchdog);
		return;
	case WATCHDOG_TO_ARM:
		run_arm(teardown, watchdog);
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
	const struct watchdog *armed = NULL;
	bool is_armed = teardown->watchdog[0]; /* when the processes ended */
	int r = watchdogs_read(teardown->root, &watchdogs);

	if (r < 0)
		(void)log_warn(r, "cannot read the watchdogs");
	if (teardown->handover.watchdog_s && !is_armed) {
		armed = watchdogs_switch(&watchdogs);
		if (!armed)
			(void)log_warn(0, "there is no hardware watchdog to arm");
	}
	for (size_t i = 0; i < watchdogs.n; i++) {
		struct watchdog *w = &watchdogs.watchdog[i];

		if (!is_armed || strcmp(w->name, teardown->watchdog) != 0)
			quiet(teardown, w, w == armed);
	}
	return 0;
}

/* The driver that a watchdog's device is to go from. */
struct parting {
	char path[96];
	char device[64]; /* "iTCO_wdt.1.auto", on whatever bus */
};

static int part(const void *parting)
{
	const struct parting *p = parting;

	return act_write(p->path, p->device);
}

/* Its timer goes on where it cannot be stopped. */
static int let_go(struct teardown *teardown, const struct watchdog *watchdog)
{
	struct parting parting;
	int r;

	if (watchdog->is_nowayout != ANSWER_YES)
		return -EOPNOTSUPP;
	(void)snprintf(parting.path, sizeof(parting.path),
		       "/sys/class/watchdog/%s/device/driver/unbind", watchdog->name);
	r = read_link_name(parting.device, sizeof(parting.device), teardown->root,
			   "/sys/class/watchdog/%s/device", watchdog->name);
	if (r < 0)
		return r;
	r = child_run(part, &parting, teardown->handover.unbind_ms);
	teardown->is_hung |= child_is_in_doubt(r);
	return r;
}

void watchdogs_let_go(struct teardown *teardown)
{
	struct watchdog watchdog = { 0 };
	char time[WATCHDOG_TIME_BYTES];
	int r;

	if (!teardown->watchdog[0] ||
	    !read_exists(teardown->root, "/sys/class/watchdog/%s", teardown->watchdog))
		return; /* its driver went with the device, or stops nothing (IPMI's) */
	strcpy(watchdog.name, teardown->watchdog);
	watchdog_update(teardown->root, &watchdog);
	deadline_allow(teardown, teardown->handover.unbind_ms);
	r = let_go(teardown, &watchdog);
	if (r == 0)
		log_info("      %s (%s): its driver is gone, its timer runs on for %s",
			 watchdog.name, watchdog.identity,
			 watchdog_time(&watchdog, time));
	else if (!watchdogs_outlive_jump(teardown->root))
		warn(r, &watchdog,
		     "may be stopped by its driver at the jump, unless this system is "
		     "booted with watchdog.stop_on_reboot=0");
}
