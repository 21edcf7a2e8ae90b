/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What may be written to a terminal, and nowhere else. */

#include <stdbool.h>

/* Is fd a terminal that takes escapes such as colours? Not where TERM is "dumb". */
bool terminal_has_escapes(int fd);
