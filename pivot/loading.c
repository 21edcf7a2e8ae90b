// SPDX-License-Identifier: GPL-2.0-or-later
#include "loading.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "embedded.h"
#include "kernel-log.h"
#include "pivot/base/acts.h"
#include "pivot/base/child.h"
#include "pivot/base/cleanup.h"
#include "pivot/base/log.h"
#include "pivot/base/printable.h"
#include "pivot/kexec/gather.h"
#include "pivot/takeover/step.h"

/* The kernel reads the whole tree, from a disk or over a network, and checks it. */
enum { LOAD_TIMEOUT_MS = 5 * 60 * 1000, SAID_BYTES = 800, FILES_MAX = 65536 };

#define KEXEC_TOOLS STAGE_PATH "/kexec"

/* arch/x86/purgatory/purgatory.c; kexec-tools has it from there */
#define LOOPS                                                                           \
	". A page of the target that changed before the jump would hang this machine: " \
	"only the first two loaders restart it then"

struct loading *loading_new(struct stage *stage, const struct tree *tree,
			    const struct kernel_image *kernel)
{
	struct loading *loading = mmap(NULL, sizeof(*loading), PROT_READ | PROT_WRITE,
				       MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (loading == MAP_FAILED) {
		(void)log_err(-errno, "cannot get memory");
		return NULL;
	}
	*loading = (struct loading){
		.root = stage->root, .tree = tree, .kernel = kernel, .stage = stage
	};
	return loading;
}

bool loading_has_begun(const struct loading *loading)
{
	for (int i = 0; i < LOADERS; i++)
		if (loading->attempt[i].was_made)
			return true;
	return false;
}

/* --- gathering --- */

/*
 * A page of a tmpfs belongs to nobody: where memory runs out the kernel would rather kill
 * a service than who fills it.
 */
static void be_killed_first(void)
{
	(void)act_write("/proc/self/oom_score_adj", "1000");
}

static int put_payload(const void *argument)
{
	const struct loading *loading = argument;

	be_killed_first();
	return stage_put_payload(loading->stage, loading->tree, loading->kernel);
}

/* What our init will do; the pages are pinned until this step ends. */
static int gather(const void *argument)
{
	struct loading *loading = (struct loading *)(uintptr_t)argument;
	const struct rlimit files = { FILES_MAX, FILES_MAX };
	auto_release(payload_done) struct payload payload = { 0 };
	static struct gather gather; /* too large for a stack */
	char *why = loading->attempt[LOADER_GATHER].why;
	int r = stage_enter(loading->stage);

	be_killed_first();
	(void)setrlimit(RLIMIT_NOFILE, &files); /* pages are pinned in pipes */
	if (r < 0)
		return r;
	r = payload_open(loading->root, STAGE_PATH PAYLOAD_FOLDER,
			 loading->stage->has_initrd_outside ? loading->tree->initrd_fd
							    : -1,
			 &payload);
	if (r < 0) {
		(void)snprintf(why, WHY_BYTES, "cannot open its files in the stage");
		return r;
	}
	r = gather_load(loading->root, &payload, &gather, why);
	gather_done(&gather);
	return r;
}

static int unload(const void *argument)
{
	(void)argument;
	return kexec_unload();
}

static int remove_payload(const void *argument)
{
	const struct loading *loading = argument;

	return stage_remove_payload(loading->stage);
}

/* Where it stays in the stage our init would load it, whatever is loaded by then. */
static void forget_payload(struct loading *loading)
{
	if (step_insist("removing the target from the stage", remove_payload, loading,
			STEP_TIMEOUT_MS) < 0)
		loading->is_final = true;
}

static int by_gathering(struct loading *loading)
{
	int r = step_run("copying the target into the stage", put_payload, loading,
			 LOAD_TIMEOUT_MS);

	if (r < 0) {
		loading->is_final = true; /* no other loader could read it, either */
		return r;
	}
	stage_keep_extra(loading->stage);
	r = step_run("trying to load the target", gather, loading, LOAD_TIMEOUT_MS);
	if (r < 0) {
		if (!child_is_in_doubt(r))
			forget_payload(loading);
		return r;
	}
	/* what is not pinned any more may move: loaded, it would be of no use */
	r = step_insist("unloading the target", unload, NULL, STEP_TIMEOUT_MS);
	loading->is_final = r < 0;
	return r;
}

/* --- the others --- */

static int load_it_whole(const void *argument)
{
	struct loading *loading = (struct loading *)(uintptr_t)argument;

	return load_whole(loading->root, loading->tree, loading->kernel,
			  loading->attempt[LOADER_LOAD].why);
}

static int by_loading(struct loading *loading)
{
	return step_run("loading the target", load_it_whole, loading, LOAD_TIMEOUT_MS);
}

/* For who takes one initrd: the tree with what is appended in it, until this step ends.
 */
static int join(const struct loading *loading, struct tree *ret)
{
	*ret = *loading->tree;
	if (ret->appended_bytes == 0)
		return 0;
	be_killed_first();
	ret->initrd_fd = tree_join_appended(loading->tree);
	return ret->initrd_fd < 0 ? ret->initrd_fd : 0;
}

static int load_its_files(const void *argument)
{
	struct loading *loading = (struct loading *)(uintptr_t)argument;
	struct tree tree;
	int r = join(loading, &tree);

	return r < 0 ? r : load_files(&tree, loading->attempt[LOADER_FILE].why);
}

static int by_file(struct loading *loading)
{
	return step_run("loading the target", load_its_files, loading, LOAD_TIMEOUT_MS);
}

/* Of what it says the first line is why, as a rule; what it tried may follow. */
static void quote(char *why, int code, char *said)
{
	char *line = said + strspn(said, "\n");

	line[strcspn(line, "\n")] = '\0';
	(void)snprintf(why, WHY_BYTES, "kexec -c (exited with %d%s%s)", code,
		       *line ? ": " : "", printable_make(line));
}

/* The program is there only while it is needed. */
static int run_kexec_tools(const void *argument)
{
	struct loading *loading = (struct loading *)(uintptr_t)argument;
	const struct embedded *program = embedded_find("kexec");
	struct tree tree;
	char kernel[64], initrd[64];
	auto_free char *line = NULL;
	const char *argv[] = { KEXEC_TOOLS, "-c", "-l", kernel, NULL, NULL, NULL };
	struct attempt *attempt = &loading->attempt[LOADER_KEXEC_TOOLS];
	char said[160];
	int r = join(loading, &tree);

	if (r == 0)
		r = stage_enter(loading->stage);
	if (r == 0)
		r = act_create(KEXEC_TOOLS, 0700, program->data, program->size);
	if (r == 0 && asprintf(&line, "--command-line=%s", tree.command_line) < 0)
		r = -ENOMEM;
	if (r < 0)
		return r;
	(void)snprintf(kernel, sizeof(kernel), "/proc/%d/fd/%d", getpid(),
		       tree.kernel_fd);
	(void)snprintf(initrd, sizeof(initrd), "--initrd=/proc/%d/fd/%d", getpid(),
		       tree.initrd_fd);
	argv[4] = line;
	argv[5] = tree.initrd_fd < 0 ? NULL : initrd;
	(void)snprintf(attempt->why, WHY_BYTES, "kexec -c");
	r = act_execute(KEXEC_TOOLS, argv, said, sizeof(said));
	(void)act_unlink(KEXEC_TOOLS); /* else it goes with the stage */
	if (r <= 0)
		return r;
	quote(attempt->why, r, said);
	attempt->has_ended = true;
	return -EIO;
}

static int by_kexec_tools(struct loading *loading)
{
	return step_run("loading the target", run_kexec_tools, loading, LOAD_TIMEOUT_MS);
}

/* --- one after another --- */

static int (*const ways[LOADERS])(struct loading *loading) = {
	[LOADER_GATHER] = by_gathering,
	[LOADER_LOAD] = by_loading,
	[LOADER_FILE] = by_file,
	[LOADER_KEXEC_TOOLS] = by_kexec_tools,
};

/* "gather: kexec_load (Operation not permitted); file: ..." */
static void list_attempts(const struct loading *loading, char *text, size_t size)
{
	size_t used = 0;

	text[0] = '\0';
	for (int i = 0; i < LOADERS && used < size; i++) {
		const struct attempt *a = &loading->attempt[i];

		if (!a->was_made || a->error == 0)
			continue;
		used += (size_t)snprintf(text + used, size - used, "%s%s: %s",
					 used ? "; " : "", loader_name(i), a->why);
		if (!a->has_ended && used < size)
			used += (size_t)snprintf(text + used, size - used, "%s(%s)",
						 a->why[0] ? " " : "",
						 strerror(-a->error));
	}
}

/* The one that says most: the last of the kernel's own loaders, if there is any. */
static enum loader telling_loader(const struct loading *loading)
{
	enum loader telling = LOADER_KEXEC_TOOLS;

	for (int i = 0; i < LOADER_KEXEC_TOOLS; i++)
		if (loading->attempt[i].was_made)
			telling = i;
	return telling;
}

/* Elsewhere its errno means something else: "kexec_load", "kexec_file_load". */
static bool is_from_kernel(const struct attempt *attempt)
{
	return strncmp(attempt->why, "kexec_", strlen("kexec_")) == 0;
}

static int give_up(const struct loading *loading, const char *said)
{
	enum loader telling = telling_loader(loading);
	char tried[SAID_BYTES];
	int r = loading->attempt[telling].error;

	list_attempts(loading, tried, sizeof(tried));
	(void)log_refuse(r, "the kernel does not take '%s'. Tried: %s",
			 loading->tree->kernel_name, tried);
	if (said[0])
		(void)log_refuse(r, "the kernel's log says: %s", said);
	if (!is_from_kernel(&loading->attempt[telling]))
		return r;
	return log_refuse(r, "%s", kexec_explain(loading->root, telling, r));
}

int loading_run(struct loading *loading, unsigned int loaders)
{
	auto_close int log = kernel_log_open(loading->root);
	char said[SAID_BYTES], tried[SAID_BYTES];

	for (enum loader i = 0; i < LOADERS; i++) {
		struct attempt *attempt = &loading->attempt[i];

		if (!(loaders & 1U << i))
			continue;
		attempt->was_made = true;
		attempt->error = ways[i](loading);
		if (attempt->error == 0 && tree_check_unchanged(loading->tree) < 0) {
			loading->is_final = true;
			attempt->error = -ESTALE;
		}
		/* of these it is said what they are, where they arise */
		if (loading->is_final || child_is_in_doubt(attempt->error))
			return attempt->error;
		if (attempt->error < 0)
			continue;
		loading->loader = i;
		list_attempts(loading, tried, sizeof(tried));
		if (tried[0])
			log_notice("loaded by '%s'; before that: %s", loader_name(i),
				   tried);
		return 0;
	}
	return give_up(loading, kernel_log_since(log, said, sizeof(said)));
}
