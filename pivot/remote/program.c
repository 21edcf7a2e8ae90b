// SPDX-License-Identifier: GPL-2.0-or-later
#include "program.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pivot/base/acts.h"
#include "pivot/base/clock.h"
#include "pivot/base/log.h"

/* --- signals --- */

static volatile sig_atomic_t interrupted;

static void note_signal(int signal)
{
	(void)signal;
	interrupted = 1;
}

void program_catch_signals(void)
{
	/* no SA_RESTART: what waits comes back */
	const struct sigaction note = { .sa_handler = note_signal };
	const struct sigaction ignore = { .sa_handler = SIG_IGN };

	(void)sigaction(SIGINT, &note, NULL);
	(void)sigaction(SIGTERM, &note, NULL);
	(void)sigaction(SIGHUP, &note, NULL);
	(void)sigaction(SIGPIPE, &ignore, NULL); /* an ssh that is gone is an error */
}

bool program_is_interrupted(void)
{
	return interrupted;
}

/* --- the words --- */

void words_add(struct words *words, const char *word)
{
	if (words->n < WORDS_MAX)
		words->word[words->n++] = word;
}

/*
 * What a person has set up for sessions of their own is left out; a network that has
 * gone shows within a minute.
 */
struct words words_new(void)
{
	struct words words = { .n = 0 };

	words_add(&words, "ssh");
	words_add(&words, "-T");
	words_add(&words, "-oRemoteCommand=none");
	words_add(&words, "-oClearAllForwardings=yes");
	words_add(&words, "-oServerAliveInterval=15");
	words_add(&words, "-oServerAliveCountMax=4");
	return words;
}

void words_add_machine(struct words *words, const struct remote_url *url,
		       const char *user)
{
	if (url->port[0]) {
		words_add(words, "-p");
		words_add(words, url->port);
	}
	if (user && user[0]) {
		words_add(words, "-l");
		words_add(words, user);
	}
	words_add(words, "--");
	words_add(words, url->host);
}

/* --- the program --- */

/* The signals that are caught or ignored here are not to be so there. */
int program_start(const struct words *words, const struct streams *streams, pid_t *ret)
{
	const int fds[] = { streams->in, streams->out, streams->errors };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t set;
	int r = 0;

	if (posix_spawn_file_actions_init(&actions) != 0 ||
	    posix_spawnattr_init(&attributes) != 0)
		return -ENOMEM;
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGPIPE);
	(void)posix_spawnattr_setsigdefault(&attributes, &set);
	(void)posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
	for (int i = 0; r == 0 && i < 3; i++)
		if (fds[i] >= 0)
			r = posix_spawn_file_actions_adddup2(&actions, fds[i], i);
	if (r == 0)
		r = posix_spawnp(ret, words->word[0], &actions, &attributes,
				 (char *const *)words->word, environ);
	(void)posix_spawnattr_destroy(&attributes);
	(void)posix_spawn_file_actions_destroy(&actions);
	if (r == ENOENT)
		return log_refuse(-ENOENT, "there is no 'ssh' on this machine: install "
					   "OpenSSH's client");
	return r ? log_err(-r, "cannot run ssh") : 0;
}

void program_forget_interrupt(void)
{
	interrupted = 0;
}

int program_wait(pid_t child)
{
	int status;

	if (program_is_interrupted()) /* nobody has told the child */
		(void)act_kill(child, SIGTERM);
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
		else if (program_is_interrupted())
			(void)act_kill(child, SIGTERM);
	if (program_is_interrupted())
		return -EINTR;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int program_write(int fd, const char *data, size_t size)
{
	while (size > 0) {
		ssize_t n = write(fd, data, size);

		if (n < 0 && (errno != EINTR || program_is_interrupted()))
			return -errno;
		if (n > 0) {
			data += n;
			size -= (size_t)n;
		}
	}
	return 0;
}

/* --- what is read --- */

int program_read(struct reader *reader)
{
	char rest[4096];
	const bool is_full = reader->used + 1 >= reader->size;
	ssize_t n = is_full ? read(reader->fd, rest, sizeof(rest))
			    : read(reader->fd, reader->text + reader->used,
				   reader->size - 1 - reader->used);

	if (n < 0)
		return errno == EINTR && !program_is_interrupted() ? 1 : -errno;
	if (!is_full)
		reader->used += (size_t)n;
	reader->text[reader->used] = '\0';
	return n > 0;
}

/* How many of them are not at their end. */
static nfds_t poll_set(const struct reader *readers, size_t n, struct pollfd fds[])
{
	nfds_t open = 0;

	for (size_t i = 0; i < n; i++) {
		fds[i] = (struct pollfd){ .fd = readers[i].fd, .events = POLLIN };
		open += readers[i].fd >= 0;
	}
	return open;
}

int program_read_all(struct reader *readers, size_t n, uint64_t end_ms)
{
	struct pollfd fds[READERS_MAX];

	while (poll_set(readers, n, fds) > 0) {
		const uint64_t now = clock_ms();

		if (end_ms && now >= end_ms)
			return -ETIMEDOUT;
		if (poll(fds, n, end_ms ? (int)(end_ms - now) : -1) < 0) {
			if (errno != EINTR || program_is_interrupted())
				return -errno;
			continue;
		}
		for (size_t i = 0; i < n; i++)
			if (fds[i].revents && program_read(&readers[i]) <= 0)
				readers[i].fd = -1; /* whose it is closes it */
	}
	return 0;
}
