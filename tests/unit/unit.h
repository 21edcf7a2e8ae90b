/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * A test program is a list of tests whose names are sentences:
 *
 *	START_TEST(counts_to_three) { ck_assert_int_eq(count(), 3); } END_TEST
 *	UNIT_MAIN("counting", counts_to_three, counts_backwards)
 *
 * Each test runs in a process of its own. CK_VERBOSITY and CK_TAP_LOG_FILE_NAME are
 * Check's own; CK_RUN_CASE picks one test by its name.
 */

#include <check.h>
#include <stddef.h>
#include <stdlib.h>

static inline int unit_run(const char *suite_name, const TTest *const *tests, size_t n)
{
	Suite *suite = suite_create(suite_name);
	SRunner *runner = srunner_create(suite);
	int failed;

	for (size_t i = 0; i < n; i++) {
		TCase *tcase = tcase_create(tests[i]->name);

		tcase_set_timeout(tcase, 30);
		tcase_add_test(tcase, tests[i]);
		suite_add_tcase(suite, tcase);
	}
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#define UNIT_RUN(suite_name, ...)                                   \
	unit_run(suite_name, (const TTest *const[]){ __VA_ARGS__ }, \
		 sizeof((const TTest *const[]){ __VA_ARGS__ }) / sizeof(TTest *))

#define UNIT_MAIN(suite_name, ...)                        \
	int main(void)                                    \
	{                                                 \
		return UNIT_RUN(suite_name, __VA_ARGS__); \
	}
