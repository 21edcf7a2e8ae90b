// SPDX-License-Identifier: GPL-2.0-or-later
#include "watchdogs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pivot/base/macros.h"
#include "pivot/base/read.h"

#define CLASS	 "/sys/class/watchdog/"
#define IPMI	 "/sys/module/ipmi_watchdog"
#define NOWAYOUT "parameters/nowayout"

static enum answer answer_of(const char *text)
{
	switch (text[0]) {
	case '0': /* nowayout of a watchdog */
	case 'N': /* of a module */
	case 'i': /* inactive */
		return ANSWER_NO;
	case '1':
	case 'Y':
	case 'a':
		return ANSWER_YES;
	default:
		return ANSWER_UNKNOWN;
	}
}

static enum answer read_answer(const char *root, const char *base, const char *name)
{
	char text[16];

	return read_text(text, sizeof(text), root, "%s/%s", base, name) > 0
		       ? answer_of(text)
		       : ANSWER_UNKNOWN;
}

/*
 * /dev/watchdog as a name of its own belongs to a driver that is not the watchdog core's.
 * The one that servers have is IPMI's, which can be told by its module.
 */
static const char *base_of(const struct watchdog *watchdog, char base[64])
{
	if (strcmp(watchdog->name, "watchdog") == 0)
		return IPMI;
	(void)snprintf(base, 64, CLASS "%s", watchdog->name);
	return base;
}

static const char *default_identity(const char *root, const char *base)
{
	if (strcmp(base, IPMI) == 0 && read_exists(root, IPMI))
		return strrchr(IPMI, '/') + 1;
	return "unknown";
}

static void read_identity(const char *root, const char *base, struct watchdog *watchdog)
{
	char *to = watchdog->identity;
	size_t size = sizeof(watchdog->identity);

	if (read_text(to, size, root, "%s/identity", base) <= 0 &&
	    read_link_name(to, size, root, "%s/device/driver", base) < 0)
		strcpy(to, default_identity(root, base));
}

/* Without CONFIG_WATCHDOG_SYSFS nothing of this is there but the driver. */
void watchdog_update(const char *root, struct watchdog *watchdog)
{
	char buf[64];
	const char *base = base_of(watchdog, buf);
	uint64_t seconds = 0;

	watchdog->is_active = read_answer(root, base, "state");
	watchdog->is_nowayout = read_answer(root, base, "nowayout") ?:
				read_answer(root, base,
					    "device/driver/module/" NOWAYOUT) ?:
				read_answer(root, base, NOWAYOUT);
	(void)read_u64(&seconds, 10, root, "%s/timeout", base); /* else 0 */
	watchdog->timeout_s = (unsigned int)seconds;
	read_identity(root, base, watchdog);
}

const char *watchdog_time(const struct watchdog *watchdog, char text[WATCHDOG_TIME_BYTES])
{
	(void)snprintf(text, WATCHDOG_TIME_BYTES,
		       watchdog->timeout_s ? "%u s" : "an unknown time",
		       watchdog->timeout_s);
	return text;
}

static void add(const char *root, const char *name, struct watchdogs *watchdogs)
{
	struct watchdog *watchdog = &watchdogs->watchdog[watchdogs->n];

	if (watchdogs->n == WATCHDOGS_MAX || strlen(name) >= sizeof(watchdog->name))
		return;
	watchdogs->n++;
	*watchdog = (struct watchdog){ 0 };
	strcpy(watchdog->name, name);
	watchdog_update(root, watchdog);
}

static int compare(const void *a, const void *b)
{
	const struct watchdog *x = a, *y = b;

	return strcmp(x->name, y->name);
}

int watchdogs_read(const char *root, struct watchdogs *ret)
{
	struct dir dir;

	ret->n = 0;
	/* /dev/watchdog belongs to watchdog0, or to a driver that is not the core's */
	if (read_exists(root, "/sys/class/misc/watchdog") &&
	    !read_exists(root, CLASS "watchdog0"))
		add(root, "watchdog", ret);
	dir_for_each (&dir, name, root, CLASS)
		add(root, name, ret);
	qsort(ret->watchdog, ret->n, sizeof(ret->watchdog[0]), compare);
	return dir.error == -ENOENT ? 0 : dir.error;
}

/* softdog dies with the kernel: nobody would feed it, nothing would come of it */
static bool is_software(const struct watchdog *watchdog)
{
	return strcmp(watchdog->identity, "Software Watchdog") == 0;
}

const struct watchdog *watchdogs_switch(const struct watchdogs *watchdogs)
{
	static const enum answer order[] = { ANSWER_YES, ANSWER_NO, ANSWER_UNKNOWN };

	for (size_t i = 0; i < array_size(order); i++)
		for (size_t j = 0; j < watchdogs->n; j++)
			if (watchdogs->watchdog[j].is_active == order[i] &&
			    !is_software(&watchdogs->watchdog[j]))
				return &watchdogs->watchdog[j];
	return NULL;
}

enum watchdog_way watchdog_way(const struct watchdog *watchdog, bool is_switch)
{
	if (is_switch)
		return WATCHDOG_TO_ARM;
	if (watchdog->is_active == ANSWER_NO)
		return WATCHDOG_IS_AT_REST;
	/* opening starts it; unless nowayout is set it can be stopped again */
	if (watchdog->is_active == ANSWER_UNKNOWN)
		return watchdog->is_nowayout == ANSWER_NO ? WATCHDOG_TO_STOP
							  : WATCHDOG_TO_LEAVE;
	return watchdog->is_nowayout == ANSWER_YES && !is_software(watchdog)
		       ? WATCHDOG_TO_EXTEND
		       : WATCHDOG_TO_STOP;
}

bool watchdogs_outlive_jump(const char *root)
{
	return read_answer(root, "/sys/module/watchdog/parameters", "stop_on_reboot") ==
	       ANSWER_NO;
}
