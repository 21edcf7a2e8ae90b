// SPDX-License-Identifier: GPL-2.0-or-later
#include "initramfs/inventory/processes.h"

#include <stdio.h>
#include <string.h>

#include "fake-machine.h"
#include "fake-root.h"
#include "unit.h"

enum { USER = 0x400000, KERNEL_THREAD = 0x208040 };

static struct processes list;

static size_t count(pid_t except)
{
	processes_read(fake_root(), except, &list);
	return list.n;
}

START_TEST(reads_processes_and_names_them)
{
	machine_start();
	machine_task(300, "cron", 'S', USER);
	ck_assert_uint_eq(count(0), 1);
	ck_assert_int_eq(list.process[0].pid, 300);
	ck_assert_str_eq(list.process[0].name, "cron");
	ck_assert(!list.process[0].has_terminal);
	ck_assert(!list.has_more);
}
END_TEST

START_TEST(leaves_out_pid_1_and_the_guardian)
{
	machine_start();
	machine_task(20, "init", 'S', USER);
	ck_assert_uint_eq(count(20), 0);
}
END_TEST

START_TEST(takes_parentheses_and_blanks_in_names)
{
	machine_start();
	machine_task(10, "a) S 1 (b", 'S', USER);
	ck_assert_uint_eq(count(0), 1);
	ck_assert_str_eq(list.process[0].name, "a) S 1 (b");
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
	ck_assert_str_eq(list.process[0].name, "stuck");
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

START_TEST(sees_who_has_a_terminal)
{
	machine_start();
	machine_process(.pid = 400, .name = "bash", .has_terminal = true);
	ck_assert_uint_eq(count(0), 1);
	ck_assert(list.process[0].has_terminal);
}
END_TEST

START_TEST(says_that_there_are_more_than_fit)
{
	machine_start();
	for (int i = 0; i < PROCESSES_MAX; i++)
		machine_task(100 + i, "many", 'S', USER);
	ck_assert_uint_eq(count(0), PROCESSES_MAX);
	ck_assert(!list.has_more);
	machine_task(99, "one more", 'S', USER);
	ck_assert_uint_eq(count(0), PROCESSES_MAX);
	ck_assert(list.has_more);
}
END_TEST

static bool is_storage_daemon(const char *name, const char *command)
{
	struct process process = { .pid = 500 };

	machine_process(.pid = 500, .name = name, .command = command);
	(void)snprintf(process.name, sizeof(process.name), "%s", name);
	return process_is_storage_daemon(fake_root(), &process);
}

START_TEST(knows_a_storage_daemon_by_its_command_line)
{
	machine_start();
	ck_assert(is_storage_daemon("mdmon", "@sbin/mdmon --foreground md127"));
	ck_assert(!is_storage_daemon("mdmon", "/sbin/mdmon --foreground md127"));
	ck_assert(!is_storage_daemon("@mdmon", "mdmon"));
	ck_assert(!is_storage_daemon("kthreadd", ""));
}
END_TEST

START_TEST(takes_no_user_s_process_for_one)
{
	const struct process process = { .pid = 502, .name = "mdmon" };

	machine_start();
	machine_process(.pid = 502, .name = "mdmon", .command = "@mdmon", .uid = 1000);
	ck_assert(!process_is_storage_daemon(fake_root(), &process));
}
END_TEST

START_TEST(finds_our_waiter_and_believes_no_user)
{
	machine_start();
	machine_process(.pid = 600, .name = "pivot-kexec", .command = "@ivot-kexec",
			.uid = 1000);
	machine_process(.pid = 601, .name = "pivot-kexec", .command = "pivot-kexec");
	machine_process(.pid = 602, .name = "cat", .command = "@ivot-kexec");
	ck_assert_int_eq(processes_find_waiter(fake_root(), 0), 0);
	machine_process(.pid = 603, .name = "pivot-kexec", .command = "@ivot-kexec");
	ck_assert_int_eq(processes_find_waiter(fake_root(), 0), 603);
	ck_assert_int_eq(processes_find_waiter(fake_root(), 603), 0);
}
END_TEST

START_TEST(does_not_take_our_own_waiter_for_one)
{
	machine_start();
	ck_assert(!is_storage_daemon("pivot-kexec", "@ivot-kexec run ./result"));
}
END_TEST

START_TEST(takes_who_has_just_ended_for_none)
{
	const struct process process = { .pid = 501, .name = "ended" };

	machine_start();
	ck_assert(!process_is_storage_daemon(fake_root(), &process));
}
END_TEST

UNIT_MAIN("processes", reads_processes_and_names_them, leaves_out_pid_1_and_the_guardian,
	  takes_parentheses_and_blanks_in_names, is_not_fooled_by_a_name,
	  leaves_out_threads_of_the_kernel, leaves_out_who_has_ended,
	  passes_over_what_is_no_process,
	  counts_a_process_with_a_line_longer_than_it_reads, sees_who_has_a_terminal,
	  says_that_there_are_more_than_fit, knows_a_storage_daemon_by_its_command_line,
	  does_not_take_our_own_waiter_for_one, takes_no_user_s_process_for_one,
	  finds_our_waiter_and_believes_no_user, takes_who_has_just_ended_for_none)
