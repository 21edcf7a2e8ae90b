// SPDX-License-Identifier: GPL-2.0-or-later
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pivot/base/log.h"

/* Renaming onto a device or a fifo would put a file in its place. */
static int check(const char *path)
{
	struct stat status;

	if (lstat(path, &status) < 0)
		return errno == ENOENT ? 0 : log_err(-errno, "cannot write '%s'", path);
	if (!S_ISREG(status.st_mode))
		return log_refuse(-EEXIST,
				  "'%s' is there and is no regular file: name another",
				  path);
	return 0;
}

/* One without a name, of which nothing is left where this process is killed. */
static int create_unnamed(const char *path)
{
	const char *slash = strrchr(path, '/');
	char folder[PATH_MAX];

	(void)snprintf(folder, sizeof(folder), "%.*s",
		       slash ? (int)(slash - path) + 1 : 1, slash ? path : ".");
	return open(folder, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
}

int output_open(const char *path, struct output *ret)
{
	int r = check(path);

	*ret = (struct output){ .path = path, .fd = -1 };
	if (r < 0)
		return r;
	if (strlen(path) + sizeof(".XXXXXX") > sizeof(ret->temporary))
		return log_err(-ENAMETOOLONG, "cannot write '%s'", path);
	ret->fd = create_unnamed(path);
	if (ret->fd >= 0)
		return 0;
	/* not every filesystem has those */
	(void)snprintf(ret->temporary, sizeof(ret->temporary), "%s.XXXXXX", path);
	ret->fd = mkostemp(ret->temporary, O_CLOEXEC); /* mode 0600 */
	if (ret->fd >= 0)
		return 0;
	ret->temporary[0] = '\0';
	return log_err(-errno, "cannot write '%s'", path);
}

/* Nothing takes the place of another file but rename(2), which needs a name. */
static int name(struct output *output)
{
	char link[64], temporary[PATH_MAX];

	if (output->temporary[0])
		return 0;
	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", output->fd);
	(void)snprintf(temporary, sizeof(temporary), "%s.%06d", output->path,
		       getpid() % 1000000);
	if (linkat(AT_FDCWD, link, AT_FDCWD, temporary, AT_SYMLINK_FOLLOW) < 0)
		return -errno;
	(void)snprintf(output->temporary, sizeof(output->temporary), "%s", temporary);
	return 0;
}

static int finish(struct output *output, uint64_t *ret_bytes)
{
	struct stat status;
	int fd, r = fstat(output->fd, &status) < 0 ? -errno : name(output);

	if (r < 0)
		return r;
	fd = take_fd(&output->fd);
	if (close(fd) < 0 || rename(output->temporary, output->path) < 0)
		return -errno;
	output->temporary[0] = '\0';
	*ret_bytes = (uint64_t)status.st_size;
	return 0;
}

int output_finish(struct output *output, uint64_t *ret_bytes)
{
	int r = finish(output, ret_bytes);

	return r < 0 ? log_err(r, "cannot write '%s'", output->path) : 0;
}

void output_done(struct output *output)
{
	close_fdp(&output->fd);
	if (output->temporary[0])
		(void)unlink(output->temporary);
	*output = (struct output)OUTPUT_INIT;
}
