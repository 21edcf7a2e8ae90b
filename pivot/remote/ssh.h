/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The other machine, by the system's ssh(1): its configuration and its agent decide how
 * it is reached, and its questions go to the terminal. One connection is made, and what
 * is run over there goes by it, so that each question is asked once.
 *
 * That connection's own command is a cat(1) that reads from this program: with this
 * program's end it ends, however that comes.
 *
 * Where a call gives an exit code that is of the command over there; SSH_FAILED is ssh's
 * own, which has then said why on standard error. Else negative errno: -EINTR where
 * program_is_interrupted().
 */

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "url.h"

enum { SSH_FAILED = 255, SSH_FOLDER_BYTES = 64 };

struct ssh {
	const struct remote_url *url;
	char folder[SSH_FOLDER_BYTES]; /* with the socket of the connection; "": none */
	pid_t master;		       /* 0: none */
	int to_master, from_master;
};

#define SSH_INIT                                    \
	{                                           \
		.to_master = -1, .from_master = -1, \
	}

/* Connects. 0 or negative errno, logged; *ret needs ssh_close() either way. */
int ssh_open(const struct remote_url *url, struct ssh *ret);
void ssh_close(struct ssh *ssh);

/*
 * Runs a script in 'sh' over there. said is the beginning of what it prints; NULL: it
 * goes to standard output.
 */
int ssh_script(const struct ssh *ssh, const char *script, char *said, size_t size);

/* The same with a command for the login shell. */
int ssh_command(const struct ssh *ssh, const char *command, char *said, size_t size);

/* Feeds it with a file from an offset on; has_sent is told how many bytes more went. */
int ssh_feed(const struct ssh *ssh, const char *command, int fd, uint64_t at,
	     void (*has_sent)(void *data, size_t bytes), void *data);

/*
 * By a connection of its own that asks nothing, within seconds. user may be NULL; errors
 * is what ssh said.
 */
struct ssh_answer {
	int exit_code; /* or negative errno */
	char said[16384];
	char errors[2048];
};
void ssh_ask(const struct remote_url *url, const char *user, const char *command,
	     struct ssh_answer *ret);
