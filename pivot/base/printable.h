/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Names come from outside, and go to terminals: control characters become '?', so that
 * one line stays one line and nothing is steered. Returns text; NULL is let pass.
 */
char *printable_make(char *text);
