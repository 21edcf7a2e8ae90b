// SPDX-License-Identifier: GPL-2.0-or-later
#include "copy.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pivot/base/cleanup.h"
#include "pivot/base/human.h"
#include "pivot/base/log.h"
#include "pivot/base/progress.h"
#include "pivot/embedded.h"

enum { SAID_BYTES = 16384, ROUNDS = 2 };

/* --- talking --- */

char *copy_script(const char *call)
{
	const struct embedded *functions = embedded_find("there.sh");
	char *script;

	if (!functions || asprintf(&script, "%.*s\n%s </dev/null\n", (int)functions->size,
				   (const char *)functions->data, call) < 0)
		return NULL;
	return script;
}

/* A function of there.sh that prints what it finds. 0 or negative errno, logged. */
static int ask(const struct ssh *ssh, const char *call, char said[SAID_BYTES])
{
	auto_free char *script = copy_script(call);
	int r = script ? ssh_script(ssh, script, said, SAID_BYTES) : -ENOMEM;

	if (r == -EINTR)
		return log_refuse(r, "interrupted");
	if (r < 0)
		return log_err(r, "cannot ask '%s'", ssh->url->host);
	if (r == SSH_FAILED)
		return log_refuse(-ECONNRESET,
				  "the connection to '%s' broke off: try again",
				  ssh->url->host);
	return r == 0 ? 0
		      : log_refuse(-EPROTO,
				   "'sh' on '%s' failed with exit code %d, for what it "
				   "says above",
				   ssh->url->host, r);
}

/* --- what is there --- */

static void put_items(FILE *out, const struct items *items, bool has_bytes)
{
	for (size_t i = 0; i < items->n; i++) {
		(void)fprintf(out, " %s", items->item[i].name);
		if (has_bytes)
			(void)fprintf(out, " %llu",
				      (unsigned long long)items->item[i].bytes);
	}
}

/* "WORDS [NAME BYTES]...", for free(3). */
static char *make_call(const char *words, const struct items *items, bool has_bytes)
{
	char *call = NULL;
	size_t size;
	FILE *out = open_memstream(&call, &size);

	if (!out)
		return NULL;
	(void)fputs(words, out);
	put_items(out, items, has_bytes);
	if (fclose(out) == 0)
		return call;
	free(call);
	return NULL;
}

static int prepare(const struct ssh *ssh, struct items *items, bool has_tree,
		   struct there *there)
{
	auto_free char *call =
		make_call(has_tree ? "prepare yes" : "prepare no", items, true);
	char said[SAID_BYTES];
	int r = call ? ask(ssh, call, said) : log_err(-ENOMEM, "cannot ask");

	return r < 0 ? r : there_parse(said, ssh->url->host, items, there);
}

/* --- copying --- */

static uint64_t bytes_missing(const struct item *item)
{
	return item->is_there ? 0 : item->bytes - item->there;
}

static uint64_t sum_missing(const struct items *items)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < items->n; i++)
		bytes += bytes_missing(&items->item[i]);
	return bytes;
}

static void has_sent(void *data, size_t bytes)
{
	progress_add(data, bytes);
}

static int log_broken(const struct ssh *ssh, const struct progress *progress, int r)
{
	char sent[HUMAN_BYTES], total[HUMAN_BYTES];

	(void)human_bytes(progress->done, sent);
	(void)human_bytes(progress->total, total);
	if (r == -EINTR)
		return log_refuse(r,
				  "interrupted after %s of %s: the same again goes on "
				  "from there",
				  sent, total);
	return log_refuse(r < 0 ? r : -EIO,
			  "copying to '%s' broke off after %s of %s: the same again goes "
			  "on from there",
			  ssh->url->host, sent, total);
}

static int send_item(const struct ssh *ssh, const struct item *item,
		     const struct there *there, struct progress *progress)
{
	auto_free char *command = NULL;

	/* words that are the same in every shell */
	if (asprintf(&command, "cat >>%s/%s.part", there->folder, item->name) < 0)
		return -ENOMEM;
	return ssh_feed(ssh, command, item->fd, item->there, has_sent, progress);
}

static int send_missing(const struct ssh *ssh, const struct items *items,
			const struct there *there)
{
	auto_progress struct progress progress =
		progress_start("copying", sum_missing(items));
	int r = 0;

	for (size_t i = 0; r == 0 && i < items->n; i++)
		if (bytes_missing(&items->item[i]) > 0)
			r = send_item(ssh, &items->item[i], there, &progress);
	return r == 0 ? 0 : log_broken(ssh, &progress, r);
}

/* How many were not what their names say, and are gone; or negative errno, logged. */
static int finish(const struct ssh *ssh, const struct items *items,
		  const struct there *there)
{
	auto_free char *call = NULL;
	char words[300], said[SAID_BYTES];
	int r;

	(void)snprintf(words, sizeof(words), "finish %s", there->folder);
	call = make_call(words, items, false);
	r = call ? ask(ssh, call, said) : log_err(-ENOMEM, "cannot ask");
	return r < 0 ? r : there_count_bad(said);
}

static void say_what_travels(const struct ssh *ssh, const struct items *items)
{
	const uint64_t missing = sum_missing(items);
	char part[HUMAN_BYTES], all[HUMAN_BYTES];
	uint64_t bytes = 0;

	for (size_t i = 0; i < items->n; i++)
		bytes += items->item[i].bytes;
	(void)human_bytes(missing, part);
	(void)human_bytes(bytes, all);
	if (missing == 0)
		log_notice("'%s' has all of it already, %s", ssh->url->host, all);
	else
		log_notice("copying %s to '%s', of %s in all", part, ssh->url->host, all);
}

int copy_items(const struct ssh *ssh, struct items *items, bool has_tree,
	       struct there *ret)
{
	for (int round = 0; round < ROUNDS; round++) {
		int r = prepare(ssh, items, has_tree, ret);

		if (r < 0)
			return r;
		say_what_travels(ssh, items);
		r = send_missing(ssh, items, ret);
		if (r == 0)
			r = finish(ssh, items, ret);
		if (r <= 0)
			return r;
	}
	return log_refuse(-EBADMSG,
			  "what was copied to '%s' is not what was sent: a file changed "
			  "meanwhile, or that disk is failing",
			  ssh->url->host);
}
