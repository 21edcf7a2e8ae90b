// SPDX-License-Identifier: GPL-2.0-or-later

/*
 * The tool's own way, from the tree to the takeover: whatever fails before the point of
 * no return, every act is undone, newest first, and the exit code says so. All of it by a
 * loader that loads before the takeover, and by the one that only tries it then.
 */

#include "pivot/options.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fake-acts.h"
#include "fake-bzimage.h"
#include "fake-machine.h"
#include "fake-output.h"
#include "fake-root.h"
#include "pivot/base/clock.h"
#include "pivot/base/macros.h"
#include "pivot/base/read.h"
#include "pivot/kexec/load.h"
#include "unit.h"

enum { NO_WAITER = -1, LINE_BYTES = 128 };

static enum loader loader;
static struct options options;
static char program[16];
static char kernel[PATH_MAX];
static const char *said; /* by the tool */
static int waiter_code;	 /* its exit code; 128 and the signal that killed it */

static void put_kernel(void)
{
	uint8_t image[BZIMAGE_SETUP_BYTES + 8192] = { 0 };

	fake_bzimage(image, sizeof(image));
	fake_bytes(image, sizeof(image), "/result/bzImage");
}

static void begin(enum takeover_choice takeover)
{
	machine_that_can_jump();
	machine_that_can_load();
	(void)prctl(PR_SET_CHILD_SUBREAPER, 1); /* for the waiter, whose parent ends */
	fake_file("", "/dev/kmsg");
	put_kernel();
	(void)snprintf(kernel, sizeof(kernel), "%s/result/bzImage", fake_root());
	strcpy(program, "pivot-kexec");
	options = (struct options){
		.root = fake_root(),
		.program = program,
		.takeover = takeover,
		.loader = (int)loader,
		.tree_options = { .kernel = kernel, .command_line = "init=/init" },
		.has_no_panic_timeout = true,
	};
}

/* The tool's exit code. The waiter goes on. */
static int start(void)
{
	int r;

	output_catch();
	r = verb_run(&options);
	said = output_caught();
	return r;
}

static pid_t waiter_pid(void)
{
	const char *at = strstr(said, "(or kill ");
	int pid = 0;

	ck_assert_ptr_nonnull(at);
	ck_assert_int_eq(sscanf(at, "(or kill %d)", &pid), 1);
	return pid;
}

static void wait_for_waiter(void)
{
	const uint64_t end = clock_ms() + 15000;
	int status;
	pid_t r;

	while ((r = waitpid(-1, &status, WNOHANG)) == 0) {
		if (clock_ms() >= end) {
			(void)kill(waiter_pid(), SIGKILL);
			ck_abort_msg("the waiter does not end");
		}
		clock_sleep_ms(10);
	}
	waiter_code = NO_WAITER;
	if (r > 0)
		waiter_code =
			WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int run(void)
{
	int r = start();

	wait_for_waiter();
	return r;
}

/* What the waiter said: it has no terminal. */
static const char *kmsg(void)
{
	static char text[8192];
	char *file = fake_text("/dev/kmsg");

	(void)snprintf(text, sizeof(text), "%s", file ?: "");
	free(file);
	return text;
}

#define assert_in(text, part) ck_assert_msg(strstr(text, part), "it is: %s", text)

static void assert_untouched(void)
{
	char *loaded = fake_text("/sys/kernel/kexec_loaded");
	char *mounts = fake_text("/proc/self/mountinfo");

	ck_assert_str_eq(loaded, "0\n");
	ck_assert_str_eq(mounts, "");
	ck_assert(!fake_exists("/run/initramfs"));
	free(loaded);
	free(mounts);
}

/* --- the way --- */

#define PAYLOAD "/run/initramfs/payload"

struct act {
	const char *line;
	const char *undo;     /* or NULL */
	const char *sentence; /* where it fails */
	const char *failed;   /* what comes then, before all is undone; or NULL */
	bool is_insisted_on;  /* a failure is not the end of it */
};

/* clang-format off */
#define MOUNT_STAGE \
	{ .line = "can exec 1", .sentence = "cannot trace PID 1" }, \
	{ .line = "enter mounts", \
	  .sentence = "cannot enter the mount namespace of PID 1" }, \
	{ .line = "mkdir /run/initramfs 755", .undo = "rmdir /run/initramfs", \
	  .sentence = "cannot make '/run/initramfs'" }, \
	{ .line = "mount tmpfs /run/initramfs", .undo = "umount -l /run/initramfs", \
	  .sentence = "cannot mount a tmpfs on '/run/initramfs'" }, \
	{ .line = "unpack /run/initramfs", \
	  .sentence = "cannot unpack the stage's image" }, \
	{ .line = "execute /run/initramfs/init probe", \
	  .sentence = "cannot execute '/run/initramfs/init'" }

static const struct act by_file[] = {
	MOUNT_STAGE,
	{ .line = "kexec file load without initrd 'init=/init'",
	  .sentence = "does not take '" }, /* undone first */
};

static const char remove_payload[] =
	"enter mounts\n"
	"unlink " PAYLOAD "/seal\n"
	"unlink " PAYLOAD "/setup\n"
	"unlink " PAYLOAD "/kernel\n"
	"unlink " PAYLOAD "/initrd = ENOENT\n"
	"unlink " PAYLOAD "/extra = ENOENT\n"
	"unlink " PAYLOAD "/command-line\n";

static const struct act by_gathering[] = {
	MOUNT_STAGE,
	{ .line = "enter mounts",
	  .sentence = "cannot enter the mount namespace of PID 1" },
	{ .line = "copy " PAYLOAD "/setup",
	  .sentence = "cannot copy '" },
	{ .line = "copy " PAYLOAD "/kernel",
	  .sentence = "cannot copy '" },
	{ .line = "create " PAYLOAD "/command-line 600",
	  .sentence = "cannot write '" PAYLOAD "/command-line'" },
	{ .line = "create " PAYLOAD "/seal 600",
	  .sentence = "cannot write '" PAYLOAD "/seal'" },
	{ .line = "enter mounts",
	  .sentence = "cannot enter the mount namespace of PID 1",
	  .failed = remove_payload },
	{ .line = "kexec load 1",
	  .sentence = "does not take '", .failed = remove_payload },
	{ .line = "kexec unload",
	  .is_insisted_on = true },
};
/* clang-format on */

enum { N_MOUNT_STAGE = 6 };

static const struct act *acts;
static size_t n_acts;
static int n_trials; /* loads that are undone at once */

static void choose(enum loader chosen)
{
	loader = chosen;
	acts = chosen == LOADER_FILE ? by_file : by_gathering;
	n_acts = chosen == LOADER_FILE ? array_size(by_file) : array_size(by_gathering);
	n_trials = chosen == LOADER_FILE ? 0 : 1;
}

/* A rule for the i-th act was made, not for those before it that have the same line. */
static void only_for(size_t i)
{
	int same = 0;

	for (size_t j = 0; j < i; j++)
		same += strcmp(acts[j].line, acts[i].line) == 0;
	fake_later(same);
}

static const char leave_cgroup[] = "write /sys/fs/cgroup/cgroup.procs 0\n";

static size_t done(char *log, size_t n)
{
	size_t used = 0;

	for (size_t i = 0; i < n; i++)
		used += (size_t)snprintf(log + used, LINE_BYTES, "%s\n", acts[i].line);
	return used;
}

static void undone(char *log, size_t n)
{
	if (n >= N_MOUNT_STAGE) /* a loader had its turn */
		log += snprintf(log, LINE_BYTES, "kexec unload\n");
	if (n >= 2) /* the stage, in a process of its own */
		log += snprintf(log, LINE_BYTES, "enter mounts\n");
	for (size_t i = n; i-- > 0;)
		if (acts[i].undo)
			log += snprintf(log, LINE_BYTES, "%s\n", acts[i].undo);
}

/* The first n acts succeeded, then these lines came, then all was undone. */
static void assert_log_undone(size_t n, const char *lines)
{
	char log[LINE_BYTES * (2 * array_size(by_gathering) + 8)];
	size_t used = done(log, n);

	used += (size_t)snprintf(log + used, 7 * LINE_BYTES, "%s", lines);
	undone(log + used, n);
	ck_assert_str_eq(fake_log(), log);
	assert_untouched();
}

START_TEST(seizes_after_everything_is_ready)
{
	char log[LINE_BYTES * (array_size(by_gathering) + 2)];
	size_t used;

	begin(CHOOSE_SEIZE);
	ck_assert_int_eq(run(), EXIT_DONE);
	ck_assert_int_eq(waiter_code, EXIT_TOO_LATE);
	used = done(log, n_acts);
	(void)snprintf(log + used, 2 * LINE_BYTES, "%sexec 1 /run/initramfs/init seize\n",
		       leave_cgroup);
	ck_assert_str_eq(fake_log(), log);
	assert_in(said,
		  loader == LOADER_FILE
			  ? "loaded Linux 6.1.0-56-amd64 (options) (loader: file)"
			  : "holds Linux 6.1.0-56-amd64 (options) (loader: gather)");
	assert_in(said, "takeover: seize");
	assert_in(kmsg(), "taking over (seize)");
}
END_TEST

START_TEST(undoes_what_was_done_whatever_fails)
{
	begin(CHOOSE_SEIZE);
	for (size_t i = 0; i < n_acts; i++) {
		char failure[7 * LINE_BYTES];

		if (acts[i].is_insisted_on)
			continue;
		fake_forget();
		fake_fail(acts[i].line, EPERM, 1);
		only_for(i);
		ck_assert_int_eq(run(), EXIT_UNCHANGED);
		ck_assert_int_eq(waiter_code, NO_WAITER);
		(void)snprintf(failure, sizeof(failure), "%s = EPERM\n%s", acts[i].line,
			       acts[i].failed ?: "");
		assert_log_undone(i, failure);
		assert_in(said, acts[i].sentence);
		assert_in(said, "nothing was changed");
	}
}
END_TEST

START_TEST(changes_nothing_where_the_machine_is_unfit)
{
	begin(CHOOSE_SEIZE);
	fake_file("1\n", "/proc/sys/kernel/kexec_load_disabled");
	ck_assert_int_eq(run(), EXIT_UNCHANGED);
	ck_assert_str_eq(fake_log(), "");
	assert_in(said, "nothing was changed");
}
END_TEST

START_TEST(changes_nothing_where_the_tree_is_none)
{
	begin(CHOOSE_SEIZE);
	fake_file("no kernel", "/result/bzImage");
	ck_assert_int_eq(run(), EXIT_UNCHANGED);
	ck_assert_str_eq(fake_log(), "");
}
END_TEST

START_TEST(leaves_a_directory_that_was_there)
{
	begin(CHOOSE_SEIZE);
	fake_directory("/run/initramfs");
	fake_fail("unpack", ENOSPC, 1);
	ck_assert_int_eq(run(), EXIT_UNCHANGED);
	ck_assert_int_eq(fake_count("rmdir"), 0);
	ck_assert_int_eq(fake_count("umount -l /run/initramfs"), 1);
}
END_TEST

START_TEST(undoes_everything_where_no_waiter_can_be_started)
{
	begin(CHOOSE_SEIZE);
	fake_then("write /sys/fs/cgroup", fake_fail_forks);
	ck_assert_int_eq(run(), EXIT_UNCHANGED);
	assert_log_undone(n_acts, leave_cgroup);
	assert_in(said, "cannot start the process that waits");
}
END_TEST

START_TEST(goes_on_in_a_cgroup_it_cannot_leave)
{
	begin(CHOOSE_SEIZE);
	fake_fail("write /sys/fs/cgroup", EBUSY, 1);
	ck_assert_int_eq(run(), EXIT_DONE);
	ck_assert_int_eq(waiter_code, EXIT_TOO_LATE);
	ck_assert_int_eq(fake_count("exec 1"), 1);
}
END_TEST

/* --- the delay --- */

START_TEST(undoes_everything_on_sigterm_during_the_delay)
{
	begin(CHOOSE_SEIZE);
	options.delay_s = 25;
	ck_assert_int_eq(start(), EXIT_DONE);
	ck_assert_int_eq(kill(waiter_pid(), SIGTERM), 0);
	wait_for_waiter();
	ck_assert_int_eq(waiter_code, EXIT_UNCHANGED);
	assert_log_undone(n_acts, leave_cgroup);
	assert_in(kmsg(), "cancelled before the takeover");
	assert_in(kmsg(), "nothing was changed");
}
END_TEST

/* A terminal that goes, a lost pipe, a debugger's stop: none of them is an order. */
START_TEST(is_not_disturbed_by_other_signals)
{
	static const int signals[] = {
		SIGHUP, SIGPIPE, SIGQUIT, SIGUSR1, SIGSTOP, SIGCONT
	};
	const uint64_t begun = clock_ms();
	pid_t waiter;

	begin(CHOOSE_SEIZE);
	options.delay_s = 1;
	ck_assert_int_eq(start(), EXIT_DONE);
	waiter = waiter_pid();
	for (size_t i = 0; i < array_size(signals); i++) {
		ck_assert_int_eq(kill(waiter, signals[i]), 0);
		clock_sleep_ms(50); /* a stop takes effect before its end comes */
	}
	wait_for_waiter();
	ck_assert_uint_ge(clock_ms() - begun, 1000);
	ck_assert_int_eq(waiter_code, EXIT_TOO_LATE);
	ck_assert_int_eq(fake_count("exec 1"), 1);
}
END_TEST

START_TEST(waits_for_the_whole_delay)
{
	const uint64_t begun = clock_ms();

	begin(CHOOSE_SEIZE);
	options.delay_s = 1;
	ck_assert_int_eq(run(), EXIT_DONE);
	ck_assert_uint_ge(clock_ms() - begun, 1000);
}
END_TEST

START_TEST(undoes_everything_on_ctrl_c_before_the_delay)
{
	sigset_t set;

	begin(CHOOSE_SEIZE);
	options.delay_s = 25;
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGINT);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	(void)raise(SIGINT); /* while it loads */
	ck_assert_int_eq(start(), EXIT_UNCHANGED);
	assert_log_undone(n_acts, "");
	assert_in(said, "interrupted");
	assert_in(said, "nothing was changed");
}
END_TEST

/* A process that is killed at work, by somebody who looks for memory. */
static void die(void)
{
	(void)kill(getpid(), SIGKILL);
}

START_TEST(undoes_what_was_done_whoever_is_killed)
{
	begin(CHOOSE_SEIZE);
	for (size_t i = 0; i < n_acts; i++) {
		if (acts[i].is_insisted_on)
			continue;
		fake_forget();
		fake_then(acts[i].line, die);
		only_for(i);
		ck_assert_int_eq(run(), EXIT_UNCHANGED);
		ck_assert_int_eq(waiter_code, NO_WAITER);
		assert_untouched();
		assert_in(said, "the process that did it was killed");
		assert_in(said, "nothing was changed");
	}
}
END_TEST

START_TEST(undoes_again_where_the_process_that_undoes_is_killed)
{
	begin(CHOOSE_SEIZE);
	fake_fail("execute", EACCES, 1);
	fake_then("umount", die);
	ck_assert_int_eq(run(), EXIT_UNCHANGED);
	ck_assert_int_eq(fake_count("umount"), 1);
	ck_assert_int_eq(fake_count("kexec unload"), 0);
	assert_untouched();
}
END_TEST

static void unload(void)
{
	fake_file("0\n", "/sys/kernel/kexec_loaded");
}

START_TEST(notices_that_the_target_was_unloaded)
{
	begin(CHOOSE_SEIZE);
	fake_then("write /sys/fs/cgroup", unload);
	ck_assert_int_eq(run(), EXIT_DONE);
	if (loader == LOADER_GATHER) { /* our init will load it */
		ck_assert_int_eq(waiter_code, EXIT_TOO_LATE);
		return;
	}
	ck_assert_int_eq(waiter_code, EXIT_UNCHANGED);
	assert_log_undone(n_acts, leave_cgroup);
	assert_in(kmsg(), "somebody unloaded the target");
}
END_TEST

static void shut_down(void)
{
	fake_file("systemd-shutdow\n", "/proc/1/comm");
}

START_TEST(leaves_a_machine_that_is_shutting_down)
{
	begin(CHOOSE_SEIZE);
	fake_then("write /sys/fs/cgroup", shut_down);
	ck_assert_int_eq(run(), EXIT_DONE);
	ck_assert_int_eq(waiter_code, EXIT_UNCHANGED);
	assert_log_undone(n_acts, leave_cgroup);
	assert_in(kmsg(), "the machine is shutting down already");
}
END_TEST

static void cover_stage(void)
{
	char ours[PATH_MAX], aside[PATH_MAX + 8];

	(void)snprintf(ours, sizeof(ours), "%s/run/initramfs", fake_root());
	(void)snprintf(aside, sizeof(aside), "%s.ours", ours);
	must(rename(ours, aside) == 0);
	fake_directory("/run/initramfs");
	machine_mount("/run/initramfs", "tmpfs", "dracut", "rw");
}

START_TEST(does_not_unmount_what_covers_the_stage)
{
	begin(CHOOSE_SEIZE);
	fake_then("write /sys/fs/cgroup", cover_stage);
	fake_fail("exec 1", EPERM, 1);
	ck_assert_int_eq(run(), EXIT_DONE);
	ck_assert_int_eq(waiter_code, EXIT_UNCHANGED);
	ck_assert_int_eq(fake_count("umount"), 0);
	ck_assert_int_eq(fake_count("rmdir"), 0);
	ck_assert_int_eq(fake_count("kexec unload"), n_trials + 1);
	assert_in(kmsg(), "'/run/initramfs' is covered by somebody else's mount");
	assert_in(kmsg(),
		  "not everything could be undone: 'pivot-kexec cancel' tries again");
}
END_TEST

/* --- the takeover --- */

static void lose_stage(void)
{
	fake_file("", "/proc/self/mountinfo");
}

START_TEST(says_what_undoes_where_cancel_cannot)
{
	begin(CHOOSE_SEIZE);
	fake_then("write /sys/fs/cgroup", lose_stage);
	fake_fail("exec 1", EPERM, 1);
	fake_fail("kexec unload", EPERM, 3);
	fake_later(n_trials);
	ck_assert_int_eq(run(), EXIT_DONE);
	ck_assert_int_eq(waiter_code, EXIT_UNCHANGED);
	assert_in(kmsg(),
		  "not everything could be undone: 'kexec -u' unloads the target");
}
END_TEST

START_TEST(undoes_everything_where_pid_1_cannot_be_seized)
{
	char lines[2 * LINE_BYTES];

	begin(CHOOSE_SEIZE);
	fake_fail("exec 1", EPERM, 1);
	ck_assert_int_eq(run(), EXIT_DONE);
	ck_assert_int_eq(waiter_code, EXIT_UNCHANGED);
	(void)snprintf(lines, sizeof(lines),
		       "%sexec 1 /run/initramfs/init seize = EPERM\n", leave_cgroup);
	assert_log_undone(n_acts, lines);
	assert_in(kmsg(), "cannot take PID 1 over");
}
END_TEST

static void wait_for_act(const char *beginning)
{
	for (int i = 0; i < 1000 && fake_count(beginning) == 0; i++)
		clock_sleep_ms(10);
	ck_assert_int_eq(fake_count(beginning), 1);
}

/* Nobody may stop it half way; the init, once it is PID 1, kills it. */
START_TEST(asks_systemd_and_stays_until_it_is_ended)
{
	begin(CHOOSE_AUTO);
	ck_assert_int_eq(start(), EXIT_DONE);
	assert_in(said, "takeover: systemd");
	ck_assert_int_eq(fake_count("can exec"), 0);
	wait_for_act("kill 1 RTMIN+6");
	clock_sleep_ms(100);
	ck_assert_int_eq(kill(waiter_pid(), SIGTERM), 0);
	clock_sleep_ms(100);
	ck_assert_int_eq(kill(waiter_pid(), SIGKILL), 0);
	wait_for_waiter();
	ck_assert_int_eq(waiter_code, 128 + SIGKILL);
	ck_assert_int_eq(fake_count("umount"), 0);
	ck_assert_int_eq(fake_count("kexec unload"), n_trials);
}
END_TEST

START_TEST(says_with_force_that_the_other_image_is_gone)
{
	begin(CHOOSE_SEIZE);
	options.force = true;
	fake_file("1\n", "/sys/kernel/kexec_loaded");
	fake_fail(acts[N_MOUNT_STAGE].line, EPERM, 1);
	only_for(N_MOUNT_STAGE);
	ck_assert_int_eq(run(), EXIT_UNCHANGED);
	ck_assert_int_eq(fake_count("kexec unload"), 1);
	assert_in(said, "an image that was loaded before is not loaded any more");
}
END_TEST

START_TEST(leaves_the_other_image_until_it_is_replaced)
{
	char *loaded;

	begin(CHOOSE_SEIZE);
	options.force = true;
	fake_file("1\n", "/sys/kernel/kexec_loaded");
	fake_fail("unpack", ENOSPC, 1);
	ck_assert_int_eq(run(), EXIT_UNCHANGED);
	ck_assert_int_eq(fake_count("kexec unload"), 0);
	assert_in(said, "pivot-kexec: nothing was changed");
	loaded = fake_text("/sys/kernel/kexec_loaded");
	ck_assert_str_eq(loaded, "1\n");
	free(loaded);
}
END_TEST

START_TEST(says_nothing_of_an_image_that_was_not_there)
{
	begin(CHOOSE_SEIZE);
	options.force = true;
	fake_fail("unpack", ENOSPC, 1);
	ck_assert_int_eq(run(), EXIT_UNCHANGED);
	ck_assert_ptr_null(strstr(said, "loaded before"));
}
END_TEST

/* As a daemon's children inherit it: nobody would be told of the end of a step. */
START_TEST(waits_for_its_steps_whatever_it_inherited)
{
	begin(CHOOSE_SEIZE);
	(void)signal(SIGCHLD, SIG_IGN);
	fake_fail("unpack", ENOSPC, 1);
	ck_assert_int_eq(run(), EXIT_UNCHANGED);
	assert_in(said, "nothing was changed");
	assert_untouched();
}
END_TEST

/* The command line that the target was, or will be, loaded with. */
static void assert_command_line(const char *expected)
{
	char *held = fake_text(PAYLOAD "/command-line");
	char line[2048];

	(void)snprintf(line, sizeof(line), "kexec file load without initrd '%s'\n",
		       expected);
	if (loader == LOADER_FILE)
		ck_assert_msg(strstr(fake_log(), line), "%s", fake_log());
	else
		ck_assert_str_eq(held, expected);
	free(held);
}

static void assert_loads_with(const char *given, const char *expected)
{
	begin(CHOOSE_SEIZE);
	options.has_no_panic_timeout = false;
	options.tree_options.command_line = given;
	ck_assert_int_eq(run(), EXIT_DONE);
	assert_command_line(expected);
}

START_TEST(gives_a_target_that_panics_a_way_home)
{
	assert_loads_with("init=/init -- a", "panic=30 init=/init -- a");
	assert_in(said, "panic=30");
}
END_TEST

START_TEST(leaves_what_the_tree_says_about_panics)
{
	assert_loads_with("init=/init panic=0", "init=/init panic=0");
	ck_assert_ptr_null(strstr(said, "panic=30"));
}
END_TEST

START_TEST(takes_no_other_word_for_it)
{
	assert_loads_with("boot.panic=1 xpanic=2", "panic=30 boot.panic=1 xpanic=2");
}
END_TEST

static void run_with(const char *command_line)
{
	begin(CHOOSE_SEIZE);
	options.has_no_panic_timeout = false;
	options.tree_options.command_line = command_line;
	ck_assert_int_eq(run(), EXIT_DONE);
}

/* The kernel of these tests takes 1761 bytes; nine of them would be ours. */
START_TEST(leaves_out_the_word_about_panics_where_it_does_not_fit)
{
	char line[1754] = "init=/init ";

	memset(line + strlen(line), 'x', 1752 - strlen(line));
	run_with(line);
	assert_in(said, "note: put before the command line: panic=30");
	line[1752] = 'x';
	run_with(line);
	assert_in(said, "note: not put before the command line: panic=30");
	assert_command_line(line);
}
END_TEST

/* --- time --- */

static void run_with_megaraid(unsigned int deadline_s)
{
	begin(CHOOSE_SEIZE);
	machine_pci(.address = "0000:00:03.0", .class = 0x010400,
		    .driver = "megaraid_sas");
	options.handover.deadline_ms = deadline_s * 1000;
	ck_assert_int_eq(run(), EXIT_DONE);
}

START_TEST(warns_where_one_driver_may_take_all_the_time_there_is)
{
	run_with_megaraid(180);
	assert_in(said, "0000:00:03.0 (megaraid_sas) may take 185 s to let go, and "
			"--deadline gives 180 s for everything");
	assert_in(said, "as --deadline=400\n");
	run_with_megaraid(400);
	ck_assert_ptr_null(strstr(said, "--deadline"));
}
END_TEST

/* --- memory --- */

static void memory_kb(unsigned int total, unsigned int free, unsigned int available)
{
	char text[256];

	(void)snprintf(text, sizeof(text),
		       "MemTotal: %u kB\nMemFree: %u kB\nMemAvailable: %u kB\n", total,
		       free, available);
	fake_file(text, "/proc/meminfo");
}

START_TEST(drops_caches_where_little_is_free)
{
	begin(CHOOSE_SEIZE);
	fake_file("0\n", "/proc/sys/vm/drop_caches");
	ck_assert_int_eq(run(), EXIT_DONE);
	ck_assert_int_eq(fake_count("write /proc/sys/vm/drop_caches"), 0);
	begin(CHOOSE_SEIZE);
	fake_file("0\n", "/proc/sys/vm/drop_caches");
	memory_kb(4000000, 1000, 3000000);
	ck_assert_int_eq(run(), EXIT_DONE);
	ck_assert_int_eq(fake_count("write /proc/sys/vm/drop_caches 1"), 1);
}
END_TEST

/* The stage and the load want about 20 MiB. */
static void begin_with_crash_kernel(void)
{
	begin(CHOOSE_SEIZE);
	fake_file("67108864\n", "/sys/kernel/kexec_crash_size");
	memory_kb(4000000, 3000000, 10000);
}

START_TEST(gives_a_crash_kernel_up_where_its_memory_is_needed)
{
	begin_with_crash_kernel();
	ck_assert_int_eq(run(), EXIT_DONE);
	assert_in(fake_log(), "can exec 1\nkexec unload crash\n"
			      "write /sys/kernel/kexec_crash_size 0\nenter mounts\n");
	assert_in(said, "there will be no crash dump");
	begin_with_crash_kernel();
	memory_kb(4000000, 3000000, 3000000);
	ck_assert_int_eq(run(), EXIT_DONE);
	ck_assert_int_eq(fake_count("kexec unload crash"), 0);
	ck_assert_ptr_null(strstr(said, "crash"));
}
END_TEST

START_TEST(says_that_there_is_no_crash_kernel_any_more)
{
	static const char sentence[] = "nothing else was changed, but there is no crash "
				       "kernel any more, until the next boot";

	begin_with_crash_kernel();
	fake_fail("unpack", ENOSPC, 1);
	ck_assert_int_eq(run(), EXIT_UNCHANGED);
	assert_in(said, sentence);
	begin_with_crash_kernel();
	fake_fail("write /sys/kernel/kexec_crash_size", EBUSY, 1);
	fake_fail("unpack", ENOSPC, 1);
	ck_assert_int_eq(run(), EXIT_UNCHANGED);
	assert_in(said, "cannot give the crash kernel's memory back");
	assert_in(said, sentence);
	begin_with_crash_kernel();
	fake_fail("kexec unload crash", EPERM, 1);
	fake_fail("unpack", ENOSPC, 1);
	ck_assert_int_eq(run(), EXIT_UNCHANGED);
	ck_assert_int_eq(fake_count("write /sys/kernel/kexec_crash_size"), 0);
	assert_in(said, "pivot-kexec: nothing was changed");
}
END_TEST

START_TEST(says_all_that_cannot_be_undone)
{
	begin_with_crash_kernel();
	options.force = true;
	fake_file("1\n", "/sys/kernel/kexec_loaded");
	fake_fail(acts[N_MOUNT_STAGE].line, EPERM, 1);
	only_for(N_MOUNT_STAGE);
	ck_assert_int_eq(run(), EXIT_UNCHANGED);
	assert_in(said,
		  "nothing else was changed, but an image that was loaded before is "
		  "not loaded any more, and there is no crash kernel any more, until "
		  "the next boot");
}
END_TEST

static const char *initrds[1];

static void give_initrd(const char *path)
{
	initrds[0] = path;
	options.tree_options.initrds = initrds;
	options.tree_options.n_initrds = 1;
}

/* An initrd that is as large as half of the memory. */
static void begin_in_little_memory(const char *command_line)
{
	static const char zeros[60 * 1024];
	static char path[PATH_MAX];

	begin(CHOOSE_SEIZE);
	fake_bytes(zeros, sizeof(zeros), "/result/initrd");
	(void)snprintf(path, sizeof(path), "%s/result/initrd", fake_root());
	give_initrd(path);
	memory_kb(120, 3000000, 3000000);
	options.loader = LOADER_GATHER; /* more than half may be loaded */
	options.tree_options.command_line = command_line;
}

static void assert_holds_command_line(const char *expected)
{
	char *held = fake_text(PAYLOAD "/command-line");

	ck_assert_str_eq(held, expected);
	free(held);
}

START_TEST(tunes_a_target_that_will_be_short_of_memory)
{
	begin_in_little_memory("init=/init -- an argument");
	ck_assert_int_eq(run(), EXIT_DONE);
	assert_holds_command_line("rootfstype=ramfs init=/init -- an argument");
	assert_in(said, "note: put before the command line: rootfstype=ramfs");
	ck_assert_ptr_null(strstr(said, "may become"));
}
END_TEST

START_TEST(does_not_tune_what_says_itself_what_its_root_is)
{
	static const char *const lines[] = { "root=fstab", "rootfstype=tmpfs" };

	for (size_t i = 0; i < array_size(lines); i++) {
		begin_in_little_memory(lines[i]);
		ck_assert_int_eq(run(), EXIT_DONE);
		assert_holds_command_line(lines[i]);
	}
	begin_in_little_memory("init=/init");
	options.has_no_tune = true;
	ck_assert_int_eq(run(), EXIT_DONE);
	assert_holds_command_line("init=/init");
	ck_assert_ptr_null(strstr(said, "note: put before"));
}
END_TEST

/* 1761 bytes at most, of which 17 would be ours. */
START_TEST(does_not_tune_where_the_word_does_not_fit)
{
	char line[1761];

	memset(line, 'x', sizeof(line));
	line[1744] = '\0';
	begin_in_little_memory(line);
	ck_assert_int_eq(run(), EXIT_DONE);
	assert_in(said, "note: put before");
	line[1744] = 'x';
	line[1745] = '\0';
	begin_in_little_memory(line);
	ck_assert_int_eq(run(), EXIT_DONE);
	assert_holds_command_line(line);
	ck_assert_ptr_null(strstr(said, "note: put before"));
}
END_TEST

/* --- an initrd that is in memory already --- */

/* What it is called by, and its descriptor. */
static int begin_with_initrd_in_memory(void)
{
	static const char zeros[4096];
	static char path[64];
	int writable = memfd_create("initrd", MFD_CLOEXEC), fd;

	begin(CHOOSE_SEIZE);
	ck_assert_int_eq(write(writable, zeros, sizeof(zeros)), sizeof(zeros));
	ck_assert_int_eq(fchmod(writable, 0600), 0);
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", writable);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	(void)close(writable);
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	give_initrd(path);
	return fd;
}

START_TEST(leaves_a_link_to_an_initrd_that_stays_where_it_is)
{
	char full[PATH_MAX], target[64] = "", holder[64];

	const uint64_t end = clock_ms() + 10000;

	(void)begin_with_initrd_in_memory();
	ck_assert_int_eq(start(), EXIT_DONE);
	while (fake_count("exec 1") == 0 && clock_ms() < end)
		clock_sleep_ms(10);
	if (loader == LOADER_GATHER) /* it holds the initrd until our init ends it */
		ck_assert_int_eq(kill(waiter_pid(), SIGTERM), 0);
	wait_for_waiter();
	ck_assert_int_eq(fake_count("copy " PAYLOAD "/initrd"), 0);
	ck_assert_int_eq(fake_count("symlink " PAYLOAD "/initrd"), n_trials);
	if (loader != LOADER_GATHER)
		return;
	(void)snprintf(full, sizeof(full), "%s" PAYLOAD "/initrd", fake_root());
	ck_assert_int_gt(readlink(full, target, sizeof(target) - 1), 0);
	(void)snprintf(holder, sizeof(holder), "/proc/%d/fd/", waiter_pid());
	ck_assert_ptr_eq(strstr(target, holder), target);
}
END_TEST

START_TEST(undoes_everything_where_it_cannot_be_linked)
{
	(void)begin_with_initrd_in_memory();
	options.loader = LOADER_GATHER;
	fake_fail("symlink", ENOSPC, 1);
	ck_assert_int_eq(run(), EXIT_DONE);
	ck_assert_int_eq(waiter_code, EXIT_UNCHANGED);
	assert_untouched();
	assert_in(kmsg(), "cannot link '/run/initramfs/payload/initrd'");
	ck_assert_ptr_null(strstr(kmsg(), "somebody unloaded"));
}
END_TEST

START_TEST(links_nothing_where_another_loader_has_loaded_it)
{
	(void)begin_with_initrd_in_memory();
	options.loader = LOADER_AUTO;
	fake_fail("kexec load", EPERM, 2);
	ck_assert_int_eq(run(), EXIT_DONE);
	ck_assert_int_eq(waiter_code, EXIT_TOO_LATE);
	ck_assert_int_eq(fake_count("kexec file load"), 1);
	ck_assert_int_eq(fake_count("symlink"), 0);
	assert_in(said, "loader: file");
}
END_TEST

/* --- in two stages --- */

#define MIDDLE "/boot/vmlinuz-6.1.0-56-amd64"

/* The running kernel is found; it has no modules. */
static void begin_in_two_stages(void)
{
	uint8_t image[BZIMAGE_SETUP_BYTES + 4096] = { 0 };

	begin(CHOOSE_SEIZE);
	fake_file("6.1.0-56-amd64\n", "/proc/sys/kernel/osrelease");
	fake_file("BOOT_IMAGE=" MIDDLE " root=/dev/vda1 quiet console=ttyS0 pci=nomsi\n",
		  "/proc/cmdline");
	fake_bzimage(image, sizeof(image));
	fake_bytes(image, sizeof(image), MIDDLE);
	fake_file("the initrd", "/result/initrd");
	options.stages = STAGES_TWO;
}

/* The waiter holds the initrd until our init ends it. */
static int run_until_taken_over(void)
{
	const uint64_t end = clock_ms() + 10000;
	int r = start();

	while (r == EXIT_DONE && fake_count("exec 1") == 0 && clock_ms() < end)
		clock_sleep_ms(10);
	return r;
}

static void end_waiter(void)
{
	ck_assert_int_eq(kill(waiter_pid(), SIGTERM), 0);
	wait_for_waiter();
}

/* The middle kernel is the one that is held, as any target is. */
START_TEST(goes_by_way_of_the_kernel_that_runs)
{
	begin_in_two_stages();
	ck_assert_int_eq(run_until_taken_over(), EXIT_DONE);
	ck_assert_str_eq(fake_log(), "can exec 1\n"
				     "enter mounts\n"
				     "mkdir /run/initramfs 755\n"
				     "mount tmpfs /run/initramfs\n"
				     "unpack /run/initramfs\n"
				     "execute /run/initramfs/init probe\n"
				     "enter mounts\n"
				     "copy " PAYLOAD "/setup\n"
				     "copy " PAYLOAD "/kernel\n"
				     "create " PAYLOAD "/command-line 600\n"
				     "create " PAYLOAD "/seal 600\n"
				     "enter mounts\n"
				     "kexec load 1\n"
				     "kexec unload\n"
				     "write /sys/fs/cgroup/cgroup.procs 0\n"
				     "enter mounts\n"
				     "symlink " PAYLOAD "/initrd\n"
				     "exec 1 /run/initramfs/init seize\n");
	end_waiter();
	assert_in(said, "note: in two stages, by way of '" MIDDLE "'");
	assert_in(said,
		  "holds Linux 6.1.0-56-amd64 (the middle kernel) (loader: gather)");
	assert_holds_command_line("console=ttyS0 panic=10 retain_initrd pci=nomsi");
}
END_TEST

static uint64_t size_of(const char *path)
{
	char full[PATH_MAX];
	struct stat st;

	(void)snprintf(full, sizeof(full), "%s%s", fake_root(), path);
	ck_assert_int_eq(stat(full, &st), 0);
	return (uint64_t)st.st_size;
}

/* Of the target or the middle kernel, in that process. */
static int count_open_kernels(pid_t pid)
{
	char folder[64], target[PATH_MAX];
	struct dir dir;
	int n = 0;

	(void)snprintf(folder, sizeof(folder), "/proc/%d/fd", pid);
	dir_for_each (&dir, name, "", folder)
		if (read_link(target, sizeof(target), "", "%s/%s", folder, name) == 0)
			n += strstr(target, "/bzImage") || strstr(target, "/vmlinuz");
	return n;
}

START_TEST(leaves_the_middle_kernels_initrd_with_the_waiter_alone)
{
	char target[PATH_MAX], holder[64], head[6] = "";
	int fd;

	begin_in_two_stages();
	ck_assert_int_eq(run_until_taken_over(), EXIT_DONE);
	ck_assert_int_eq(
		read_link(target, sizeof(target), fake_root(), PAYLOAD "/initrd"), 0);
	(void)snprintf(holder, sizeof(holder), "/proc/%d/fd/", waiter_pid());
	ck_assert_ptr_eq(strstr(target, holder), target);
	/* the target is in it, with room behind */
	ck_assert_uint_gt(size_of(PAYLOAD "/initrd"), (1 << 20) + 4096);
	fd = open(target, O_RDONLY | O_CLOEXEC);
	ck_assert_int_eq(pread(fd, head, sizeof(head), 0), sizeof(head));
	ck_assert_mem_eq(head, "070701", 6);
	(void)close(fd);
	/* an open file would hold its filesystem */
	ck_assert_int_eq(count_open_kernels(waiter_pid()), 0);
	end_waiter();
}
END_TEST

START_TEST(undoes_everything_where_the_initrd_cannot_be_linked)
{
	begin_in_two_stages();
	fake_fail("symlink", ENOSPC, 1);
	ck_assert_int_eq(run(), EXIT_DONE);
	ck_assert_int_eq(waiter_code, EXIT_UNCHANGED);
	assert_untouched();
}
END_TEST

static void shorten_the_tree(void)
{
	ck_assert_int_eq(truncate(kernel, BZIMAGE_SETUP_BYTES + 100), 0);
}

START_TEST(changes_nothing_where_the_initrd_cannot_be_made)
{
	begin_in_two_stages();
	fake_then("can exec 1", shorten_the_tree);
	ck_assert_int_eq(run(), EXIT_UNCHANGED);
	ck_assert_str_eq(fake_log(), "can exec 1\n");
	assert_untouched();
	assert_in(said, "has become shorter");
	assert_in(said, "pivot-kexec: nothing was changed");
	ck_assert_int_eq(waiter_code, NO_WAITER);
}
END_TEST

START_TEST(changes_nothing_where_there_is_no_middle_kernel)
{
	begin_in_two_stages();
	fake_remove("/boot");
	ck_assert_int_eq(run(), EXIT_UNCHANGED);
	ck_assert_str_eq(fake_log(), "");
	assert_in(said, "neither /boot/vmlinuz-6.1.0-56-amd64, ");
	assert_in(said, "give its file with --middle-kernel");
	ck_assert_ptr_null(strstr(said, "by way of"));
	ck_assert_ptr_null(strstr(said, "null"));
}
END_TEST

/* The only loader that the middle kernel can go on by, and one here that it cannot. */
START_TEST(changes_nothing_where_kexec_load_is_not_to_be_had)
{
	begin_in_two_stages();
	options.loader = LOADER_FILE;
	ck_assert_int_eq(run(), EXIT_UNCHANGED);
	ck_assert_str_eq(fake_log(), "");
	assert_in(said, "use --stages=1");
}
END_TEST

START_TEST(loads_a_copy_where_that_is_asked_for)
{
	begin_in_two_stages();
	options.loader = LOADER_LOAD;
	ck_assert_int_eq(run(), EXIT_DONE);
	ck_assert_int_eq(waiter_code, EXIT_TOO_LATE);
	ck_assert_int_eq(fake_count("kexec load 3\n"), 1);
	ck_assert_int_eq(fake_count("symlink"), 0);
	ck_assert(!fake_exists(PAYLOAD "/seal"));
	assert_in(said, "loaded Linux 6.1.0-56-amd64 (the middle kernel)");
}
END_TEST

static void begin_with_a_rule(void)
{
	begin_in_two_stages();
	machine_pci(.address = "0000:00:03.0", .class = 0x020000, .driver = "e1000",
		    .is_bus_master = true);
	ck_assert_int_eq(rules_add(&options.handover.rules, "driver:e1000=two-stage"), 0);
}

START_TEST(takes_two_stages_where_the_hardware_asks_for_them)
{
	begin_with_a_rule();
	options.stages = STAGES_AUTO;
	ck_assert_int_eq(run_until_taken_over(), EXIT_DONE);
	end_waiter();
	assert_in(said, "(the middle kernel)");
	assert_in(said, "note: two stages because of 0000:00:03.0");
}
END_TEST

START_TEST(takes_one_stage_for_who_says_so)
{
	begin_with_a_rule();
	options.stages = STAGES_ONE;
	ck_assert_int_eq(run(), EXIT_DONE);
	ck_assert_int_eq(waiter_code, EXIT_TOO_LATE);
	assert_in(said, "holds Linux 6.1.0-56-amd64 (options)");
	ck_assert_ptr_null(strstr(said, "two stages"));
	begin_in_two_stages();
	options.stages = STAGES_AUTO; /* and where nothing asks for two */
	ck_assert_int_eq(run(), EXIT_DONE);
	assert_in(said, "holds Linux 6.1.0-56-amd64 (options)");
}
END_TEST

START_TEST(does_not_blame_the_hardware_for_what_the_user_wants)
{
	begin_with_a_rule();
	ck_assert_int_eq(run_until_taken_over(), EXIT_DONE);
	end_waiter();
	ck_assert_ptr_null(strstr(said, "two stages because"));
}
END_TEST

START_TEST(goes_by_way_of_the_targets_own_kernel)
{
	begin_in_two_stages();
	fake_remove("/boot");
	options.has_target_in_middle = true;
	ck_assert_int_eq(run_until_taken_over(), EXIT_DONE);
	end_waiter();
	assert_in(said, "by way of '");
	assert_in(said, "result/bzImage'");
	assert_in(said, "for the middle kernel there are no modules");
	ck_assert_uint_eq(size_of(PAYLOAD "/kernel"), 8192);
	assert_holds_command_line("console=ttyS0 panic=10 retain_initrd pci=nomsi");
}
END_TEST

/* --- cancelling --- */

static int cancel(void)
{
	int r;

	options.tree_options.kernel = NULL;
	output_catch();
	r = verb_cancel(&options);
	said = output_caught();
	return r;
}

START_TEST(cancels_a_jump_that_waits)
{
	begin(CHOOSE_SEIZE);
	machine_process(.pid = 310, .name = "pivot-kexec",
			.command = "pivot-kexec check");
	machine_process(.pid = 348, .name = "pivot-kexec", .command = "@ivot-kexec");
	ck_assert_int_eq(cancel(), EXIT_DONE);
	ck_assert_ptr_eq(strstr(fake_log(), "kill 348 TERM\n"), fake_log());
	assert_in(said, "cancelled: nothing was changed");
}
END_TEST

START_TEST(says_what_a_cancel_cannot_do)
{
	begin(CHOOSE_SEIZE);
	machine_process(.pid = 310, .name = "mdmon", .command = "@mdmon");
	ck_assert_int_eq(cancel(), EXIT_UNCHANGED);
	ck_assert_str_eq(fake_log(), "");
	assert_in(said, "no jump waits");
	machine_process(.pid = 348, .name = "pivot-kexec", .command = "@ivot-kexec");
	fake_fail("kill 348", EPERM, 1);
	ck_assert_int_eq(cancel(), EXIT_UNCHANGED);
	assert_in(said, "this needs root");
	fake_ignore("kill 348", 1);
	fake_file("1\n", "/sys/kernel/kexec_loaded");
	ck_assert_int_eq(cancel(), EXIT_TOO_LATE);
	assert_in(said, "the takeover has begun");
}
END_TEST

START_TEST(undoes_what_a_killed_waiter_left)
{
	begin(CHOOSE_SEIZE);
	options.delay_s = 600;
	ck_assert_int_eq(start(), EXIT_DONE);
	ck_assert_int_eq(kill(waiter_pid(), SIGKILL), 0);
	wait_for_waiter();
	ck_assert_int_eq(cancel(), EXIT_DONE);
	assert_in(said, "what a killed pivot-kexec left is undone");
	ck_assert_int_eq(fake_count("umount -l /run/initramfs"), 1);
	ck_assert_int_eq(fake_count("kexec unload"), n_trials + 1);
}
END_TEST

/* Which loader it is shows in the name of the suite. */
#define TESTS                                                                       \
	seizes_after_everything_is_ready, undoes_what_was_done_whatever_fails,      \
		changes_nothing_where_the_machine_is_unfit,                         \
		changes_nothing_where_the_tree_is_none,                             \
		leaves_a_directory_that_was_there,                                  \
		undoes_everything_where_no_waiter_can_be_started,                   \
		goes_on_in_a_cgroup_it_cannot_leave,                                \
		undoes_everything_on_sigterm_during_the_delay,                      \
		is_not_disturbed_by_other_signals, waits_for_the_whole_delay,       \
		undoes_everything_on_ctrl_c_before_the_delay,                       \
		undoes_what_was_done_whoever_is_killed,                             \
		undoes_again_where_the_process_that_undoes_is_killed,               \
		notices_that_the_target_was_unloaded,                               \
		leaves_a_machine_that_is_shutting_down,                             \
		does_not_unmount_what_covers_the_stage,                             \
		says_what_undoes_where_cancel_cannot,                               \
		undoes_everything_where_pid_1_cannot_be_seized,                     \
		asks_systemd_and_stays_until_it_is_ended,                           \
		says_with_force_that_the_other_image_is_gone,                       \
		leaves_the_other_image_until_it_is_replaced,                        \
		says_nothing_of_an_image_that_was_not_there,                        \
		waits_for_its_steps_whatever_it_inherited,                          \
		gives_a_target_that_panics_a_way_home,                              \
		leaves_what_the_tree_says_about_panics, takes_no_other_word_for_it, \
		leaves_out_the_word_about_panics_where_it_does_not_fit,             \
		warns_where_one_driver_may_take_all_the_time_there_is,              \
		drops_caches_where_little_is_free,                                  \
		gives_a_crash_kernel_up_where_its_memory_is_needed,                 \
		says_that_there_is_no_crash_kernel_any_more,                        \
		says_all_that_cannot_be_undone,                                     \
		tunes_a_target_that_will_be_short_of_memory,                        \
		does_not_tune_what_says_itself_what_its_root_is,                    \
		does_not_tune_where_the_word_does_not_fit,                          \
		leaves_a_link_to_an_initrd_that_stays_where_it_is,                  \
		undoes_everything_where_it_cannot_be_linked,                        \
		links_nothing_where_another_loader_has_loaded_it,                   \
		cancels_a_jump_that_waits, says_what_a_cancel_cannot_do,            \
		undoes_what_a_killed_waiter_left

#define TWO_STAGE_TESTS                                                 \
	goes_by_way_of_the_kernel_that_runs,                            \
		leaves_the_middle_kernels_initrd_with_the_waiter_alone, \
		undoes_everything_where_the_initrd_cannot_be_linked,    \
		changes_nothing_where_the_initrd_cannot_be_made,        \
		changes_nothing_where_there_is_no_middle_kernel,        \
		changes_nothing_where_kexec_load_is_not_to_be_had,      \
		loads_a_copy_where_that_is_asked_for,                   \
		takes_two_stages_where_the_hardware_asks_for_them,      \
		takes_one_stage_for_who_says_so,                        \
		does_not_blame_the_hardware_for_what_the_user_wants,    \
		goes_by_way_of_the_targets_own_kernel

int main(void)
{
	int r;

	choose(LOADER_FILE);
	r = UNIT_RUN("run by kexec_file_load", TESTS);
	choose(LOADER_GATHER);
	r |= UNIT_RUN("run by gathering", TESTS);
	return UNIT_RUN("run in two stages", TWO_STAGE_TESTS) | r;
}
