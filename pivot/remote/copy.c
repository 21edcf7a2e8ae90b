// SPDX-License-Identifier: GPL-2.0-or-later
#include "copy.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pivot/base/cleanup.h"
#include "pivot/base/human.h"
#include "pivot/base/log.h"
#include "pivot/base/parse.h"
#include "pivot/base/printable.h"
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

/* The rest of a line that begins with the word, or NULL. */
static char *after(char *line, const char *word)
{
	const size_t n = strlen(word);

	return strncmp(line, word, n) == 0 && line[n] == ' ' ? line + n + 1 : NULL;
}

static struct item *find(struct items *items, const char *name)
{
	for (size_t i = 0; i < items->n; i++)
		if (strcmp(items->item[i].name, name) == 0)
			return &items->item[i];
	return NULL;
}

/* --- what is there --- */

static int take_part(struct items *items, char *value)
{
	char *bytes = strsep(&value, " ");
	struct item *item = value ? find(items, value) : NULL;

	return item ? parse_u64(bytes, 10, item->bytes, &item->there) : 0;
}

/* A login shell may say something as well: what is not known is passed over. */
static int take_line(const struct ssh *ssh, char *line, struct items *items,
		     struct there *there)
{
	char *value;

	if ((value = after(line, "refused")))
		return log_refuse(-ENOTSUP, "'%s': %s", ssh->url->host,
				  printable_make(value));
	if ((value = after(line, "user")))
		there->is_root = strcmp(value, "0") == 0;
	else if ((value = after(line, "become")))
		(void)snprintf(there->become, sizeof(there->become), "%s", value);
	else if ((value = after(line, "folder")))
		(void)snprintf(there->folder, sizeof(there->folder), "%.*s",
			       (int)sizeof(there->folder) - 1, value);
	else if ((value = after(line, "whole")) && find(items, value))
		find(items, value)->is_there = true;
	else if ((value = after(line, "part")))
		return take_part(items, value);
	return 0;
}

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
	char said[SAID_BYTES], *rest = said;
	int r = call ? ask(ssh, call, said) : log_err(-ENOMEM, "cannot ask");

	*there = (struct there){ 0 };
	for (size_t i = 0; i < items->n; i++) {
		items->item[i].is_there = false;
		items->item[i].there = 0;
	}
	for (char *line; r == 0 && (line = strsep(&rest, "\n"));)
		r = take_line(ssh, line, items, there);
	if (r == 0 && !there->folder[0])
		return log_refuse(-EPROTO, "'%s' did not say where its files go",
				  ssh->url->host);
	return r;
}

/* --- copying --- */

static uint64_t bytes_missing(const struct item *item)
{
	return item->is_there ? 0 : item->bytes - item->there;
}

/* Of all files together, for who waits. */
struct meter {
	uint64_t bytes, total;
};

static void has_sent(void *data, size_t bytes)
{
	struct meter *meter = data;

	meter->bytes += bytes;
}

static int log_broken(const struct ssh *ssh, const struct meter *meter, int r)
{
	char sent[HUMAN_BYTES], total[HUMAN_BYTES];

	(void)human_bytes(meter->bytes, sent);
	(void)human_bytes(meter->total, total);
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
		     const struct there *there, struct meter *meter)
{
	auto_free char *command = NULL;

	/* words that are the same in every shell */
	if (asprintf(&command, "cat >>%s/%s.part", there->folder, item->name) < 0)
		return -ENOMEM;
	return ssh_feed(ssh, command, item->fd, item->there, has_sent, meter);
}

static int send_missing(const struct ssh *ssh, const struct items *items,
			const struct there *there)
{
	struct meter meter = { 0 };
	int r = 0;

	for (size_t i = 0; i < items->n; i++)
		meter.total += bytes_missing(&items->item[i]);
	for (size_t i = 0; r == 0 && i < items->n; i++)
		if (bytes_missing(&items->item[i]) > 0)
			r = send_item(ssh, &items->item[i], there, &meter);
	return r == 0 ? 0 : log_broken(ssh, &meter, r);
}

/* How many were not what their names say, and are gone; or negative errno, logged. */
static int finish(const struct ssh *ssh, const struct items *items,
		  const struct there *there)
{
	auto_free char *call = NULL;
	char words[300], said[SAID_BYTES], *rest = said;
	int r, n_bad = 0;

	(void)snprintf(words, sizeof(words), "finish %s", there->folder);
	call = make_call(words, items, false);
	r = call ? ask(ssh, call, said) : log_err(-ENOMEM, "cannot ask");
	for (char *line; r == 0 && (line = strsep(&rest, "\n"));)
		n_bad += after(line, "bad") != NULL;
	return r < 0 ? r : n_bad;
}

static void say_what_travels(const struct ssh *ssh, const struct items *items)
{
	uint64_t missing = 0, bytes = 0;
	char part[HUMAN_BYTES], all[HUMAN_BYTES];

	for (size_t i = 0; i < items->n; i++) {
		missing += bytes_missing(&items->item[i]);
		bytes += items->item[i].bytes;
	}
	if (missing == 0)
		log_notice("'%s' has all of it already, %s", ssh->url->host,
			   human_bytes(bytes, all));
	else
		log_notice("copying %s to '%s', of %s in all", human_bytes(missing, part),
			   ssh->url->host, human_bytes(bytes, all));
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
