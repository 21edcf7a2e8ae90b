// SPDX-License-Identifier: GPL-2.0-or-later
#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "pivot/base/cleanup.h"
#include "pivot/base/file.h"

/* It may be a private key, and what was swapped out stays on the disk. */
static void keep_in_memory(const void *data, size_t bytes)
{
	(void)mlock(data, bytes); /* in vain where that is not permitted */
}

int keep_read_file(const char *path, size_t max, char **ret, size_t *ret_bytes,
		   mode_t *ret_mode)
{
	struct stat st;
	auto_close int fd = file_open_regular(path, 0, &st);
	auto_free char *data = NULL;
	ssize_t n;

	if (fd < 0)
		return fd;
	if ((uint64_t)st.st_size > max)
		return -EFBIG;
	data = malloc((size_t)st.st_size + 1);
	if (data)
		keep_in_memory(data, (size_t)st.st_size);
	n = data ? file_read_at(fd, data, (size_t)st.st_size, 0) : -ENOMEM;
	if (n < 0)
		return (int)n;
	data[n] = '\0';
	*ret = take_ptr(&data);
	*ret_bytes = (size_t)n;
	*ret_mode = st.st_mode;
	return 0;
}

/* It is ours. */
static void *writable(const void *data)
{
	return (void *)(uintptr_t)data;
}

static void file_done(struct keep_file *file)
{
	if (file->data) /* it may be a private key */
		explicit_bzero(writable(file->data), file->bytes);
	free(writable(file->path));
	free(writable(file->source));
	free(writable(file->target));
	free(writable(file->data));
	*file = (struct keep_file){ 0 };
}

static int copy_text(const char *text, const char **ret)
{
	*ret = text ? strdup(text) : NULL;
	return text && !*ret ? -ENOMEM : 0;
}

static int copy(const struct keep_file *file, struct keep_file *ret)
{
	*ret = (struct keep_file){ .mode = file->mode,
				   .bytes = file->bytes,
				   .device = file->device,
				   .inode = file->inode,
				   .changed = file->changed };
	if (file->data) {
		void *data = malloc(file->bytes ?: 1);

		if (!data)
			return -ENOMEM;
		keep_in_memory(data, file->bytes);
		ret->data = memcpy(data, file->data, file->bytes);
	}
	if (copy_text(file->path, &ret->path) < 0 ||
	    copy_text(file->source, &ret->source) < 0)
		return -ENOMEM;
	return copy_text(file->target, &ret->target);
}

static struct keep_file *find_own(const struct keep *keep, const char *path)
{
	for (size_t i = 0; i < keep->n_own; i++)
		if (strcmp(keep->file[i].path, path) == 0)
			return &keep->file[i];
	return NULL;
}

/* A power of two of them each time there is no room. */
static struct keep_file *next_free(struct keep *keep)
{
	struct keep_file *file = keep->file;

	if ((keep->n & (keep->n - 1)) == 0)
		file = reallocarray(file, keep->n ? 2 * keep->n : 1, sizeof(*file));
	if (!file)
		return NULL;
	keep->file = file;
	return &file[keep->n];
}

int keep_add(struct keep *keep, const struct keep_file *file)
{
	struct keep_file *own = find_own(keep, file->path), new;
	struct keep_file *place = own ?: next_free(keep);
	int r = place ? copy(file, &new) : -ENOMEM;

	if (!place)
		return r;
	if (r < 0) {
		file_done(&new);
		return r;
	}
	if (own)
		file_done(own);
	else
		keep->n++;
	*place = new;
	return 0;
}

struct keep_source *keep_add_source(struct keep *keep, const char *name, int error)
{
	struct keep_source *source =
		reallocarray(keep->source, keep->n_sources + 1, sizeof(*source));

	if (!source)
		return NULL;
	keep->source = source;
	source += keep->n_sources;
	*source = (struct keep_source){ .name = strdup(name), .error = error };
	if (!source->name)
		return NULL;
	keep->n_sources++;
	return source;
}

void keep_done(struct keep *keep)
{
	for (size_t i = 0; i < keep->n; i++)
		file_done(&keep->file[i]);
	for (size_t i = 0; i < keep->n_sources; i++)
		free(keep->source[i].name);
	free(keep->file);
	free(keep->source);
	authorized_keys_done(&keep->keys);
	*keep = (struct keep){ 0 };
}
