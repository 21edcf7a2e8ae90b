/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

/* Does somebody sit there who could be asked: are standard input and error terminals? */
bool confirm_can_ask(void);

/* Asks, and waits for the answer: is it "yes"? */
bool confirm(void);
