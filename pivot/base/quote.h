/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Words for a POSIX shell. */

#include <stdio.h>

/* The word so that the shell takes it as it is, whatever is in it. */
void quote_word(FILE *out, const char *word);
