/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* A directory that stands for the machine. It goes when the test has passed. */

#include <stdbool.h>
#include <stddef.h>

#include "pivot/base/macros.h"

/*
 * An assertion for the fakes. The code under test also calls them in processes it forks,
 * which may live a little longer than the test. Check reports through one file whose
 * offset they share, and each of its own assertions writes there: from such a process,
 * into what Check is reading ("Bad message type arg").
 */
#define must(condition) \
	((condition) ? (void)0 : must_fail(__FILE__, __LINE__, #condition))
_Noreturn void must_fail(const char *file, int line, const char *condition);

/* Makes an empty one; call first. Whatever fails in this file ends the test. */
void fake_root_make(void);
const char *fake_root(void);

/* A file below it with this text; directories on the way are made. */
printf_like(2, 3) void fake_file(const char *text, const char *path, ...);
printf_like(3, 4) void fake_bytes(const void *data, size_t size, const char *path, ...);
/* Text at the end of a file that may not be there yet. */
void fake_append(const char *path, const char *text);
/* Target as it stands, wherever it leads. */
printf_like(2, 3) void fake_symlink(const char *target, const char *path, ...);
void fake_directory(const char *path);

/* The whole file, to be freed; NULL where there is none. */
char *fake_text(const char *path);
printf_like(1, 2) bool fake_exists(const char *path, ...);
/* A file, or a directory and everything in it. None: nothing. */
printf_like(1, 2) void fake_remove(const char *path, ...);
