/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <sys/types.h>

#include "journey.h"
#include "pivot/kexec/load.h"

/* What became of a jump. */
struct run_result {
	enum {
		RUN_REFUSED,  /* for what is in the findings */
		RUN_DECLINED, /* by who was asked */
		RUN_FAILED,
		RUN_WAITING, /* for the takeover */
	} verdict;
	enum loader loader; /* by which it is loaded; and */
	pid_t waiter;	    /* who waits, where it does */
};

/* Prints it as one JSON object; pivot-kexec(8) describes it. 0 or negative errno, logged.
 */
int run_print_json(const struct journey *journey, const struct run_result *result);
