/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * kexec/run of a bundle: a shell script for people to read, which finds the folder it is
 * in and becomes pivot-kexec with the options that were baked in.
 */

#include <stdbool.h>
#include <stddef.h>

#include "pivot/options.h"

enum { BUNDLE_DELAY_S = 6, BUNDLE_PATH_BYTES = 64 };

/* Is it handed on to the bundle's 'run'? */
bool bundle_is_baked(const struct given_option *given);

/* Is it one whose files are in the bundle? */
bool bundle_has_files(const struct given_option *given);

/* Where these are, from the folder of the bundle: number i of the options. */
void bundle_path(const struct options *options, size_t i, char ret[BUNDLE_PATH_BYTES]);

/*
 * The same options give the same bytes. Unless they say otherwise, the delay and the line
 * to announce are those of nixos-images' script. 0, and *ret to be freed, or -ENOMEM.
 */
int bundle_script(const struct options *options, char **ret, size_t *ret_bytes);
