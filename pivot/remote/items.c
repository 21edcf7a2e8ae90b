// SPDX-License-Identifier: GPL-2.0-or-later
#include "items.h"

#include <errno.h>
#include <fcntl.h>
#include <nettle/sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "pivot/base/cleanup.h"
#include "pivot/base/file.h"
#include "pivot/base/log.h"
#include "pivot/base/quote.h"
#include "pivot/bundle/folder.h"
#include "pivot/bundle/modules.h"
#include "pivot/bundle/pack.h"
#include "pivot/option-table.h"
#include "pivot/tree/file.h"
#include "pivot/tree/spool.h"
#include "pivot/tree/tree.h"

#define FOLDER_NAME "files" /* in the tarball of a folder */

enum { CHUNK_BYTES = 256 << 10 };

/* --- items --- */

static int hash(int fd, const char *label, struct item *item)
{
	auto_free unsigned char *chunk = malloc(CHUNK_BYTES);
	uint8_t digest[SHA256_DIGEST_SIZE];
	struct sha256_ctx sha;
	ssize_t n = -ENOMEM;
	int length;

	sha256_init(&sha);
	while (chunk &&
	       (n = file_read_at(fd, chunk, CHUNK_BYTES, (off_t)item->bytes)) > 0) {
		sha256_update(&sha, (size_t)n, chunk);
		item->bytes += (uint64_t)n;
	}
	if (n < 0)
		return log_err((int)n, "cannot read what travels (%s)", label);
	sha256_digest(&sha, sizeof(digest), digest);
	length = snprintf(item->name, sizeof(item->name), "%s-", label);
	for (size_t i = 0; i < sizeof(digest); i++)
		length +=
			snprintf(item->name + length, sizeof(item->name) - (size_t)length,
				 "%02x", digest[i]);
	return 0;
}

struct item *items_find(struct items *items, const char *name)
{
	for (size_t i = 0; i < items->n; i++)
		if (strcmp(items->item[i].name, name) == 0)
			return &items->item[i];
	return NULL;
}

/* The same file may be named twice. NULL: there are too many, logged. */
static struct item *add_hashed(struct items *items, const struct item *item)
{
	struct item *known = items_find(items, item->name);

	if (known) {
		(void)close(item->fd);
		return known;
	}
	if (items->n == ITEMS_MAX)
		return log_refuse(NULL, "more than %d files are to travel", ITEMS_MAX);
	items->item[items->n] = *item;
	return &items->item[items->n++];
}

/* Takes the descriptor; one that is negative is an error that was logged. Its item, or
 * NULL. */
static struct item *add(struct items *items, const char *label, int fd)
{
	struct item item = { .fd = fd };
	struct item *added = NULL;

	if (fd >= 0 && hash(fd, label, &item) == 0)
		added = add_hashed(items, &item);
	if (!added)
		close_fdp(&fd);
	return added;
}

void items_done(struct items *items)
{
	for (size_t i = 0; i < items->n; i++)
		close_fdp(&items->item[i].fd);
	free(items->words);
	free(items->own_words);
	*items = (struct items){ 0 };
}

/* --- words --- */

/* --option="$folder"/name */
static void put_path(FILE *out, const char *option, const char *name, const char *end)
{
	(void)fprintf(out, " --%s=\"$folder\"/%s%s", option, name, end);
}

static int put_value(FILE *out, const char *option, const char *value)
{
	auto_free char *word = NULL;

	if (asprintf(&word, "--%s%s%s", option, value ? "=" : "", value ?: "") < 0)
		return log_err(-ENOMEM, "cannot name the options over there");
	(void)fputc(' ', out);
	quote_word(out, word);
	return 0;
}

static int put_file(FILE *out, const char *option, const char *path, struct items *items)
{
	const struct item *item = add(items, option, file_open(AT_FDCWD, path, path));

	if (!item)
		return -EIO; /* logged */
	put_path(out, option, item->name, "");
	return 0;
}

static int write_tarball(int fd, const struct option_line *line, const char *folder)
{
	auto_pack struct pack pack = { 0 };
	int r = pack_open(fd, "a temporary file.tar", &pack);

	if (r == 0)
		r = line->travels == TRAVELS_AS_MODULES
			    ? modules_pack(&pack, line->name, folder, FOLDER_NAME)
			    : folder_pack(&pack, line->name, folder, FOLDER_NAME);
	return r < 0 ? r : pack_finish(&pack);
}

/* As a tarball, unnamed. A descriptor, read-only, or negative errno, logged. */
static int open_folder(const struct option_line *line, const char *folder)
{
	auto_release(spool_done) struct spool spool = SPOOL_INIT;
	int r = spool_open(&spool), fd;

	if (r < 0)
		return r;
	fd = spool_create(&spool);
	if (fd < 0)
		return fd;
	r = write_tarball(fd, line, folder);
	fd = spool_finish(fd);
	if (r < 0)
		close_fdp(&fd);
	return r < 0 ? r : fd;
}

static int put_folder(FILE *out, const struct option_line *line, const char *path,
		      struct items *items)
{
	struct item *item = add(items, line->name, open_folder(line, path));

	if (!item)
		return -EIO; /* logged */
	item->is_archive = true;
	put_path(out, line->name, item->name, ".d/" FOLDER_NAME);
	return 0;
}

static int put_option(FILE *out, const struct given_option *given, struct items *items)
{
	const struct option_line *line = given->line;
	const bool is_no_file = line->no_file && strcmp(given->value, line->no_file) == 0;

	switch (line->travels) {
	case TRAVELS_IN_TREE:
	case TRAVELS_NOT:
		return 0;
	case TRAVELS_AS_FILE:
		if (!is_no_file)
			return put_file(out, line->name, given->value, items);
		break;
	case TRAVELS_AS_FOLDER:
	case TRAVELS_AS_MODULES:
		return put_folder(out, line, given->value, items);
	case TRAVELS_AS_IT_IS:
		break;
	}
	return put_value(out, line->name, given->value);
}

/* A tree has one of each: there.sh gives them these names. */
static int put_part(FILE *out, const char *name, int fd, const char *shown,
		    struct items *items)
{
	if (!add(items, name, file_reopen(fd, shown)))
		return -EIO; /* logged */
	put_path(out, name, name, "");
	return 0;
}

static int put_tree(FILE *out, const struct tree *tree, struct items *items)
{
	int r;

	if (tree->kernel_fd < 0)
		return 0;
	r = put_part(out, "kernel", tree->kernel_fd, tree->kernel_name, items);
	if (r == 0 && tree->initrd_fd >= 0)
		r = put_part(out, "initrd", tree->initrd_fd, tree->initrd_name, items);
	return r < 0 ? r : put_value(out, "command-line", tree->command_line);
}

static int open_self(void)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	return fd < 0 ? log_err(-errno, "cannot read this program") : fd;
}

/* With a check before the verb, too; that one is for people, whatever the verb prints. */
static bool is_for_check(const struct option_line *line)
{
	return !line->verbs ||
	       (strstr(line->verbs, "'check'") && strcmp(line->name, "json") != 0);
}

/* The verb's own go into own. */
static int put_all(FILE *out, FILE *own, const struct options *options,
		   const struct tree *tree, struct items *items)
{
	int r = add(items, "pivot-kexec", open_self()) ? 0 : -EIO;

	for (size_t i = 0; r == 0 && i < options->n_given; i++) {
		const struct given_option *given = &options->given[i];

		r = put_option(is_for_check(given->line) ? out : own, given, items);
	}
	return r < 0 ? r : put_tree(out, tree, items);
}

/* 0, or -ENOMEM. */
static int close_words(FILE *words)
{
	return words && fclose(words) == 0 ? 0 : -ENOMEM;
}

int items_gather(const struct options *options, const struct tree *tree,
		 struct items *ret)
{
	size_t size, own_size;
	FILE *out, *own;
	int r, closed, own_closed;

	*ret = (struct items){ 0 };
	out = open_memstream(&ret->words, &size);
	own = open_memstream(&ret->own_words, &own_size);
	r = out && own ? put_all(out, own, options, tree, ret) : 0;
	closed = close_words(out);
	own_closed = close_words(own);
	if (r == 0 && (closed < 0 || own_closed < 0))
		return log_err(-ENOMEM, "cannot name the options over there");
	return r;
}
