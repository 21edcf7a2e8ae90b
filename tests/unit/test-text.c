// SPDX-License-Identifier: GPL-2.0-or-later

/* Small things about text: what may go to a terminal, what stands on a command line. */

#include <string.h>

#include "pivot/base/parameter.h"
#include "pivot/base/printable.h"
#include "unit.h"

START_TEST(makes_control_characters_visible)
{
	char text[] = "a\nb\x1b[2J\x7f\tc", name[] = "caf\xc3\xa9";

	ck_assert_str_eq(printable_make(text), "a?b?[2J??c");
	ck_assert_str_eq(printable_make(name), "caf\xc3\xa9");
	ck_assert_ptr_null(printable_make(NULL));
}
END_TEST

static const char *value_of(const char *line, const char *name)
{
	static char value[64];
	size_t n;
	const char *found = parameter_find(line, name, &n);

	if (!found)
		return NULL;
	ck_assert_uint_lt(n, sizeof(value));
	memcpy(value, found, n);
	value[n] = '\0';
	return value;
}

START_TEST(finds_the_last_of_a_parameter)
{
	ck_assert_str_eq(value_of("panic=5", "panic"), "5");
	ck_assert_str_eq(value_of("quiet root=/dev/a ro root=b=c", "root"), "b=c");
	ck_assert_str_eq(value_of("root= ro", "root"), "");
}
END_TEST

START_TEST(takes_no_other_parameter_for_it)
{
	ck_assert_ptr_null(value_of("", "panic"));
	ck_assert_ptr_null(value_of("panic", "panic"));
	ck_assert_ptr_null(value_of("boot.panic=1 xpanic=2 panic_x=3", "panic"));
	ck_assert_ptr_null(value_of("rootfstype=tmpfs", "root"));
}
END_TEST

UNIT_MAIN("text", makes_control_characters_visible, finds_the_last_of_a_parameter,
	  takes_no_other_parameter_for_it)
