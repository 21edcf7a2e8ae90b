// SPDX-License-Identifier: GPL-2.0-or-later
#include "remote.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "copy.h"
#include "items.h"
#include "look.h"
#include "pivot/base/cleanup.h"
#include "pivot/base/log.h"
#include "pivot/confirm.h"
#include "pivot/options.h"
#include "pivot/tree/tree.h"
#include "program.h"
#include "ssh.h"
#include "wait.h"

struct remote {
	const struct options *options;
	const struct verb *verb;
	struct tree tree;
	struct items items;
	struct ssh ssh;
	struct there there;
	struct wait wait;
};

static void remote_done(struct remote *remote)
{
	ssh_close(&remote->ssh);
	items_done(&remote->items);
	tree_done(&remote->tree);
}

static bool is_jump(const struct remote *remote)
{
	return strcmp(remote->verb->name, "run") == 0;
}

/* What can fail here does so before anybody is asked for a passphrase. */
static int gather(struct remote *remote)
{
	const struct options *options = remote->options;
	int r = 0;

	if (options->tree || options->tree_options.kernel)
		r = tree_open(options->tree, &options->tree_options, &remote->tree);
	return r < 0 ? r : items_gather(options, &remote->tree, &remote->items);
}

/* By what is seen now the target is known later. */
static int look(struct remote *remote)
{
	char said[LOOK_BYTES];
	int r = ssh_command(&remote->ssh, LOOK_COMMAND, said, sizeof(said));

	if (r == -EINTR)
		return log_refuse(r, "interrupted");
	if (r < 0 || r == SSH_FAILED || look_parse(said, &remote->wait.before) < 0)
		return log_refuse(-EPROTO, "cannot make out what runs on '%s'",
				  remote->options->to.host);
	remote->wait.is_quiet = remote->options->json || remote->options->quiet;
	remote->wait.tree_command_line = remote->tree.command_line ?: "";
	return 0;
}

/* Later there is nobody to answer: by then it is asked again and again. */
static void warn_of_questions(const struct remote *remote)
{
	const struct options *options = remote->options;

	if (options->wait_s > 0 && !wait_can_ask(&options->to))
		(void)log_warn(0,
			       "ssh gets to '%s' only after a question, so that nobody "
			       "will see when the target answers: give ssh-agent the key "
			       "(ssh-add), or say --wait=0",
			       options->to.host);
}

static void forget(const struct remote *remote)
{
	auto_free char *call = NULL, *script = NULL;

	program_forget_interrupt();
	if (asprintf(&call, "forget %s", remote->there.folder) >= 0)
		script = copy_script(call);
	if (!script || ssh_script(&remote->ssh, script, NULL, 0) != 0)
		(void)log_warn(0,
			       "what is in '%s' on '%s' could not be removed: the files "
			       "of --extra-files among it may be secret",
			       remote->there.folder, remote->options->to.host);
}

static int copy(struct remote *remote)
{
	int r = gather(remote);

	if (r == 0)
		r = ssh_open(&remote->options->to, &remote->ssh);
	if (r == 0)
		r = copy_items(&remote->ssh, &remote->items, remote->tree.kernel_fd >= 0,
			       &remote->there);
	if (r < 0 || !is_jump(remote))
		return r;
	warn_of_questions(remote);
	r = look(remote);
	if (r < 0)
		forget(remote);
	return r;
}

/*
 * "execute FOLDER BECOME KEEPS 'NAME...' VERB WORD...", for free(3). Only a check before
 * the verb itself keeps what the verb needs, too; its words belong to the question.
 */
static char *make_call(const struct remote *remote, bool is_check)
{
	const struct there *there = &remote->there;
	const struct items *items = &remote->items;
	char *call = NULL;
	size_t size;
	FILE *out = open_memstream(&call, &size);

	if (!out)
		return NULL;
	(void)fprintf(out, "folder=%s\nexecute \"$folder\" '%s' %s '", there->folder,
		      there->become, is_check ? "yes" : "no");
	for (size_t i = 0; i < items->n; i++)
		if (items->item[i].is_archive)
			(void)fprintf(out, "%s ", items->item[i].name);
	(void)fprintf(out, "' %s%s%s", is_check ? "check" : remote->verb->name,
		      items->words, is_check ? " >&2" : items->own_words);
	if (fclose(out) == 0)
		return call;
	free(call);
	return NULL;
}

/* Its exit code, or what ssh_script() gives else. */
static int execute(const struct remote *remote, bool is_check)
{
	auto_free char *call = make_call(remote, is_check);
	auto_free char *script = call ? copy_script(call) : NULL;

	(void)fflush(stdout); /* what is said over there comes behind it */
	return script ? ssh_script(&remote->ssh, script, NULL, 0) : -ENOMEM;
}

/* Nobody can be asked over there: what is to be known for the answer is told before. */
static int check_and_ask(const struct remote *remote)
{
	const char *host = remote->options->to.host;
	const struct look *now = &remote->wait.before;

	if (execute(remote, true) == 0) {
		log_notice("'%s' is %s, Linux %s, and is to go over", host, now->name,
			   now->release);
		if (confirm())
			return 0;
	}
	forget(remote);
	return log_refuse(-ECANCELED, "'%s' was not told to go over", host);
}

/* Where nobody knows how far it came; "" where nothing can have changed. */
static const char *what_is_open(const struct remote *remote)
{
	if (is_jump(remote))
		return ": it may go over or not; with the same --to, 'pivot-kexec cancel' "
		       "undoes a jump that waits";
	if (remote->verb->kind == VERB_TREELESS)
		return ": the jump may be undone or not; say it once more";
	return "";
}

/* One of our exit codes. */
static int execute_verb(const struct remote *remote)
{
	const char *open = what_is_open(remote);
	int r = execute(remote, false);

	if (r >= 0 && r <= EXIT_TOO_LATE)
		return r;
	return log_refuse(open[0] ? EXIT_TOO_LATE : EXIT_UNCHANGED,
			  r == -EINTR ? "interrupted while '%s' was at it%s"
				      : "the connection broke while '%s' was at it%s",
			  remote->options->to.host, open);
}

static int wait_for_it(struct remote *remote)
{
	const struct options *options = remote->options;

	if (options->wait_s == 0)
		return EXIT_DONE;
	/* nobody is to wait for the one that leads to the old system */
	ssh_close(&remote->ssh);
	log_notice("waiting until the target answers, for %u s at most", options->wait_s);
	return wait_for_target(&remote->wait, &options->to, remote->there.is_root,
			       options->wait_s);
}

int remote_run(const struct options *options, const struct verb *verb)
{
	auto_release(remote_done) struct remote remote = {
		.options = options,
		.verb = verb,
		.tree = TREE_INIT,
		.ssh = SSH_INIT,
	};
	bool asks;
	int code;

	program_catch_signals();
	asks = is_jump(&remote) && !options->yes && confirm_can_ask();
	if (copy(&remote) < 0 || (asks && check_and_ask(&remote) < 0))
		return log_refuse(EXIT_UNCHANGED, "nothing was changed");
	code = execute_verb(&remote);
	return code == EXIT_DONE && is_jump(&remote) ? wait_for_it(&remote) : code;
}
