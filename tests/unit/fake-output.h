/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What a piece of the product writes to standard output and error:
 *
 *	output_catch();
 *	r = preflight_check(&p);
 *	ck_assert_str_eq(output_caught(), "pivot-kexec: this needs root ...\n");
 */

void output_catch(void);

/* Everything since then; both go back to where they went. Valid until the next call. */
const char *output_caught(void);
