/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * For the completions of shells: what the last of the words, which may be "", could
 * become. A line each on standard output: the whole word, a tab, and what it is; or
 * ":file" or ":folder", where that is the rest of it. The first of the words is behind
 * the program's name. Returns the exit code.
 */

#include "options.h"

int complete(int n, char **words, const struct verb *verbs);
