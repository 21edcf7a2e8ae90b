// SPDX-License-Identifier: GPL-2.0-or-later
#include "fake-acts.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/kexec.h>
#include <linux/reboot.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fake-kernel.h"
#include "fake-root.h"
#include "pivot/base/acts.h"
#include "pivot/base/log.h"
#include "pivot/base/macros.h"
#include "pivot/image.h"

enum { LOG_BYTES = 256 * 1024, LINE_BYTES = 4096, FAKE_RULES_MAX = 16 };
enum { HANG = 1, IGNORE = 2 }; /* in place of a negative errno */
enum { PAGE = 4096 };

struct rule {
	char beginning[256];
	int outcome, skips, times;
	void (*then)(void);
};

/* Shared with the children that child_run() forks. */
static struct shared {
	size_t used;
	size_t n_rules;
	int exit_code; /* of programs, and what they say */
	char said[256];
	struct rule rule[FAKE_RULES_MAX];
	char text[LOG_BYTES];
} * shared;

static struct fake_loaded loaded; /* by this process */

void fake_start(void)
{
	sigset_t set;

	fake_root_make();
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	must(shared != MAP_FAILED);
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGCHLD);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
}

static struct rule *rule_add(const char *beginning, int outcome, int times)
{
	struct rule *rule = &shared->rule[shared->n_rules++];

	must(shared->n_rules <= FAKE_RULES_MAX);
	*rule = (struct rule){ 0 };
	(void)snprintf(rule->beginning, sizeof(rule->beginning), "%s", beginning);
	rule->outcome = outcome;
	rule->times = times;
	return rule;
}

void fake_fail(const char *beginning, int error, int times)
{
	(void)rule_add(beginning, -error, times);
}

void fake_hang(const char *beginning, int times)
{
	(void)rule_add(beginning, HANG, times);
}

void fake_ignore(const char *beginning, int times)
{
	(void)rule_add(beginning, IGNORE, times);
}

void fake_then(const char *beginning, void (*then)(void))
{
	rule_add(beginning, 0, 1)->then = then;
}

void fake_later(int skips)
{
	must(shared->n_rules > 0);
	shared->rule[shared->n_rules - 1].skips = skips;
}

void fake_exit(int code, const char *text)
{
	shared->exit_code = code;
	(void)snprintf(shared->said, sizeof(shared->said), "%s", text);
}

void fake_forget(void)
{
	fake_exit(0, "");
	memset(shared->text, 0, shared->used);
	shared->used = shared->n_rules = 0;
}

void fake_fail_forks(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 0, 2),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args)),
		/* a thread: the sanitizers need some */
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, CLONE_VM, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EAGAIN),
	};
	const struct sock_fprog program = { array_size(filter), filter };

	must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	must(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
}

static bool begins(const char *line, const char *beginning)
{
	return strncmp(line, beginning, strlen(beginning)) == 0;
}

/* Children write at the same time: each takes its place first. */
printf_like(1, 2) static void log_add(const char *format, ...)
{
	char text[LINE_BYTES + 64];
	va_list args;
	size_t n, at;

	va_start(args, format);
	n = (size_t)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	must(n < sizeof(text));
	at = __atomic_fetch_add(&shared->used, n, __ATOMIC_SEQ_CST);
	must(at + n < LOG_BYTES);
	memcpy(shared->text + at, text, n);
}

/* Is it about this line, and this time? */
static bool fits(struct rule *rule, const char *line)
{
	return rule->times != 0 && begins(line, rule->beginning) && rule->skips-- <= 0;
}

/* What a rule says about the line; 0 where none does. */
static int rule_apply(const char *line)
{
	for (size_t i = 0; i < shared->n_rules; i++) {
		struct rule *rule = &shared->rule[i];

		if (rule->then || !fits(rule, line))
			continue;
		rule->times--;
		if (rule->outcome != HANG)
			return rule->outcome;
		log_add("%s = hangs\n", line);
		for (;;)
			(void)pause();
	}
	return 0;
}

static int act_end(const char *line, int r)
{
	if (r < 0)
		log_add("%s = %s\n", line, strerrorname_np(-r));
	else
		log_add("%s\n", line);
	for (size_t i = 0; i < shared->n_rules; i++) {
		struct rule *rule = &shared->rule[i];

		if (!rule->then || !fits(rule, line))
			continue;
		rule->times = 0;
		rule->then();
	}
	return r < 0 ? r : 0;
}

/*
 *	ACT(kernel_umount(path, flags), "umount %s", path);
 * The kernel is asked only where no rule says otherwise.
 */
#define ACT(kernel, ...)                                          \
	({                                                        \
		char line[LINE_BYTES];                            \
		int outcome;                                      \
                                                                  \
		(void)snprintf(line, sizeof(line), __VA_ARGS__);  \
		outcome = rule_apply(line);                       \
		act_end(line, outcome == 0 ? (kernel) : outcome); \
	})

/* Paths that the test put below the root itself are shown as the machine's. */
static const char *strip(const char *path)
{
	return begins(path, fake_root()) ? path + strlen(fake_root()) : path;
}

int act_mount(const char *source, const char *target, const char *type,
	      unsigned long flags, const char *options)
{
	(void)options;
	target = strip(target);
	if (flags & MS_REMOUNT)
		return ACT(kernel_remount_read_only(target), "remount %s %s",
			   flags & MS_RDONLY ? "ro" : "rw", target);
	if (flags & MS_PRIVATE)
		return ACT(0, "make %s %s", flags & MS_REC ? "rprivate" : "private",
			   target);
	if (flags & MS_BIND)
		return ACT(kernel_bind(source, target), "bind %s %s",
			   begins(source, "/proc/self/fd/") ? "fd" : source, target);
	return ACT(kernel_mount(source, target, type), "mount %s %s", type, target);
}

int act_umount(const char *path, int flags)
{
	return ACT(kernel_umount(path, flags), "umount%s%s %s",
		   flags & MNT_FORCE ? " -f" : "", flags & MNT_DETACH ? " -l" : "",
		   strip(path));
}

int act_mkdir(const char *path, mode_t mode)
{
	return ACT((fake_directory(path), 0), "mkdir %s %o", path, mode);
}

int act_rmdir(const char *path)
{
	return ACT(kernel_rmdir(path), "rmdir %s", path);
}

int act_pivot_root(const char *new_root, const char *old_root)
{
	new_root = strip(new_root);
	old_root = strip(old_root);
	return ACT(kernel_pivot_root(new_root, old_root), "pivot_root %s %s", new_root,
		   old_root);
}

int act_enter_mounts(int namespace_fd)
{
	(void)namespace_fd;
	return ACT(0, "enter mounts");
}

int act_write(const char *path, const char *text)
{
	if (strcmp(path, "/proc/self/oom_score_adj") == 0)
		return 0; /* the guardian's, which comes at any time: not in the log */
	return ACT(kernel_write(path, text), "write %s %s", path, text);
}

/* Not in the log: the guardian is a process of its own and may come at any time. */
int act_sysrq_open(void)
{
	return open("/dev/null", O_WRONLY | O_CLOEXEC);
}

void act_sysrq(int sysrq_fd, char key)
{
	(void)sysrq_fd;
	(void)ACT(0, "sysrq %c", key);
}

static const char *signal_name(int signal)
{
	static char name[16];

	if (signal >= SIGRTMIN)
		(void)snprintf(name, sizeof(name), "RTMIN+%d", signal - SIGRTMIN);
	else
		(void)snprintf(name, sizeof(name), "%s", sigabbrev_np(signal));
	return name;
}

/* A real process of the test's, and none of the fake machine. */
static bool is_ours(pid_t pid)
{
	siginfo_t info;

	return pid == getppid() ||
	       (!fake_exists("/proc/%d", pid) &&
		waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0);
}

/* Whoever is neither a child nor in the fake /proc has ended: nobody is killed for it. */
int act_kill(pid_t pid, int signal)
{
	if (pid > 1 && is_ours(pid))
		return kill(pid, signal) < 0 ? -errno : 0;
	return ACT(kernel_kill(pid, signal), "kill %d %s", pid, signal_name(signal));
}

int act_swapoff(const char *path)
{
	return ACT(kernel_swapoff(path), "swapoff %s", path);
}

int act_dm_remove(const char *name)
{
	return ACT(kernel_dm_remove(name), "dm remove %s", name);
}

int act_dm_resume(const char *name)
{
	return ACT(kernel_dm_resume(name), "dm resume %s", name);
}

int act_md_stop(const char *device)
{
	return ACT(kernel_md_stop(device), "md stop %s", device);
}

int act_loop_detach(const char *device)
{
	return ACT(kernel_loop_detach(device), "loop detach %s", device);
}

int act_pci_command(const char *address, unsigned int value)
{
	return ACT(kernel_pci_command(address, value), "pci command %s %04x", address,
		   value);
}

int act_unload_module(const char *name)
{
	return ACT(kernel_unload_module(name), "unload %s", name);
}

int act_load_module(const char *path, const char *parameters)
{
	return ACT(0, "load %s%s%s", path, parameters[0] ? " " : "", parameters);
}

int act_link_down(unsigned int index)
{
	return ACT(kernel_link_down(index), "link down %s", kernel_link_name(index));
}

int act_link_delete(unsigned int index)
{
	return ACT(kernel_link_delete(index), "link delete %s", kernel_link_name(index));
}

int act_watchdog_stop(const char *device)
{
	return ACT(kernel_watchdog_stop(device), "watchdog stop %s", device);
}

int act_watchdog_arm(const char *device, unsigned int seconds)
{
	return ACT(kernel_watchdog_arm(device, seconds), "watchdog arm %s %u", device,
		   seconds);
}

int act_watchdog_open(const char *device)
{
	int r = ACT(0, "watchdog open %s", device);

	return r < 0 ? r : open("/dev/null", O_WRONLY | O_CLOEXEC);
}

/* By a process of its own, which may come at any time. */
void act_watchdog_feed(int fd)
{
	(void)fd;
	(void)ACT(0, "watchdog feed");
}

void act_sync(void)
{
	(void)ACT(0, "sync");
}

int act_kexec_file_load(int kernel_fd, int initrd_fd, const char *command_line)
{
	(void)kernel_fd;
	return ACT(kernel_write("/sys/kernel/kexec_loaded", "1\n"),
		   "kexec file load%s '%s'", initrd_fd < 0 ? " without initrd" : "",
		   command_line);
}

/* What the kernel does before it takes any: kernel/kexec_core.c,
 * sanity_check_segment_list(). */
static void check_segments(const struct kexec_segment *segments, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const uintptr_t start = (uintptr_t)segments[i].mem;
		const uintptr_t end = start + segments[i].memsz;

		must(segments[i].bufsz <= segments[i].memsz);
		must(start < end && start % PAGE == 0 && end % PAGE == 0);
		for (size_t j = 0; j < i; j++) {
			const uintptr_t other = (uintptr_t)segments[j].mem;

			must(end <= other || other + segments[j].memsz <= start);
		}
	}
}

/* It has copied them when it returns. */
static int keep_segments(uint64_t entry, const struct kexec_segment *segments, size_t n)
{
	must(n <= array_size(loaded.segment));
	check_segments(segments, n);
	loaded.entry = entry;
	loaded.n = n;
	for (size_t i = 0; i < n; i++) {
		struct fake_segment *kept = &loaded.segment[i];

		free(kept->data);
		kept->data = calloc(1, segments[i].memsz);
		must(kept->data);
		memcpy(kept->data, segments[i].buf, segments[i].bufsz);
		kept->address = (uintptr_t)segments[i].mem;
		kept->bytes = segments[i].bufsz;
		kept->mem_bytes = segments[i].memsz;
	}
	return kernel_write("/sys/kernel/kexec_loaded", "1\n");
}

int act_kexec_load(uint64_t entry, const struct kexec_segment *segments, size_t n)
{
	return ACT(keep_segments(entry, segments, n), "kexec load %zu", n);
}

const struct fake_loaded *fake_loaded(void)
{
	return &loaded;
}

int act_kexec_unload_crash(void)
{
	return ACT(0, "kexec unload crash");
}

int act_kexec_unload(void)
{
	return ACT(kernel_write("/sys/kernel/kexec_loaded", "0\n"), "kexec unload");
}

int act_reboot(unsigned int command)
{
	return ACT(0, "reboot %s",
		   command == LINUX_REBOOT_CMD_KEXEC ? "kexec" : "restart");
}

int act_make_exec(pid_t pid, const char *path, const char *const argv[])
{
	return ACT(0, "exec %d %s %s", pid, path, argv[1] ?: "");
}

int act_can_make_exec(pid_t pid)
{
	return ACT(0, "can exec %d", pid);
}

int act_execute(const char *path, const char *const argv[], char *said, size_t size)
{
	int r;
	char words[LINE_BYTES / 2] = "";

	for (size_t i = 1, used = 0; argv[i]; i++) {
		used += (size_t)snprintf(words + used, sizeof(words) - used, " %s",
					 argv[i]);
		must(used < sizeof(words));
	}
	r = ACT(0, "execute %s%s", path, words);
	(void)snprintf(said, size, "%s", shared->said);
	return r == 0 ? shared->exit_code : r;
}

int act_run_script(const char *path, const char *argument)
{
	int r = ACT(0, "run %s %s", path, argument);

	return r == 0 ? shared->exit_code : r;
}

int act_symlink(const char *target, const char *path)
{
	return ACT(kernel_symlink(target, path), "symlink %s", path);
}

int act_create(const char *path, mode_t mode, const void *data, size_t n)
{
	return ACT(kernel_create(path, data, n), "create %s %o", path, mode);
}

int act_unlink(const char *path)
{
	return ACT(kernel_unlink(path), "unlink %s", path);
}

int act_copy(int from, uint64_t at, uint64_t bytes, const char *path,
	     struct progress *progress)
{
	(void)progress;
	return ACT(kernel_copy(from, at, bytes, path), "copy %s", path);
}

/* Stands in for pivot/image-unpack.c. */
int image_unpack(const struct image *image, const char *directory)
{
	int r = ACT(0, "unpack %s", directory);

	must(image->size > 0);
	return r < 0 ? log_err(r, "cannot unpack the stage's image") : 0;
}

const char *fake_log(void)
{
	return shared->text;
}

static bool is_one_of(const char *line, const char *words)
{
	for (; *words; words += strcspn(words, "|"), words += *words == '|') {
		size_t n = strcspn(words, "|");

		if (strncmp(line, words, n) == 0)
			return true;
	}
	return false;
}

const char *fake_log_of(const char *words)
{
	static char found[LOG_BYTES];
	char *to = found;

	for (const char *at = shared->text; *at;) {
		size_t n = strcspn(at, "\n") + 1;
		const char *failure = strstr(at, " = ");

		if (is_one_of(at, words) && (!failure || failure > at + n))
			to = mempcpy(to, at, n);
		at += n;
	}
	*to = '\0';
	return found;
}

void fake_log_hide(const char *line)
{
	char *at = strstr(shared->text, line);

	ck_assert_msg(at, "not in the log: %s", line);
	memmove(at, at + strlen(line), strlen(at + strlen(line)) + 1);
	shared->used -= strlen(line);
}

int fake_count(const char *beginning)
{
	int n = 0;

	for (const char *at = shared->text; *at; at += strcspn(at, "\n") + 1)
		n += begins(at, beginning);
	return n;
}
