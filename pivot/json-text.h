/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <jansson.h>

/* A JSON string of any text. Names of the kernel need not be UTF-8, which JSON must be:
 * there what is not ASCII becomes "?". */
json_t *json_text(const char *text);

/* Prints a value on standard output, and takes it; NULL is one there was no memory for. 0
 * or -ENOMEM, silent. */
int json_print(json_t *value);

/* The same as one line of text with its newline, to be freed. 0 or -ENOMEM, silent. */
int json_line(json_t *value, char **ret);
