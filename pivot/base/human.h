/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdint.h>

enum { HUMAN_BYTES = 24 };

/* "8.1 MiB", for people. Returns buf. */
const char *human_bytes(uint64_t bytes, char buf[HUMAN_BYTES]);
