// SPDX-License-Identifier: GPL-2.0-or-later
#include "initramfs/inventory/processes.h"

#include <stdio.h>
#include <string.h>

#include "fake-machine.h"
#include "fake-root.h"
#include "unit.h"

enum { USER = 0x400000, KERNEL_THREAD = 0x208040 };

static char names[64];

static size_t count(pid_t except)
{
	return processes_count(fake_root(), except, names, sizeof(names));
}

START_TEST(counts_processes_and_names_them)
{
	machine_start();
	machine_task(300, "cron", 'S', USER);
	ck_assert_uint_eq(count(0), 1);
	ck_assert_str_eq(names, "cron");
}
END_TEST

START_TEST(leaves_out_pid_1_and_the_guardian)
{
	machine_start();
	machine_task(20, "init", 'S', USER);
	ck_assert_uint_eq(count(20), 0);
	ck_assert_str_eq(names, "");
}
END_TEST

START_TEST(takes_parentheses_and_blanks_in_names)
{
	machine_start();
	machine_task(10, "a) S 1 (b", 'S', USER);
	ck_assert_uint_eq(count(0), 1);
	ck_assert_str_eq(names, "a) S 1 (b");
}
END_TEST

/* A name must not make a process pass for a thread of the kernel. */
START_TEST(is_not_fooled_by_a_name)
{
	machine_start();
	machine_task(10, "x) Z 1 1 1 0 -1 2097152", 'S', USER);
	ck_assert_uint_eq(count(0), 1);
}
END_TEST

START_TEST(leaves_out_threads_of_the_kernel)
{
	machine_start();
	machine_task(2, "kthreadd", 'S', KERNEL_THREAD);
	machine_task(3, "kworker/0:1H-kblockd", 'I', KERNEL_THREAD);
	ck_assert_uint_eq(count(0), 0);
}
END_TEST

START_TEST(leaves_out_who_has_ended)
{
	machine_start();
	machine_task(10, "zombie", 'Z', USER);
	machine_task(11, "dead", 'X', USER);
	machine_task(12, "stuck", 'D', USER);
	ck_assert_uint_eq(count(0), 1);
	ck_assert_str_eq(names, "stuck");
}
END_TEST

START_TEST(passes_over_what_is_no_process)
{
	machine_start();
	fake_file("", "/proc/sys/stat");
	fake_file("", "/proc/12a/stat");
	fake_file("", "/proc/13/stat");
	fake_file("14 (cut", "/proc/14/stat");
	fake_directory("/proc/15");
	ck_assert_uint_eq(count(0), 0);
}
END_TEST

START_TEST(counts_a_process_with_a_line_longer_than_it_reads)
{
	char line[800];
	int n;

	machine_start();
	n = snprintf(line, sizeof(line), "10 (big) S 1 10 10 0 -1 4194304");
	memset(line + n, ' ', sizeof(line) - (size_t)n - 1);
	line[sizeof(line) - 1] = '\0';
	fake_file(line, "/proc/10/stat");
	ck_assert_uint_eq(count(0), 1);
}
END_TEST

START_TEST(counts_more_than_it_can_name)
{
	machine_start();
	for (int i = 0; i < 40; i++)
		machine_task(100 + i, "fifteen-letters", 'S', USER);
	ck_assert_uint_eq(count(0), 40);
	ck_assert_str_eq(names, "fifteen-letters fifteen-letters fifteen-letters "
				"fifteen-letters");
}
END_TEST

UNIT_MAIN("processes", counts_processes_and_names_them, leaves_out_pid_1_and_the_guardian,
	  takes_parentheses_and_blanks_in_names, is_not_fooled_by_a_name,
	  leaves_out_threads_of_the_kernel, leaves_out_who_has_ended,
	  passes_over_what_is_no_process,
	  counts_a_process_with_a_line_longer_than_it_reads, counts_more_than_it_can_name)
