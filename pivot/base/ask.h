/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Reading what may never answer, for the tool: in a child with a deadline, which holds
 * neither the caller's terminal nor the tree's files when it stays behind.
 */

#include <stddef.h>

struct question {
	const char *about; /* of those for ask_all() no two are the same */
	int (*read)(const void *argument);
	const void *argument;
	int answer_fd; /* the one file that the child keeps open; -1: none */
	int result;    /* of ask_all(): as ask() gives it */
};

enum { ASKED_MAX = 64 };

/*
 * What read(argument) returned, 0 or negative errno; -ETIMEDOUT; -EINTR where the child
 * was killed; or -ECHILD where none could be made: in this process nothing may hang.
 */
int ask(const struct question *question, unsigned int timeout_ms);

/* Several, ASKED_MAX at most, at_once of them together, each with that deadline. */
void ask_all(struct question *questions, size_t n, size_t at_once,
	     unsigned int timeout_ms);
