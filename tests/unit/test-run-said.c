// SPDX-License-Identifier: GPL-2.0-or-later

/* What a jump says before and after: the summary, the question, JSON. */

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fake-acts.h"
#include "fake-bzimage.h"
#include "fake-machine.h"
#include "fake-output.h"
#include "fake-root.h"
#include "pivot/kexec/load.h"
#include "pivot/options.h"
#include "unit.h"

static struct options options;
static char program[16];
static char kernel[PATH_MAX];
static const char *said;

static void begin(void)
{
	uint8_t image[BZIMAGE_SETUP_BYTES + 8192] = { 0 };

	machine_that_can_jump();
	machine_that_can_load();
	(void)prctl(PR_SET_CHILD_SUBREAPER, 1); /* for the waiter, whose parent ends */
	fake_file("", "/dev/kmsg");
	(void)unsetenv("TERM"); /* no colours */
	fake_file("6.1.0-56-amd64\n", "/proc/sys/kernel/osrelease");
	fake_file("web1\n", "/proc/sys/kernel/hostname");
	fake_bzimage(image, sizeof(image));
	fake_bytes(image, sizeof(image), "/result/bzImage");
	(void)snprintf(kernel, sizeof(kernel), "%s/result/bzImage", fake_root());
	strcpy(program, "pivot-kexec");
	options = (struct options){
		.root = fake_root(),
		.program = program,
		.takeover = CHOOSE_SEIZE,
		.loader = LOADER_FILE,
		.tree_options = { .kernel = kernel, .command_line = "init=/init" },
	};
}

/* The tool's exit code; its waiter has ended, too. */
static int run(void)
{
	int r;

	output_catch();
	r = verb_run(&options);
	said = output_caught();
	while (waitpid(-1, NULL, 0) > 0)
		;
	return r;
}

#define assert_said(part) ck_assert_msg(strstr(said, part), "it is: %s", said)

START_TEST(tells_what_was_decided)
{
	begin();
	ck_assert_int_eq(run(), EXIT_DONE);
	assert_said("this machine  web1, Linux 6.1.0-56-amd64\n");
	assert_said("\ngoes into     Linux 6.1.0-56-amd64 (options), kernel ");
	assert_said("\nhow           after 0 s PID 1 is seized, one stage\n");
	assert_said("\nloaded by     file\n");
	assert_said("\ntravels       nothing\n");
	assert_said("\nleads back    panic=30; no watchdog; where a driver "
		    "hangs here, a reboot\n");
	assert_said("\nkeep drivers  ");
	assert_said("\nwarnings      ");
	ck_assert_ptr_null(strstr(said, "Type 'yes'"));
}
END_TEST

START_TEST(tells_nothing_where_it_is_to_be_quiet)
{
	begin();
	options.quiet = true;
	ck_assert_int_eq(run(), EXIT_DONE);
	ck_assert_ptr_null(strstr(said, "this machine"));
	ck_assert_ptr_null(strstr(said, "note:"));
	ck_assert_ptr_null(strstr(said, "to cancel"));
}
END_TEST

/* nixos-anywhere would take the jump for failed. */
START_TEST(tells_who_waits_for_a_line_also_where_it_is_quiet)
{
	begin();
	options.announce = "machine will boot into nixos in 6s...";
	options.quiet = true;
	ck_assert_int_eq(run(), EXIT_DONE);
	ck_assert_str_eq(said, "machine will boot into nixos in 6s...\n");
}
END_TEST

START_TEST(says_why_a_loader_is_not_tried)
{
	begin();
	options.verbose = true;
	ck_assert_int_eq(run(), EXIT_DONE);
	assert_said("not tried     gather, load, kexec-tools: --loader names another\n");
}
END_TEST

/* Said on standard output, where there is nothing but it. */
static json_t *parse(void)
{
	json_t *all = json_loads(strchr(said, '{') ?: "", JSON_DISABLE_EOF_CHECK, NULL);

	ck_assert_msg(all, "it is: %s", said);
	return all;
}

static const char *text_of(const json_t *all, const char *name)
{
	return json_string_value(json_object_get(all, name)) ?: "null";
}

START_TEST(prints_what_was_decided_as_json)
{
	json_t *all;

	begin();
	options.json = true;
	ck_assert_int_eq(run(), EXIT_DONE);
	all = parse();
	ck_assert_str_eq(text_of(all, "verdict"), "waiting");
	ck_assert_str_eq(text_of(all, "target"), "Linux 6.1.0-56-amd64 (options)");
	ck_assert_str_eq(text_of(all, "loader"), "file");
	ck_assert_str_eq(text_of(all, "takeover"), "seize");
	ck_assert_str_eq(text_of(all, "command_line"), "panic=30 init=/init");
	ck_assert_int_eq(json_integer_value(json_object_get(all, "stages")), 1);
	ck_assert_int_eq(json_integer_value(json_object_get(all, "delay_s")), 0);
	ck_assert_int_gt(json_integer_value(json_object_get(all, "pid")), 1);
	ck_assert_uint_gt(json_array_size(json_object_get(all, "findings")), 0);
	ck_assert_ptr_null(strstr(said, "this machine"));
	json_decref(all);
}
END_TEST

static void assert_verdict(const char *verdict)
{
	json_t *all;

	options.json = true;
	ck_assert_int_eq(run(), EXIT_UNCHANGED);
	all = parse();
	ck_assert_str_eq(text_of(all, "verdict"), verdict);
	ck_assert_str_eq(text_of(all, "loader"), "null");
	ck_assert(json_is_null(json_object_get(all, "pid")));
	json_decref(all);
}

START_TEST(says_in_json_that_it_is_refused_or_failed)
{
	begin();
	fake_fail("kexec file load", EPERM, 1);
	assert_verdict("failed");
	fake_file("1\n", "/proc/sys/kernel/kexec_load_disabled");
	assert_verdict("refused");
}
END_TEST

/* --- the question --- */

/* Waits for it on the other side of the terminal, answers, and prints what stood there.
 */
static void answer_question(int terminal, const char *answer)
{
	char text[8192];
	size_t n = 0;
	ssize_t got;

	while ((got = read(terminal, text + n, sizeof(text) - 1 - n)) > 0) {
		n += (size_t)got;
		text[n] = '\0';
		if (answer && strstr(text, "go on: ")) {
			ck_assert_int_gt(write(terminal, answer, strlen(answer)), 0);
			answer = NULL;
		}
	}
	(void)!write(STDOUT_FILENO, text, n);
}

static pid_t start_answering(int terminal, const char *answer)
{
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		answer_question(terminal, answer);
		_exit(0);
	}
	return pid;
}

/* The exit code where standard input and error are a terminal, and who sits there
 * answers. */
static int run_at_terminal(const char *answer)
{
	int terminal = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), ours, r;
	int saved[] = { dup(STDIN_FILENO), dup(STDERR_FILENO) };

	ck_assert_int_eq(grantpt(terminal) | unlockpt(terminal), 0);
	output_catch();
	(void)start_answering(terminal, answer); /* before there is anything to inherit */
	ours = open(ptsname(terminal), O_RDWR | O_NOCTTY | O_CLOEXEC);
	(void)dup2(ours, STDIN_FILENO);
	(void)dup2(ours, STDERR_FILENO);
	(void)close(ours);
	(void)close(terminal);
	r = verb_run(&options);
	(void)dup2(saved[0], STDIN_FILENO);
	(void)dup2(saved[1], STDERR_FILENO);
	while (waitpid(-1, NULL, 0) > 0)
		;
	said = output_caught();
	return r;
}

START_TEST(goes_on_where_it_is_told_yes)
{
	begin();
	ck_assert_int_eq(run_at_terminal("yes\n"), EXIT_DONE);
	assert_said("this machine  web1");
	assert_said("Type 'yes' to go on: yes");
	assert_said("to cancel before then");
}
END_TEST

START_TEST(changes_nothing_where_it_is_told_anything_else)
{
	static const char *const answers[] = { "no\n", "y\n", "yesterday\n", "\n", "\4" };

	begin();
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		ck_assert_int_eq(run_at_terminal(answers[i]), EXIT_UNCHANGED);
		assert_said("nothing was changed");
		ck_assert_str_eq(fake_log(), "");
	}
}
END_TEST

START_TEST(does_not_ask_who_said_yes_before)
{
	begin();
	options.yes = true;
	ck_assert_int_eq(run_at_terminal(NULL), EXIT_DONE);
	ck_assert_ptr_null(strstr(said, "Type 'yes'"));
}
END_TEST

START_TEST(does_not_ask_where_it_is_refused)
{
	begin();
	fake_file("1\n", "/proc/sys/kernel/kexec_load_disabled");
	ck_assert_int_eq(run_at_terminal("yes\n"), EXIT_UNCHANGED);
	ck_assert_ptr_null(strstr(said, "Type 'yes'"));
	ck_assert_ptr_null(strstr(said, "this machine"));
}
END_TEST

UNIT_MAIN("what run says", tells_what_was_decided, tells_nothing_where_it_is_to_be_quiet,
	  tells_who_waits_for_a_line_also_where_it_is_quiet,
	  says_why_a_loader_is_not_tried, prints_what_was_decided_as_json,
	  says_in_json_that_it_is_refused_or_failed, goes_on_where_it_is_told_yes,
	  changes_nothing_where_it_is_told_anything_else,
	  does_not_ask_who_said_yes_before, does_not_ask_where_it_is_refused)
