/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* After the jump: who answers at the machine's address, and since when? */

#include <stdbool.h>
#include <stdint.h>

#include "look.h"
#include "url.h"

enum answer {
	ANSWER_NONE,
	ANSWER_CLOSED, /* ssh talks to somebody, who does not let us in */
	ANSWER_LOOK,
};

enum verdict {
	VERDICT_NONE,	/* go on asking */
	VERDICT_LANDED, /* in the target */
	VERDICT_HOME,	/* in the old system, which was booted again */
	VERDICT_LOCKED, /* out, for long enough */
};

struct wait {
	struct look before; /* at the old system, before the jump */
	const char *tree_command_line;
	uint64_t went_ms;   /* when the old system was last seen, by clock_ms() */
	uint64_t closed_ms; /* since when nobody lets us in; 0: that is not so */
	bool is_quiet;	    /* standard output is for something else */
	bool was_gone;	    /* one question at least was left without an answer */
	bool is_old;	    /* the last answer was the old system's, still in its boot */
};

/* One more answer; now is what was seen where it is ANSWER_LOOK. */
enum verdict wait_take(struct wait *wait, enum answer answer, const struct look *now,
		       uint64_t now_ms);

/* Is there a way in that asks no question? There must be, for the time after the jump. */
bool wait_can_ask(const struct remote_url *url);

/*
 * Asks until there is a verdict, seconds have passed, or a signal has come, and says how
 * it went. Who is not root over there asks as root, too: the target may know no other.
 * An exit code.
 */
int wait_for_target(struct wait *wait, const struct remote_url *url, bool is_root,
		    unsigned int seconds);
