/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * ssh(1) as a program that is run: its words, its pipes, its end. What waits here comes
 * back with -EINTR after a signal that program_catch_signals() has taken over.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "url.h"

enum { WORDS_MAX = 32, READERS_MAX = 2 };

/* From now on SIGINT, SIGTERM and SIGHUP end what waits here, and not this program. */
void program_catch_signals(void);
bool program_is_interrupted(void);

/* What comes now is to be done all the same: what cleans up behind the interrupted. */
void program_forget_interrupt(void);

struct words {
	const char *word[WORDS_MAX + 1];
	size_t n;
};

/* "ssh", and what is the same for all that it is run for. */
struct words words_new(void);
void words_add(struct words *words, const char *word);

/* user: NULL or "" where ssh decides. */
void words_add_machine(struct words *words, const struct remote_url *url,
		       const char *user);

/* -1: as ours; standard error stays ours where there is nothing else for it. */
struct streams {
	int in, out, errors;
};

/* 0 or negative errno, logged. */
int program_start(const struct words *words, const struct streams *streams, pid_t *ret);

/* Its exit code, or 128 and the signal that ended it; or negative errno. */
int program_wait(pid_t child);

/* All of it. 0 or negative errno. */
int program_write(int fd, const char *data, size_t size);

/* Text that comes by a pipe; what there is no room for is read and dropped. */
struct reader {
	int fd;
	char *text;
	size_t size, used;
};

/* Once: 1; 0 at the end, or negative errno. */
int program_read(struct reader *reader);

/* READERS_MAX at most, to their ends, or until end_ms (0: never). 0, -ETIMEDOUT or
 * -errno. */
int program_read_all(struct reader *readers, size_t n, uint64_t end_ms);
