// SPDX-License-Identifier: GPL-2.0-or-later
#include "wait.h"

#include <stdio.h>
#include <string.h>

#include "pivot/base/clock.h"
#include "pivot/base/log.h"
#include "pivot/base/macros.h"
#include "pivot/base/printable.h"
#include "pivot/options.h"
#include "program.h"
#include "ssh.h"

enum {
	ASK_EVERY_MS = 1000,
	/* a system that boots may have its sshd before it has the keys */
	CLOSED_MS = 30000,
};

enum verdict wait_take(struct wait *wait, enum answer answer, const struct look *now,
		       uint64_t now_ms)
{
	wait->is_old =
		answer == ANSWER_LOOK && strcmp(now->boot_id, wait->before.boot_id) == 0;
	if (wait->is_old)
		wait->went_ms = now_ms;
	wait->was_gone |= answer == ANSWER_NONE;
	if (answer != ANSWER_CLOSED)
		wait->closed_ms = 0;
	else if (!wait->closed_ms)
		wait->closed_ms = now_ms;
	/* the old system, too, may refuse users while it shuts down */
	if (answer == ANSWER_CLOSED)
		return wait->was_gone && now_ms - wait->closed_ms >= CLOSED_MS
			       ? VERDICT_LOCKED
			       : VERDICT_NONE;
	if (answer == ANSWER_NONE || wait->is_old)
		return VERDICT_NONE;
	return look_is_target(&wait->before, now, wait->tree_command_line)
		       ? VERDICT_LANDED
		       : VERDICT_HOME;
}

/* What ssh(1) says, in any language, where a server answers. */
static bool is_closed(const char *errors)
{
	return strstr(errors, "Permission denied") ||
	       strstr(errors, "Host key verification failed");
}

static enum answer ask_as(const struct remote_url *url, const char *user,
			  struct ssh_answer *answer, struct look *ret)
{
	ssh_ask(url, user, LOOK_COMMAND, answer);
	/* cat(1) fails where one file is missing, and prints the others */
	if (answer->exit_code >= 0 && answer->exit_code != SSH_FAILED &&
	    look_parse(answer->said, ret) == 0)
		return ANSWER_LOOK;
	return answer->exit_code == SSH_FAILED && !is_closed(answer->errors)
		       ? ANSWER_NONE
		       : ANSWER_CLOSED;
}

static enum answer ask(const struct remote_url *url, bool is_root,
		       struct ssh_answer *answer, struct look *ret)
{
	enum answer given = ask_as(url, url->user, answer, ret);

	return given == ANSWER_CLOSED && !is_root ? ask_as(url, "root", answer, ret)
						  : given;
}

bool wait_can_ask(const struct remote_url *url)
{
	static struct ssh_answer answer; /* too large for a stack */
	struct look look;

	return ask_as(url, url->user, &answer, &look) == ANSWER_LOOK;
}

/* --- the last word --- */

static unsigned int seconds_since(uint64_t ms)
{
	return (unsigned int)((clock_ms() - ms + 500) / 1000);
}

static int say_landed(const struct wait *wait, const struct look *now)
{
	const unsigned int away_s = seconds_since(wait->went_ms);

	if (wait->is_quiet)
		log_notice("away for %u s; the target answers", away_s);
	else
		(void)printf(
			"pivot-kexec: away for %u s; the target answers: %s, Linux %s\n",
			away_s, now->name, now->release);
	return EXIT_DONE;
}

static int say_home(const struct wait *wait, const struct look *now)
{
	return log_refuse(
		EXIT_TOO_LATE,
		"the jump did not happen, or the target went back: after %u s the old "
		"system answers (%s, Linux %s), booted anew; only its serial console has "
		"seen why; docs/hardware.md says what to try",
		seconds_since(wait->went_ms), now->name, now->release);
}

/* The last line of what ssh said is its reason. */
static int say_locked(const struct wait *wait, const struct remote_url *url,
		      struct ssh_answer *answer)
{
	char *end = answer->errors + strlen(answer->errors), *line;

	while (end > answer->errors && strchr("\r\n", end[-1]))
		*--end = '\0';
	line = strrchr(answer->errors, '\n');
	return log_refuse(
		EXIT_LOCKED_OUT,
		"after %u s '%s' answers, and does not let us in: %s. Where its host key "
		"is another, 'ssh-keygen -R' forgets the old one; where it does not know "
		"your key, the tree has to bring it",
		seconds_since(wait->went_ms), url->host,
		printable_make(line ? line + 1 : answer->errors));
}

static int say_nothing(const struct wait *wait, const struct remote_url *url)
{
	if (wait->is_old)
		return log_refuse(
			EXIT_TOO_LATE,
			"'%s' still runs the old system: 'dmesg' over there says why, and "
			"'pivot-kexec cancel' undoes a jump that waits",
			url->host);
	return log_refuse(
		EXIT_TOO_LATE,
		"nobody has answered at '%s' for %u s: look at its console; a power "
		"cycle brings the old system back; docs/hardware.md says what to try",
		url->host, seconds_since(wait->went_ms));
}

static int say_interrupted(const struct remote_url *url)
{
	return log_refuse(EXIT_TOO_LATE,
			  "interrupted: the jump of '%s' goes on regardless", url->host);
}

int wait_for_target(struct wait *wait, const struct remote_url *url, bool is_root,
		    unsigned int seconds)
{
	static struct ssh_answer answer; /* too large for a stack */
	const uint64_t end = clock_ms() + seconds * 1000ULL;
	struct look now;

	wait->went_ms = clock_ms();
	while (clock_ms() < end) {
		enum answer given = ask(url, is_root, &answer, &now);

		if (program_is_interrupted())
			return say_interrupted(url);
		switch (wait_take(wait, given, &now, clock_ms())) {
		case VERDICT_LANDED:
			return say_landed(wait, &now);
		case VERDICT_HOME:
			return say_home(wait, &now);
		case VERDICT_LOCKED:
			return say_locked(wait, url, &answer);
		case VERDICT_NONE:
			break;
		}
		clock_sleep_ms(ASK_EVERY_MS);
	}
	return wait->closed_ms ? say_locked(wait, url, &answer) : say_nothing(wait, url);
}
