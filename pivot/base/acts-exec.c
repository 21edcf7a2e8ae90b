// SPDX-License-Identifier: GPL-2.0-or-later

/*
 * Programs: act_make_exec(), the one act that needs to know the processor, and
 * act_execute(). Their own file, because the init has no use for them.
 */

#include "acts.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	ARGS_MAX = 8,
	STOP_TIMEOUT_MS = 5000,
	STACK_GAP = 4096, /* below the red zone and whatever a signal handler left */
};

/* What lies on the other process' stack: vectors first, the strings behind them. */
struct exec_block {
	uint64_t argv[ARGS_MAX + 1];
	uint64_t envp[1];
	char strings[PATH_MAX];
};

static int wait_stopped(pid_t pid, int *status)
{
	const struct timespec tick = { .tv_nsec = 2000000 };

	for (int waited_ms = 0; waited_ms < STOP_TIMEOUT_MS; waited_ms += 2) {
		pid_t r = waitpid(pid, status, __WALL | WNOHANG);

		if (r < 0)
			return -errno;
		if (r == pid)
			return WIFSTOPPED(*status) ? 0 : -ESRCH;
		(void)nanosleep(&tick, NULL); /* waking early only looks again sooner */
	}
	return -ETIMEDOUT;
}

static int put_string(struct exec_block *block, size_t *used, const char *text,
		      uint64_t base, uint64_t *ret)
{
	size_t n = strlen(text) + 1;

	if (n > sizeof(block->strings) - *used)
		return -E2BIG;
	memcpy(block->strings + *used, text, n);
	*ret = base + offsetof(struct exec_block, strings) + *used;
	*used += n;
	return 0;
}

static int fill_block(struct exec_block *block, uint64_t base, const char *path,
		      const char *const argv[], uint64_t *ret_path)
{
	size_t used = 0, i;
	int r;

	*block = (struct exec_block){ 0 };
	r = put_string(block, &used, path, base, ret_path);
	for (i = 0; r == 0 && argv[i]; i++)
		r = i < ARGS_MAX
			    ? put_string(block, &used, argv[i], base, &block->argv[i])
			    : -E2BIG;
	return r;
}

static int write_memory(pid_t pid, uint64_t to, const void *data, size_t n)
{
	struct iovec local = { .iov_base = (void *)(uintptr_t)data, .iov_len = n };
	struct iovec remote = { .iov_base = (void *)(uintptr_t)to, .iov_len = n };

	/* the stack grows on a fault of its owner, not on ours: it must be mapped already
	 */
	ssize_t r = process_vm_writev(pid, &local, 1, &remote, 1, 0);

	if (r < 0)
		return -errno;
	return (size_t)r == n ? 0 : -EFAULT;
}

#if defined(__x86_64__)

/* syscall; int3: a call that succeeds never comes to the trap. */
static const uint64_t code_mask = 0xffffff, code = 0xcc050f;

static bool is_native(const struct user_regs_struct *regs)
{
	return regs->cs == 0x33; /* __USER_CS; 0x23 would be 32-bit code */
}

static void call_execve(struct user_regs_struct *regs, uint64_t path, uint64_t argv,
			uint64_t envp)
{
	regs->rax = SYS_execve;
	regs->rdi = path;
	regs->rsi = argv;
	regs->rdx = envp;
	/* the system call it was stopped in must not be restarted into ours */
	regs->orig_rax = UINT64_MAX;
}

#else
#error "act_make_exec() knows x86-64 only"
#endif

/*
 * Runs until execve(2) has replaced the program: 0; or has failed: its errno. Waits
 * without a deadline of its own: half of an execve cannot be taken back.
 */
static int run_to_exec(pid_t pid)
{
	struct user_regs_struct regs;
	int status;

	do {
		pid_t r;

		if (ptrace(PTRACE_CONT, pid, 0, 0) < 0)
			return -errno;
		while ((r = waitpid(pid, &status, __WALL)) < 0 && errno == EINTR)
			;
		if (r < 0)
			return -errno;
		if (!WIFSTOPPED(status))
			return -ESRCH;
		if (status >> 8 == (SIGTRAP | PTRACE_EVENT_EXEC << 8))
			return 0;
		/* a signal on its way is swallowed: the new program starts without it */
	} while (status >> 8 != SIGTRAP);
	if (ptrace(PTRACE_GETREGS, pid, 0, &regs) < 0)
		return -errno;
	return (int64_t)regs.rax < 0 ? (int)regs.rax : -EFAULT;
}

static int exec_stopped(pid_t pid, const char *path, const char *const argv[])
{
	struct user_regs_struct saved, regs;
	struct exec_block block;
	uint64_t base, path_at;
	long text;
	int r;

	if (ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACEEXEC) < 0 ||
	    ptrace(PTRACE_GETREGS, pid, 0, &saved) < 0)
		return -errno;
	if (!is_native(&saved))
		return -ENOEXEC;
	base = (saved.rsp - STACK_GAP - sizeof(block)) & ~15ULL;
	r = fill_block(&block, base, path, argv, &path_at);
	if (r == 0)
		r = write_memory(pid, base, &block, sizeof(block));
	if (r < 0)
		return r;
	errno = 0;
	text = ptrace(PTRACE_PEEKTEXT, pid, saved.rip, 0);
	if (errno)
		return -errno;
	/* POKETEXT writes a private copy of the page, read-only text included */
	if (ptrace(PTRACE_POKETEXT, pid, saved.rip,
		   (text & ~(long)code_mask) | (long)code) < 0)
		return -errno;
	regs = saved;
	call_execve(&regs, path_at, base + offsetof(struct exec_block, argv),
		    base + offsetof(struct exec_block, envp));
	r = ptrace(PTRACE_SETREGS, pid, 0, &regs) < 0 ? -errno : run_to_exec(pid);
	if (r < 0) { /* as it was; a restored orig_rax restarts the interrupted call */
		(void)ptrace(PTRACE_POKETEXT, pid, saved.rip, text);
		(void)ptrace(PTRACE_SETREGS, pid, 0, &saved);
	}
	return r;
}

/* From then on the process is stopped and ours. */
static int attach(pid_t pid)
{
	int status, r;

	if (ptrace(PTRACE_SEIZE, pid, 0, 0) < 0)
		return -errno;
	r = ptrace(PTRACE_INTERRUPT, pid, 0, 0) < 0 ? -errno : wait_stopped(pid, &status);
	if (r < 0)
		(void)ptrace(PTRACE_DETACH, pid, 0, 0); /* our end detaches it anyway */
	return r;
}

int act_make_exec(pid_t pid, const char *path, const char *const argv[])
{
	int r = attach(pid);

	if (r < 0)
		return r;
	r = exec_stopped(pid, path, argv);
	(void)ptrace(PTRACE_DETACH, pid, 0, 0); /* our end detaches it anyway */
	return r;
}

int act_can_make_exec(pid_t pid)
{
	struct user_regs_struct regs;
	int r = attach(pid);

	if (r < 0)
		return r;
	if (ptrace(PTRACE_GETREGS, pid, 0, &regs) < 0)
		r = -errno;
	else if (!is_native(&regs))
		r = -ENOEXEC;
	(void)ptrace(PTRACE_DETACH, pid, 0, 0); /* our end detaches it anyway */
	return r;
}

/* With its output going into a pipe, which has no other writer then. */
static int spawn(const char *path, const char *const argv[], int output, pid_t *ret)
{
	posix_spawn_file_actions_t actions;
	int r = posix_spawn_file_actions_init(&actions);

	if (r != 0)
		return -r;
	r = posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
	if (r == 0)
		r = posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO);
	if (r == 0)
		r = posix_spawn(ret, path, &actions, NULL, (char *const *)argv, environ);
	(void)posix_spawn_file_actions_destroy(&actions);
	return -r;
}

/* To its end, however much of it there is no room for. */
static void read_output(int fd, char *text, size_t size)
{
	char rest[256];
	size_t used = 0;
	ssize_t n;

	do {
		const bool is_full = used + 1 >= size;

		n = is_full ? read(fd, rest, sizeof(rest))
			    : read(fd, text + used, size - 1 - used);
		if (n > 0 && !is_full)
			used += (size_t)n;
	} while (n > 0 || (n < 0 && errno == EINTR));
	text[used] = '\0';
}

int act_execute(const char *path, const char *const argv[], char *said, size_t size)
{
	int ends[2], status, r;
	pid_t child;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	r = spawn(path, argv, ends[1], &child);
	(void)close(ends[1]);
	read_output(ends[0], said, size);
	(void)close(ends[0]);
	if (r < 0)
		return r;
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
